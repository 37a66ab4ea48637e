//! Where the parser stands: the tokens ahead, the brackets that are open, and how reading goes on behind a mistake.

use super::lex::{Token, TokenKind, bracket, is_bracket, is_close, is_trivia};
use super::parse::{MAX_DEPTH, Parser};
use super::{Kind, Span};
use crate::diagnostics::{Code, Diagnostic};

/// Syntax errors reported for one file before the rest is left unread.
const MAX_ERRORS: usize = 50;

impl<'a> Parser<'a> {
    /// Everything from an opening bracket to its closing one; answers where that stands.
    pub(super) fn items(&mut self, close: TokenKind, mut item: impl FnMut(&mut Self)) -> Span {
        let open = self.here();
        self.bump();
        self.open.push((close, open));
        if self.open.len() > MAX_DEPTH {
            let message = format!("brackets nest deeper than {MAX_DEPTH}");
            self.error(Diagnostic::new(Code::TooDeep, open, message, "one too many"));
            self.give_up();
        }
        let end = loop {
            let Some(token) = self.peek() else { break self.unclosed(open) };
            if token.kind == close {
                self.bump();
                break self.span(token);
            }
            if is_close(token.kind) {
                if self.open.iter().any(|(kind, _)| *kind == token.kind) {
                    break self.unclosed(open);
                }
                let message = format!("{} closes nothing", self.show(token));
                let stray = Diagnostic::new(Code::UnexpectedToken, self.span(token), message, "stray");
                self.error(stray.help("delete it, or write the bracket that it closes"));
                self.bump();
                self.intact = false;
                continue;
            }
            let before = self.at;
            item(self);
            self.separator(close);
            if self.at == before {
                self.bump();
            }
        };
        self.open.pop();
        end
    }

    /// The comma between two items; without one, the next item follows all the same.
    fn separator(&mut self, close: TokenKind) {
        match self.peek() {
            Some(token) if token.kind == TokenKind::Comma => self.bump(),
            Some(token) if self.runs_on(token) => {}
            Some(token) if self.is_operation(token) => {
                self.operation(token);
                while self.peek().is_some_and(|token| token.kind != TokenKind::Comma && !is_bracket(token.kind)) {
                    self.bump();
                }
                if self.peek().is_some_and(|token| token.kind == TokenKind::Comma) {
                    self.bump();
                }
            }
            Some(token) if token.kind == TokenKind::Unknown => {
                self.unknown_character(token);
                self.bump();
                if self.peek().is_some_and(|token| token.kind == TokenKind::Comma) {
                    self.bump();
                }
            }
            Some(token) if token.kind != close && !is_close(token.kind) => {
                let code = if self.slice(token).starts_with("..") { Code::Unsupported } else { Code::UnexpectedToken };
                let message = format!("expected `,` or {}, found {}", bracket(close), self.show(token));
                let found = Diagnostic::new(code, self.span(token), message, "expected `,` before this");
                self.error(found.help(match code {
                    Code::Unsupported => "models have no ranges: write every value by itself",
                    _ => "write a comma between the two",
                }));
            }
            _ => {}
        }
    }

    /// Whether a token behind a value goes on as arithmetic would: `*`, `/`, or a number with a sign.
    fn is_operation(&self, token: Token) -> bool {
        match token.kind {
            TokenKind::Unknown => matches!(self.slice(token), "*" | "/" | "+" | "-"),
            TokenKind::Number => self.slice(token).starts_with(['+', '-']),
            _ => false,
        }
    }

    fn unclosed(&mut self, open: Span) -> Span {
        if self.intact {
            let found = self.peek().map_or("the end of the file".into(), |token| self.show(token));
            let opened = self.diagnostics.sources.slice(open);
            let message = format!("`{opened}` is never closed: found {found} instead");
            let here = self.here();
            let close = self.open.last().map_or("a bracket", |(close, _)| bracket(*close));
            self.diagnostics.push(
                Diagnostic::new(Code::Unclosed, open, message, "opened here")
                    .second(here, "should be closed before this")
                    .help(format!("write {close} behind its last part")),
            );
        }
        self.intact = false;
        self.here()
    }

    /// Reports what stands where it has no meaning.
    pub(super) fn unknown_character(&mut self, token: Token) {
        let message = format!("unexpected character `{}`", self.slice(token));
        let found = Diagnostic::new(Code::UnexpectedToken, self.span(token), message, "not part of a model file");
        self.error(found.help("delete it; a text with any character stands in double quotes"));
    }

    pub(super) fn error(&mut self, found: Diagnostic) {
        self.diagnostics.push(found);
        if self.diagnostics.is_full() || self.diagnostics.list.len() - self.errors >= MAX_ERRORS {
            self.give_up();
        }
    }

    pub(super) fn bad(&mut self, found: Diagnostic) -> Kind {
        self.error(found);
        Kind::Bad
    }

    /// Leaves the rest of the file unread.
    pub(super) fn give_up(&mut self) {
        self.at = self.tokens.len();
        self.intact = false;
    }

    pub(super) fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    pub(super) fn bump(&mut self) {
        self.at += 1;
        self.skip();
    }

    pub(super) fn skip(&mut self) {
        while self.peek().is_some_and(|token| is_trivia(&token)) {
            self.at += 1;
        }
    }

    pub(super) fn slice(&self, token: Token) -> &'a str {
        &self.text[token.start as usize..token.end as usize]
    }

    pub(super) fn span(&self, token: Token) -> Span {
        Span { file: self.file, start: token.start, end: token.end }
    }

    /// Where the next token stands, or the end of the file.
    pub(super) fn here(&self) -> Span {
        let end = self.text.len() as u32;
        self.peek().map_or(Span { file: self.file, start: end, end }, |token| self.span(token))
    }

    pub(super) fn show(&self, token: Token) -> String {
        format!("`{}`", abridged(self.slice(token)))
    }
}

/// The start of a token that may be long.
pub(super) fn abridged(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.len() == text.len() && text.chars().count() <= 40 {
        return text.to_owned();
    }
    line.chars().take(40).chain("...".chars()).collect()
}
