//! Why a run cannot start or go on.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::Path;

/// What went wrong with a run, where no place in the model file is to blame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainError {
    /// The fault, naming the thing, lower case, without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// Whether the run itself came to this, and nothing that it was told is wrong.
    pub diverged: bool,
}

impl TrainError {
    /// An error that says `message`, and what to do about it.
    #[must_use]
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> TrainError {
        TrainError { message: message.into(), help: help.into(), diverged: false }
    }

    /// The error of a file that cannot be `done`, such as read or written, in our words where there are any.
    #[must_use]
    pub fn file(path: &Path, done: &str, error: &io::Error) -> TrainError {
        let text = error.to_string();
        let (why, help) = match error.kind() {
            ErrorKind::NotFound if done == "read" => ("there is no such file", "name a file that is there"),
            ErrorKind::NotFound => ("its folder is not there", "name a folder that can be written to"),
            ErrorKind::PermissionDenied if text.contains("os error") => {
                ("permission is denied", "allow it, as by `chmod`, or name another")
            }
            ErrorKind::IsADirectory => ("it is a folder", "name a file in it"),
            ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
                ("a file stands where a folder should", "name another folder")
            }
            ErrorKind::StorageFull => ("the disk is full", "make room, or name another place"),
            _ => (text.split(" (os error").next().unwrap_or_default(), "name another file"),
        };
        TrainError::new(format!("{} cannot be {done}: {why}", path.display()), help)
    }
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.help)
    }
}

impl std::error::Error for TrainError {}
