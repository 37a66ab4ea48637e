//! The canonical form of a model file: comments kept, idempotent, the same values.
//!
//! What fits a line of [`WIDTH`] columns stands on one, save the document itself and its maps of nodes; the rest is broken, one
//! item a line with a comma behind each. Lists of plain numbers and names are filled instead. One blank line between
//! items survives. Nothing is aligned.

use crate::diagnostics::Diagnostics;
use crate::document::is_model;
use crate::syntax::{Arg, Kind, Name, Token, TokenKind, Value, parse, without_mark};

/// The longest line that is not broken, in characters.
const WIDTH: usize = 100;
const INDENT: usize = 4;
/// Fields whose maps stand one entry a line however short they are.
const BROKEN: [&str; 1] = ["nodes"];

/// The canonical form of `source`; `name` is what messages call it.
///
/// # Errors
/// Syntax errors: a file that cannot be read is left as it is.
pub fn fmt_source(name: &str, source: &str) -> Result<String, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let source = without_mark(source);
    let file = diagnostics.sources.add(name, source);
    let parsed = parse(file, &mut diagnostics);
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    let comments = parsed.tokens.iter().filter(|token| token.kind == TokenKind::Comment).copied().collect();
    let mut printer = Printer { source, comments, next: 0, out: String::new() };
    printer.leading(parsed.root.span.start, 0);
    printer.broken_or_flat(&parsed.root, 0, 0, true);
    printer.dangling(source.len() as u32, parsed.root.span.end, 0);
    printer.out.push('\n');
    Ok(printer.out)
}

/// The canonical form of a model file, as [`fmt_source`] writes it.
///
/// # Errors
/// As [`fmt_source`]; also a file that is no model, or one of a newer version, whose meaning is not known.
pub fn fmt_model(name: &str, source: &str) -> Result<String, Diagnostics> {
    let text = fmt_source(name, source)?;
    let source = without_mark(source);
    let mut diagnostics = Diagnostics::default();
    let file = diagnostics.sources.add(name, source);
    let parsed = parse(file, &mut diagnostics);
    if is_model(&parsed.root, &mut diagnostics) { Ok(text) } else { Err(diagnostics) }
}

/// What a container holds, whichever its brackets.
struct Item<'a> {
    key: Option<&'a str>,
    value: &'a Value,
    start: u32,
}

struct Printer<'a> {
    source: &'a str,
    comments: Vec<Token>,
    /// The first comment that is not printed yet.
    next: usize,
    out: String,
}

impl<'a> Printer<'a> {
    /// Prints a value whose first line starts at column `column` and is followed by `tail` characters.
    fn broken_or_flat(&mut self, value: &'a Value, depth: usize, tail: usize, force: bool) {
        let column = self.out.len() - self.out.rfind('\n').map_or(0, |at| at + 1);
        let room = WIDTH.saturating_sub(column + tail);
        let commented = self.comments.get(self.next).is_some_and(|comment| comment.start < value.span.end);
        let forced =
            (force || commented) && !items(value, self.source).is_empty() || (commented && is_container(value));
        if !forced {
            let mark = self.out.len();
            if self.flat(value, room, mark) || !is_container(value) {
                return;
            }
            self.out.truncate(mark);
        }
        self.broken(value, depth, commented);
    }

    /// Prints a value on one line; false when that takes more than `room` characters behind `mark`.
    fn flat(&mut self, value: &'a Value, room: usize, mark: usize) -> bool {
        let (name, open, close) = brackets(value);
        let Some(open) = open else {
            self.out.push_str(self.text(value));
            return self.out[mark..].chars().count() <= room;
        };
        self.out.push_str(name);
        self.out.push(open);
        let items = items(value, self.source);
        let pad = if open == '{' && !items.is_empty() { " " } else { "" };
        self.out.push_str(pad);
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.out.push_str(", ");
            }
            if let Some(key) = item.key {
                self.out.push_str(key);
                self.out.push_str(": ");
            }
            if !self.flat(item.value, room, mark) {
                return false;
            }
        }
        self.out.push_str(pad);
        self.out.push(close);
        self.out.len() - mark <= room || self.out[mark..].chars().count() <= room
    }

    /// Prints a container over several lines.
    fn broken(&mut self, value: &'a Value, depth: usize, commented: bool) {
        let (name, open, close) = brackets(value);
        self.out.push_str(name);
        self.out.extend(open);
        let items = items(value, self.source);
        if !commented && open == Some('[') && items.iter().all(|item| !is_container(item.value)) {
            self.filled(&items, depth + 1);
        } else {
            let mut last = value.span.start;
            for item in &items {
                self.gap(last, item.start, depth + 1, last != value.span.start);
                let content = content_start(item.value);
                self.leading(content, depth + 1);
                if let Some(key) = item.key {
                    self.out.push_str(key);
                    self.out.push_str(": ");
                }
                let force =
                    item.key.is_some_and(|key| BROKEN.contains(&key)) && matches!(item.value.kind, Kind::Map(_));
                self.broken_or_flat(item.value, depth + 1, 1, force);
                self.out.push(',');
                last = item.value.span.end;
                self.trailing(last);
            }
            self.dangling(value.span.end, last, depth + 1);
        }
        self.line(depth);
        self.out.push(close);
    }

    /// Plain values, as many a line as fit.
    fn filled(&mut self, items: &[Item<'a>], depth: usize) {
        let mut column = WIDTH;
        for item in items {
            let text = self.text(item.value);
            let width = text.chars().count() + 1;
            if column + 1 + width > WIDTH {
                self.line(depth);
                column = depth * INDENT;
            } else {
                self.out.push(' ');
                column += 1;
            }
            self.out.push_str(text);
            self.out.push(',');
            column += width;
        }
    }

    /// A new line for what starts at `to`, behind an empty one when the source has one there.
    fn gap(&mut self, from: u32, to: u32, depth: usize, keep_blank: bool) {
        let start = self.comments.get(self.next).map_or(to, |comment| comment.start.min(to)).max(from);
        if keep_blank && self.has_blank_line(from, start) {
            self.out.push('\n');
        }
        self.line(depth);
    }

    /// The comments in front of byte `to`, each on a line of its own.
    fn leading(&mut self, to: u32, depth: usize) {
        while let Some(comment) = self.take(to) {
            self.comment(comment);
            let next = self.comments.get(self.next).map_or(to, |comment| comment.start.min(to));
            if self.has_blank_line(comment.end, next) {
                self.out.push('\n');
            }
            self.line(depth);
        }
    }

    /// The comments behind an item and on its line.
    fn trailing(&mut self, end: u32) {
        let mut from = end;
        while let Some(comment) = self.comments.get(self.next).copied() {
            let between = &self.source[from as usize..comment.start as usize];
            if between.contains('\n') || between.chars().any(|c| !c.is_whitespace() && c != ',') {
                break;
            }
            let own = &self.source[comment.start as usize..comment.end as usize];
            let rest = self.source[comment.end as usize..].trim_start_matches([' ', '\t', ',']);
            if own.starts_with("/*") && !rest.starts_with(['\n', '\r']) && !rest.starts_with("//") {
                break;
            }
            self.next += 1;
            self.out.push(' ');
            self.comment(comment);
            from = comment.end;
        }
    }

    /// The comments between the last item and the end of its container.
    fn dangling(&mut self, to: u32, last: u32, depth: usize) {
        let mut from = last;
        while let Some(comment) = self.take(to) {
            if self.has_blank_line(from, comment.start) && !self.out.ends_with(['(', '[', '{']) {
                self.out.push('\n');
            }
            self.line(depth);
            self.comment(comment);
            from = comment.end;
        }
    }

    fn take(&mut self, before: u32) -> Option<Token> {
        let comment = self.comments.get(self.next).copied().filter(|comment| comment.start < before)?;
        self.next += 1;
        Some(comment)
    }

    fn comment(&mut self, comment: Token) {
        self.out.push_str(self.source[comment.start as usize..comment.end as usize].trim_end());
    }

    fn has_blank_line(&self, from: u32, to: u32) -> bool {
        from < to && self.source[from as usize..to as usize].matches('\n').count() > 1
    }

    fn line(&mut self, depth: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', depth * INDENT));
    }

    fn text(&self, value: &Value) -> &'a str {
        &self.source[value.span.range()]
    }
}

fn is_container(value: &Value) -> bool {
    matches!(value.kind, Kind::Call(..) | Kind::List(_) | Kind::Map(_))
}

/// Where a value's own content starts: comments before that byte stand in front of the item.
fn content_start(value: &Value) -> u32 {
    match &value.kind {
        Kind::Call(Some(name), _) => name.span.end,
        _ => value.span.start,
    }
}

/// The name in front of a container, and its brackets.
fn brackets(value: &Value) -> (&str, Option<char>, char) {
    match &value.kind {
        Kind::Call(name, _) => (name.as_ref().map_or("", |name| &name.text), Some('('), ')'),
        Kind::List(_) => ("", Some('['), ']'),
        Kind::Map(_) => ("", Some('{'), '}'),
        _ => ("", None, ' '),
    }
}

fn items<'a>(value: &'a Value, source: &'a str) -> Vec<Item<'a>> {
    let arg = |Arg { name, value }: &'a Arg| Item {
        key: name.as_ref().map(|name: &Name| name.text.as_str()),
        start: name.as_ref().map_or(value.span.start, |name| name.span.start),
        value,
    };
    match &value.kind {
        Kind::Call(_, args) => args.iter().map(arg).collect(),
        Kind::List(values) => values.iter().map(|value| Item { key: None, start: value.span.start, value }).collect(),
        Kind::Map(entries) => entries
            .iter()
            .map(|entry| Item {
                key: Some(&source[entry.key.span.range()]),
                start: entry.key.span.start,
                value: &entry.value,
            })
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::fmt_source;

    fn check(source: &str, expect: &str) {
        let once = fmt_source("a.ron", source).expect("reads");
        assert_eq!(once, expect);
        assert_eq!(fmt_source("a.ron", &once).expect("reads"), expect, "formatting twice differs from once");
    }

    #[test]
    fn short_things_stand_on_one_line() {
        check(
            "Model(graphrun:1,inputs:{x:[]},nodes:{y:Add( x,1 )},)",
            "Model(\n    graphrun: 1,\n    inputs: { x: [] },\n    nodes: {\n        y: Add(x, 1),\n    },\n)\n",
        );
    }

    #[test]
    fn comments_stay() {
        check(
            "// top\nModel( // opened\n  a: 1, // one\n\n\n  // two\n  b: [ /* in */ 2 ],\n  // end\n)\n// after",
            "// top\nModel(\n    // opened\n    a: 1, // one\n\n    // two\n    b: [\n        /* in */\n        2,\n    ],\n    // end\n)\n// after\n",
        );
    }

    #[test]
    fn long_lists_are_filled() {
        let source = format!("Model(a: [{}])", "123, ".repeat(40));
        let text = fmt_source("a.ron", &source).expect("reads");
        assert!(text.lines().all(|line| line.chars().count() <= 100) && text.lines().count() == 7, "{text}");
    }

    #[test]
    fn a_wrong_file_is_refused() {
        assert!(fmt_source("a.ron", "Model(a: [1)").is_err());
    }
}
