//! How a verb ends: with an exit status, or with an error on standard error and status 2.

use std::ffi::OsString;
use std::fmt;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use graphrun::Diagnostics;
use graphrun::data::DataError;
use graphrun::gradcheck::Verdict;
use graphrun::train::TrainError;
use serde_json::{Value, json};

use crate::model::eprint;

/// The exit status of a verb that ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// All is well.
    Nothing = 0,
    /// A check failed.
    Finding = 1,
    /// Some of several files are wrong, which is said; the result is that of the others.
    Wrong = 2,
    /// A check proved nothing.
    Unproved = 3,
}

/// How a check of gradients ends.
impl From<Verdict> for Found {
    fn from(verdict: Verdict) -> Found {
        match verdict {
            Verdict::Pass | Verdict::Kink => Found::Nothing,
            Verdict::Fail => Found::Finding,
            Verdict::Inconclusive | Verdict::Vacuous => Found::Unproved,
        }
    }
}

/// Why a verb could not run.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What is wrong with files, each finding at its place.
    Files(Vec<Diagnostics>),
    /// Anything else, and its remedy.
    Message(String, String),
    /// What a run came to although nothing that it was told is wrong, and its remedy; a finding.
    Run(String, String),
    /// A signal of this number ended the work early, which is said with what to do next.
    Signal(u8, String, String),
    /// Whoever reads standard output has left.
    Closed,
}

impl Failure {
    /// A failure that is told by `message`, with what to do about it.
    pub(crate) fn new(message: impl Into<String>, help: impl Into<String>) -> Failure {
        Failure::Message(message.into(), help.into())
    }

    /// The failure of a file that cannot be `done`, such as read or written.
    pub(crate) fn file(path: &Path, done: &str, error: &std::io::Error) -> Failure {
        TrainError::file(path, done, error).into()
    }

    /// Says what is wrong and gives the exit status.
    pub(crate) fn report(self, as_json: bool) -> ExitCode {
        let mut err = std::io::stderr().lock();
        let status = match self {
            Failure::Run(..) => Found::Finding as u8,
            Failure::Signal(number, ..) => 128 + number,
            _ => 2,
        };
        // Nothing is left to be done when standard error is gone too.
        let _ = match self {
            Failure::Closed => return ExitCode::SUCCESS,
            Failure::Message(ref message, ref help)
            | Failure::Run(ref message, ref help)
            | Failure::Signal(_, ref message, ref help) => {
                if as_json {
                    let _ = writeln!(std::io::stdout(), "{}", json!({"error": message, "help": help}));
                }
                writeln!(err, "error: {message}\n  help: {help}")
            }
            Failure::Files(files) => {
                if as_json {
                    let _ = writeln!(std::io::stdout(), "{}", json!({"errors": records(&files)}));
                }
                files.iter().try_for_each(|found| writeln!(err, "{}", render(found)))
            }
        };
        ExitCode::from(status)
    }
}

/// Findings as text for standard error, in colour on a terminal that has it.
pub(crate) fn render(found: &Diagnostics) -> String {
    found.render(std::io::stderr().is_terminal() && !is_plain(|name| std::env::var_os(name)))
}

/// Whether the environment asks for text without colour.
fn is_plain(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    variable("NO_COLOR").is_some_and(|value| !value.is_empty()) || variable("TERM").is_some_and(|value| value == "dumb")
}

/// The findings of several files as JSON.
pub(crate) fn records(files: &[Diagnostics]) -> Value {
    files.iter().flat_map(Diagnostics::records).map(|record| json!(record)).collect()
}

/// Whether there are findings of some among several files, which are then said.
pub(crate) fn tell(files: &[Diagnostics]) -> bool {
    files.iter().for_each(|found| eprint(&render(found)));
    !files.is_empty()
}

/// Everything in words, without places in colour.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Files(files) => files.iter().try_for_each(|found| write!(f, "{found}")),
            Failure::Message(message, _) | Failure::Run(message, _) | Failure::Signal(_, message, _) => {
                f.write_str(message)
            }
            Failure::Closed => f.write_str("standard output is closed"),
        }
    }
}

impl From<Diagnostics> for Failure {
    fn from(found: Diagnostics) -> Failure {
        Failure::Files(vec![found])
    }
}

impl From<graphrun::exec::ExecError> for Failure {
    fn from(error: graphrun::exec::ExecError) -> Failure {
        Failure::new(error.message, error.help)
    }
}

impl From<graphrun::graph::GradError> for Failure {
    fn from(error: graphrun::graph::GradError) -> Failure {
        Failure::new(error.message, "name a real node by --of, and by --wrt reals that it depends on")
    }
}

impl From<graphrun::plan::PlanError> for Failure {
    fn from(error: graphrun::plan::PlanError) -> Failure {
        Failure::new(error.to_string(), "lower the sizes, or allow more with --max-memory")
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Failure {
        Failure::new(error.to_string(), error.help)
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Failure {
        match error.diverged {
            true => Failure::Run(error.message, error.help),
            false => Failure::Message(error.message, error.help),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        match error.kind() {
            ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::new(format!("the result cannot be written: {error}"), "write it to another place"),
        }
    }
}

/// Writes a line to standard output.
pub(crate) fn say(line: impl std::fmt::Display) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_left_out_where_the_environment_says_so() {
        let check = |name: &str, value: &str, plain: bool| {
            assert_eq!(is_plain(|asked| (asked == name).then(|| value.into())), plain, "{name}={value}");
        };
        check("NO_COLOR", "1", true);
        check("NO_COLOR", "", false);
        check("TERM", "dumb", true);
        check("TERM", "xterm", false);
    }
}
