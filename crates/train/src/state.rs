//! Where a run stands, beside its arrays.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::TrainError;

/// Everything that the next step depends on and that is no array. The order of rows and all random numbers
/// follow from the seed and the count of batches.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Position {
    /// Batches done.
    pub(crate) batch: u64,
    /// The least loss so far.
    pub(crate) best: Option<f64>,
    /// The epoch of the least loss.
    pub(crate) best_epoch: u64,
    /// The epoch of the least loss or the last stall.
    pub(crate) stall_epoch: u64,
    /// How often the loss has stalled.
    pub(crate) stalls: u64,
}

/// A position as a state file keeps it; the loss as bits, so that it comes back exactly.
#[derive(Serialize, Deserialize)]
struct Note {
    format: u32,
    seed: u64,
    batch: u64,
    best: Option<u64>,
    best_epoch: u64,
    stall_epoch: u64,
    stalls: u64,
}

const FORMAT: u32 = 1;

/// What to do about a state from which no run can go on.
const ANEW: &str = "train anew into another folder, or name the folder of another run";

impl Position {
    /// The position as text.
    pub(crate) fn note(&self, seed: u64) -> String {
        let Position { batch, best, best_epoch, stall_epoch, stalls } = *self;
        let best = best.map(f64::to_bits);
        serde_json::to_string(&Note { format: FORMAT, seed, batch, best, best_epoch, stall_epoch, stalls })
            .unwrap_or_default()
    }

    /// The position that `note` says, of a run with this seed.
    pub(crate) fn read(note: &str, seed: u64, path: &Path) -> Result<Position, TrainError> {
        let file = path.display();
        let note: Note = serde_json::from_str(note)
            .map_err(|_| TrainError::new(format!("{file} does not say where its run stood"), ANEW))?;
        if note.format != FORMAT {
            let message = format!("{file} is of format {}, and {FORMAT} is known here", note.format);
            return Err(TrainError::new(message, ANEW));
        }
        if note.seed != seed {
            let message = format!("the run in {file} has seed {}, and this one has {seed}", note.seed);
            return Err(TrainError::new(message, "go on with the same seed"));
        }
        let Note { batch, best, best_epoch, stall_epoch, stalls, .. } = note;
        Ok(Position { batch, best: best.map(f64::from_bits), best_epoch, stall_epoch, stalls })
    }
}

/// What weights say of the run that made them: its seed, which also decided what it held back.
#[derive(Serialize, Deserialize)]
struct Origin {
    seed: u64,
}

/// The note beside the weights of a run with this seed.
pub(crate) fn origin(seed: u64) -> String {
    serde_json::to_string(&Origin { seed }).unwrap_or_default()
}

/// The seed that a note beside weights tells.
pub(crate) fn origin_seed(note: &str) -> Option<u64> {
    serde_json::from_str::<Origin>(note).ok().map(|origin| origin.seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_tell_the_seed_of_their_run() {
        assert_eq!(origin_seed(&origin(u64::MAX)), Some(u64::MAX));
        assert_eq!(origin_seed(&Position::default().note(7)), Some(7), "so does a state");
        assert_eq!(origin_seed("made elsewhere"), None);
    }

    #[test]
    fn positions_come_back_exactly_and_only_to_their_seed() {
        let at = Position { batch: 7, best: Some(0.1 + 0.2), best_epoch: 3, stall_epoch: 2, stalls: 1 };
        let path = Path::new("s");
        assert_eq!(Position::read(&at.note(5), 5, path), Ok(at));
        assert!(Position::read(&at.note(5), 6, path).unwrap_err().message.contains("seed 5"));
        assert!(Position::read("", 5, path).is_err());
    }
}
