//! Findings as text for people and as records for programs.

use super::{Diagnostic, Diagnostics, Severity};
use crate::syntax::{FileId, Sources, Span};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, renderer::DecorStyle};
use serde::Serialize;

/// Lines between two places beyond which each gets an excerpt of its own.
const NEAR: usize = 12;
/// Bytes of an excerpt beyond which only the place is named.
const LONG: usize = 20_000;

/// A finding as a program reads it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// Name of the file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Line of the character behind the last.
    pub end_line: usize,
    /// Column of the character behind the last.
    pub end_column: usize,
    /// `error`, or `warning` where the model works all the same.
    pub severity: &'static str,
    /// The stable code.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What stands at the place.
    pub label: String,
    /// Other places that matter.
    pub labels: Vec<Label>,
    /// The remedy.
    pub help: String,
    /// Facts beside the message.
    pub notes: Vec<String>,
}

/// Another place of a finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Label {
    /// Name of the file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Line of the character behind the last.
    pub end_line: usize,
    /// Column of the character behind the last.
    pub end_column: usize,
    /// What stands there.
    pub label: String,
}

impl Label {
    fn new(span: Span, label: &str, sources: &Sources) -> Label {
        let (start, end) = (sources.place(span), sources.place(span.after()));
        Label {
            file: start.file,
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            label: label.to_owned(),
        }
    }
}

impl Diagnostics {
    /// Every finding with its excerpt; `styled` adds colour for a terminal.
    pub fn render(&self, styled: bool) -> String {
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let mut text = String::new();
        for diagnostic in &self.list {
            text.push_str(&renderer.render(&[group(diagnostic, &self.sources)]));
            text.push_str("\n\n");
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// Every finding as a record.
    pub fn records(&self) -> Vec<Record> {
        self.list.iter().map(|diagnostic| diagnostic.record(&self.sources)).collect()
    }
}

impl std::fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl Diagnostic {
    /// As a record.
    pub fn record(&self, sources: &Sources) -> Record {
        let Label { file, line, column, end_line, end_column, label } = Label::new(self.primary, &self.label, sources);
        Record {
            file,
            line,
            column,
            end_line,
            end_column,
            severity: match self.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            code: self.code.as_str(),
            message: self.message.clone(),
            label,
            labels: self.secondary.iter().map(|(span, label)| Label::new(*span, label, sources)).collect(),
            help: self.help.clone(),
            notes: self.notes.clone(),
        }
    }
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.code.as_str()));
    for excerpt in excerpts(diagnostic, sources) {
        let text = &sources.text(excerpt.file)[excerpt.start..excerpt.end];
        if text.is_empty() && excerpt.marks.iter().all(|(.., label)| label.is_empty()) {
            group = group.element(Origin::path(sources.name(excerpt.file)));
            continue;
        }
        if text.len() > LONG {
            let place = sources.place(excerpt.marks[0].1);
            group = group.element(Origin::path(place.file).line(place.line).char_column(place.column));
            continue;
        }
        let marks = excerpt.marks.iter().map(|(kind, span, label)| {
            let range = span.start as usize - excerpt.start..span.end as usize - excerpt.start;
            kind.span(range).label(*label)
        });
        let snippet = Snippet::source(text).path(sources.name(excerpt.file)).line_start(excerpt.line);
        group = group.element(snippet.annotations(marks));
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note));
    }
    group.element(Level::HELP.message(&diagnostic.help))
}

/// Whole lines of one file with the places marked in them.
struct Excerpt<'a> {
    file: FileId,
    line: usize,
    start: usize,
    end: usize,
    marks: Vec<(AnnotationKind, Span, &'a str)>,
}

/// The lines around the places of a finding, those of the primary place first.
fn excerpts<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Vec<Excerpt<'a>> {
    let primary = (AnnotationKind::Primary, diagnostic.primary, diagnostic.label.as_str());
    let secondary = diagnostic.secondary.iter().map(|(span, label)| (AnnotationKind::Context, *span, label.as_str()));
    let mut excerpts: Vec<Excerpt<'a>> = Vec::new();
    for mark in std::iter::once(primary).chain(secondary) {
        let (span, text) = (mark.1, sources.text(mark.1.file));
        let line = sources.place(span).line;
        let start = text[..span.start as usize].rfind('\n').map_or(0, |at| at + 1);
        let end = text[span.end as usize..].find('\n').map_or(text.len(), |at| span.end as usize + at);
        let lines = text[start..end].matches('\n').count();
        let near = excerpts.iter_mut().find(|other| {
            let last = other.line + text.get(other.start..other.end).map_or(0, |text| text.matches('\n').count());
            other.file == span.file && line <= last + NEAR && other.line <= line + lines + NEAR
        });
        match near {
            Some(other) => {
                other.line = other.line.min(line);
                other.start = other.start.min(start);
                other.end = other.end.max(end);
                other.marks.push(mark);
            }
            None => excerpts.push(Excerpt { file: span.file, line, start, end, marks: vec![mark] }),
        }
    }
    excerpts
}

#[cfg(test)]
mod tests {
    use super::super::Code;
    use super::*;

    #[test]
    fn shows_both_places() {
        let mut all = Diagnostics::default();
        let file = all.sources.add("a.ron", "one\ntwo\nthree\n");
        let at = |start, end| Span { file, start, end };
        all.push(
            Diagnostic::new(Code::DuplicateKey, at(4, 7), "twice", "again").second(at(0, 3), "first").help("drop one"),
        );
        let text = all.to_string();
        for part in ["error[GR0110]: twice", "a.ron:2:1", "again", "first", "help: drop one"] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        let record = &all.records()[0];
        let place = (record.line, record.column, record.end_line, record.end_column);
        assert_eq!((place, record.severity, record.label.as_str()), ((2, 1, 2, 4), "error", "again"));
        assert_eq!((record.labels[0].line, record.labels[0].label.as_str()), (1, "first"));
    }
}
