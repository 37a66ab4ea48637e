//! The signals to end, which a run answers by a checkpoint.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::TERM_SIGNALS;
use signal_hook::flag;

/// Whether a signal to end has come, and which.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    asked: Arc<AtomicBool>,
    number: Arc<AtomicUsize>,
}

impl Stop {
    /// Listens from now on. The first signal asks to end; the second ends the process at once.
    pub(crate) fn listen() -> Stop {
        let stop = Stop::default();
        #[cfg(unix)]
        let hangup = [signal_hook::consts::SIGHUP];
        #[cfg(not(unix))]
        let hangup = [];
        for signal in TERM_SIGNALS.iter().copied().chain(hangup) {
            // Without a listener a signal ends the run without a last checkpoint; the run itself is as good.
            let _ = flag::register_conditional_shutdown(signal, 128 + signal, stop.asked.clone());
            let _ = flag::register_usize(signal, stop.number.clone(), signal as usize);
            let _ = flag::register(signal, stop.asked.clone());
        }
        stop
    }

    /// The flag that a signal sets.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        self.asked.clone()
    }

    /// The number of the signal that has come.
    pub(crate) fn signal(&self) -> Option<u8> {
        let asked = self.asked.load(Ordering::Relaxed);
        asked.then(|| self.number.load(Ordering::Relaxed) as u8)
    }
}
