//! The weights of the least loss, where they are kept.

use std::path::Path;
use std::time::{Duration, Instant};

use graphrun_tensor::Dtype;

use crate::error::TrainError;
use crate::weights::Weights;

/// The least time between two writings: epochs may be far shorter than it takes to write.
const EVERY: Duration = Duration::from_secs(1);

/// What is not yet in its file, and when the file was last written.
#[derive(Default)]
pub(crate) struct Best {
    pub(crate) unsaved: Option<Weights>,
    saved: Option<Instant>,
}

impl Best {
    /// Whether so much time has passed that the file may be written again.
    pub(crate) fn is_due(&self) -> bool {
        self.saved.is_none_or(|at| at.elapsed() >= EVERY)
    }

    /// Writes what is not yet written, if there is a folder for it.
    pub(crate) fn save(&mut self, folder: Option<&Path>, dtype: Dtype) -> Result<(), TrainError> {
        if let (Some(folder), Some(weights)) = (folder, self.unsaved.take()) {
            weights.save(&folder.join("best.safetensors"), dtype)?;
            self.saved = Some(Instant::now());
        }
        Ok(())
    }
}
