//! What is wrong with a model, where, and what to do about it.

mod codes;
mod render;
mod suggest;

pub use codes::Code;
pub use render::{Label, Record};
pub use suggest::nearest;

use crate::syntax::{Sources, Span};

/// Whether a finding stops the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The model cannot be used.
    Error,
    /// The model works; something in it looks unintended.
    Warning,
}

/// One finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// Its kind.
    pub code: Code,
    /// Whether it stops the model.
    pub severity: Severity,
    /// What is wrong, naming the thing.
    pub message: String,
    /// Where.
    pub primary: Span,
    /// What stands there, beneath the caret.
    pub label: String,
    /// Other places that matter: the other side of a disagreement, the call that brought a block in.
    pub secondary: Vec<(Span, String)>,
    /// The remedy: what to write instead.
    pub help: String,
    /// Facts beside the message.
    pub notes: Vec<String>,
}

impl Diagnostic {
    /// An error at a place, with what to write beneath it; its remedy is that of its kind until it has a better one.
    pub fn new(code: Code, at: Span, message: impl Into<String>, label: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity: Severity::Error,
            message: message.into(),
            primary: at,
            label: label.into(),
            secondary: Vec::new(),
            help: code.remedy().to_owned(),
            notes: Vec::new(),
        }
    }

    /// As a warning.
    pub fn warning(self) -> Self {
        Diagnostic { severity: Severity::Warning, ..self }
    }

    /// With a second place.
    pub fn second(mut self, at: Span, label: impl Into<String>) -> Self {
        self.secondary.push((at, label.into()));
        self
    }

    /// With a remedy.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// With a remedy, where there is one that says more than that of the kind.
    pub fn help_if(self, help: Option<impl Into<String>>) -> Self {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    /// With "did you mean" when one of `known` is near `wrong`, else with the list of them when it is short.
    pub fn suggest<'a>(self, wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let better = suggest::sentence(wrong, known);
        self.help_if(better)
    }

    /// With a fact.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

/// The most findings that are kept: who has more to mend starts with these.
const MAX_FINDINGS: usize = 200;

/// Findings over all the files that were read.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    /// The files.
    pub sources: Sources,
    /// The findings.
    pub list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Adds a finding; in the place of the first of too many stands one that says that there are more.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        match self.list.len().cmp(&MAX_FINDINGS) {
            std::cmp::Ordering::Less => self.list.push(diagnostic),
            std::cmp::Ordering::Equal => {
                let message = format!("there are more than {MAX_FINDINGS} findings");
                self.list.push(Diagnostic::new(Code::TooMany, diagnostic.primary, message, "the next would be here"));
            }
            std::cmp::Ordering::Greater => {}
        }
    }

    /// Whether further findings are dropped.
    pub fn is_full(&self) -> bool {
        self.list.len() > MAX_FINDINGS
    }

    /// Whether there is an error among them.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Puts the findings in the order of the files and of the places in them, each once.
    pub fn sort(&mut self) {
        let key = |found: &Diagnostic| (found.code == Code::TooMany, found.primary, found.code);
        self.list.sort_by(|a, b| (key(a), &a.message).cmp(&(key(b), &b.message)));
        self.list.dedup_by(|a, b| a.primary == b.primary && a.code == b.code && a.message == b.message);
    }
}

impl std::error::Error for Diagnostics {}
