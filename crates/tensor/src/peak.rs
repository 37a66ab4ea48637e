//! What this processor can do at most, measured, for the shares that the profiler prints.
#![allow(unsafe_code)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::micro::SPIN_CHAINS;
use crate::view::Num;

/// The repetitions of a measurement, of which the best counts: whatever disturbs one only slows it.
const ROUNDS: usize = 9;

fn best(mut run: impl FnMut()) -> Duration {
    run();
    let times = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed()
    });
    times.min().unwrap_or(Duration::MAX)
}

/// The floating-point operations a second of one thread: fused multiply-adds on registers, two operations each.
#[must_use]
pub fn peak_fma<T: Num>() -> f64 {
    const SPINS: usize = 200_000;
    let loops = T::loops();
    let time = best(|| {
        // SAFETY: `loops` was chosen for this processor.
        black_box(unsafe { (loops.spin)(SPINS, black_box(T::from_f64(0.5))) });
    });
    (SPINS * SPIN_CHAINS * loops.width) as f64 / time.as_secs_f64()
}

/// The bytes a second that one thread copies between memories larger than the caches: as many are read as written, and
/// both count. Allocates 128 MiB for the time of the measurement.
#[must_use]
pub fn peak_copy() -> f64 {
    const BYTES: usize = 64 << 20;
    let (from, mut to) = (vec![1u8; BYTES], vec![0u8; BYTES]);
    let time = best(|| black_box(&mut to).copy_from_slice(black_box(&from)));
    2.0 * BYTES as f64 / time.as_secs_f64()
}
