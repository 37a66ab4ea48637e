//! Why a run cannot start or go on.

use std::fmt;

/// What went wrong with a run, where no place in the model file is to blame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainError {
    /// The fault, naming the thing, lower case, without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Whether the run itself came to this, and nothing that it was told is wrong.
    pub diverged: bool,
}

impl TrainError {
    /// An error that says `message`.
    #[must_use]
    pub fn new(message: impl Into<String>) -> TrainError {
        TrainError { message: message.into(), help: None, diverged: false }
    }

    /// The same error with a remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> TrainError {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, " ({help})"))
    }
}

impl std::error::Error for TrainError {}
