//! Tokens to values, with recovery: one pass reports every syntax error.

use super::lex::{Token, TokenKind, bracket, is_bracket, is_close, is_trivia, lex};
use super::literal::{check_number, unquote};
use super::{Arg, Entry, FileId, Kind, Name, Span, Value};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 8 << 20;
/// The most tokens, blanks and comments included, that a file may have.
pub const MAX_TOKENS: usize = 3 << 19;
/// The deepest nesting of brackets.
pub const MAX_DEPTH: usize = 128;
/// Syntax errors reported for one file before the rest is left unread.
const MAX_ERRORS: usize = 50;

/// A file, read.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// Every token, blanks and comments included.
    pub tokens: Vec<Token>,
    /// The one value of the file.
    pub root: Value,
    /// Whether the brackets match, so that what was read is where its author put it.
    pub intact: bool,
}

/// Reads a file of `diagnostics.sources`; what is wrong with it is added to `diagnostics`.
pub fn parse(file: FileId, diagnostics: &mut Diagnostics) -> Parsed {
    let text = diagnostics.sources.text(file).clone();
    let start = Span { file, start: 0, end: 0 };
    let bad = Value { span: start, kind: Kind::Bad };
    if text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes; the limit is {MAX_BYTES}", text.len());
        diagnostics.push(
            Diagnostic::new(Code::TooLarge, start, message, "this file")
                .help("split it with `include`, or keep large arrays in data files"),
        );
        return Parsed { tokens: Vec::new(), root: bad, intact: false };
    }
    let tokens = lex(&text, MAX_TOKENS + 1);
    if tokens.len() > MAX_TOKENS {
        let message = format!("the file has more than {MAX_TOKENS} tokens");
        diagnostics.push(
            Diagnostic::new(Code::TooLarge, start, message, "this file")
                .help("split it with `include`, or keep large arrays in data files"),
        );
        return Parsed { tokens: Vec::new(), root: bad, intact: false };
    }
    let errors = diagnostics.list.len();
    let mut parser =
        Parser { file, text: &text, tokens: &tokens, at: 0, open: Vec::new(), intact: true, errors, diagnostics };
    parser.skip();
    let root = parser.document();
    let intact = parser.intact;
    Parsed { tokens, root, intact }
}

struct Parser<'a> {
    file: FileId,
    text: &'a str,
    tokens: &'a [Token],
    /// The next token; never a blank or a comment.
    at: usize,
    /// The brackets that are open, outermost first.
    open: Vec<(TokenKind, Span)>,
    intact: bool,
    /// Diagnostics that were there before this file.
    errors: usize,
    diagnostics: &'a mut Diagnostics,
}

impl<'a> Parser<'a> {
    fn document(&mut self) -> Value {
        if self.peek().is_none() {
            self.error(Code::UnexpectedToken, self.here(), "the file is empty", "expected `Model(...)`");
            self.intact = false;
        }
        let root = self.value();
        if let Some(token) = self.peek().filter(|_| self.intact) {
            let message = format!("expected the end of the file, found {}", self.show(token));
            self.error(Code::UnexpectedToken, self.span(token), message, "a file holds one value");
        }
        root
    }

    fn value(&mut self) -> Value {
        use TokenKind::*;
        let Some(token) = self.peek() else { return self.missing() };
        let span = self.span(token);
        let text = self.slice(token);
        let kind = match token.kind {
            Word => {
                self.bump();
                return self.word(text, span);
            }
            Number => {
                self.bump();
                match check_number(text) {
                    Ok(()) => Kind::Number(text.to_owned()),
                    Err(message) => {
                        self.bad(Code::BadNumber, span, format!("`{}` {message}", abridged(text)), "this number")
                    }
                }
            }
            Str | RawStr | Char => {
                self.bump();
                self.literal(token.kind, text, span)
            }
            OpenParen => return self.call(None),
            OpenBracket => {
                let mut items = Vec::new();
                let end = self.items(CloseBracket, |parser| items.push(parser.value()));
                return Value { span: span.to(end), kind: Kind::List(items) };
            }
            OpenBrace => {
                let mut entries = Vec::new();
                let end = self.items(CloseBrace, |parser| {
                    let key = parser.value();
                    if parser.expect_colon(&key) {
                        let value = parser.value();
                        entries.push(Entry { key, value });
                    }
                });
                return Value { span: span.to(end), kind: Kind::Map(entries) };
            }
            Unterminated => {
                self.bump();
                self.intact = false;
                let what = if text.starts_with("/*") { "this comment" } else { "this literal" };
                let start = Span { end: span.start + 1, ..span };
                self.bad(Code::Unclosed, start, format!("{what} is never closed"), "it starts here")
            }
            Unknown if text == "#" => {
                self.bump();
                let kind = self.bad(
                    Code::Unsupported,
                    span,
                    "extensions are not used in model files",
                    "delete this attribute",
                );
                self.intact = false;
                kind
            }
            Unknown => {
                self.bump();
                self.bad(
                    Code::UnexpectedToken,
                    span,
                    format!("unexpected character `{text}`"),
                    "not part of a model file",
                )
            }
            _ => return self.missing(),
        };
        Value { span, kind }
    }

    /// A value was expected and something else, or nothing, is there.
    fn missing(&mut self) -> Value {
        let here = self.here();
        if self.intact {
            let found = self.peek().map_or("the end of the file".into(), |token| self.show(token));
            self.error(Code::UnexpectedToken, here, format!("expected a value, found {found}"), "expected a value");
        }
        Value { span: Span { end: here.start, ..here }, kind: Kind::Bad }
    }

    fn word(&mut self, text: &str, span: Span) -> Value {
        let next = self.peek();
        let adjacent = next.filter(|token| token.start == span.end).map(|token| token.kind);
        if matches!(text, "b" | "br") && matches!(adjacent, Some(TokenKind::Str | TokenKind::Char)) {
            self.bump();
            let kind =
                self.bad(Code::Unsupported, span, "byte strings are not used in model files", "write a plain string");
            return Value { span, kind };
        }
        if next.is_some_and(|token| token.kind == TokenKind::OpenParen) {
            return self.call(Some(Name { text: text.to_owned(), span }));
        }
        let kind = match text {
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            _ => Kind::Word(text.to_owned()),
        };
        Value { span, kind }
    }

    fn literal(&mut self, kind: TokenKind, text: &str, span: Span) -> Kind {
        match unquote(text) {
            Err((range, message)) => {
                let escape = &text[range.clone()];
                let span = Span { start: span.start + range.start as u32, end: span.start + range.end as u32, ..span };
                self.bad(Code::BadString, span, format!("`{}` {message}", abridged(escape)), "this escape")
            }
            Ok(decoded) if kind == TokenKind::Char => {
                let mut chars = decoded.chars();
                match (chars.next(), chars.next()) {
                    (Some(c), None) => Kind::Char(c),
                    _ => self.bad(
                        Code::BadString,
                        span,
                        "single quotes hold one character",
                        "write a string in double quotes",
                    ),
                }
            }
            Ok(decoded) => Kind::Str(decoded),
        }
    }

    /// `(...)`, behind its name if it has one.
    fn call(&mut self, name: Option<Name>) -> Value {
        let start = name.as_ref().map_or_else(|| self.here(), |name| name.span);
        let mut args: Vec<Arg> = Vec::new();
        let end = self.items(TokenKind::CloseParen, |parser| {
            let name = parser.arg_name();
            let value = parser.value();
            if let Some(first) = args.first().filter(|first| first.name.is_some() != name.is_some()) {
                let place = name.as_ref().map_or(value.span, |name| name.span);
                let other = first.name.as_ref().map_or(first.value.span, |name| name.span);
                let kinds = if name.is_some() { ("named", "positional") } else { ("positional", "named") };
                parser.diagnostics.push(
                    Diagnostic::new(Code::MixedArguments, place, "named and positional arguments are mixed", kinds.0)
                        .second(other, kinds.1)
                        .help("write every argument as `name: value`, or none"),
                );
                return;
            }
            args.push(Arg { name, value });
        });
        Value { span: start.to(end), kind: Kind::Call(name, args) }
    }

    /// `name:` in front of an argument.
    fn arg_name(&mut self) -> Option<Name> {
        let word = self.peek().filter(|token| token.kind == TokenKind::Word)?;
        let after = self.tokens[self.at + 1..].iter().find(|token| !is_trivia(token))?;
        if after.kind != TokenKind::Colon {
            return None;
        }
        self.bump();
        self.bump();
        Some(Name { text: self.slice(word).to_owned(), span: self.span(word) })
    }

    fn expect_colon(&mut self, key: &Value) -> bool {
        match self.peek() {
            Some(token) if token.kind == TokenKind::Colon => {
                self.bump();
                true
            }
            Some(token) if key.kind != Kind::Bad => {
                let message = format!("expected `:` behind the key, found {}", self.show(token));
                self.error(Code::UnexpectedToken, self.span(token), message, "a map is written `{ key: value }`");
                token.kind != TokenKind::Comma && !is_close(token.kind)
            }
            _ => false,
        }
    }

    /// Everything from an opening bracket to its closing one; answers where that stands.
    fn items(&mut self, close: TokenKind, mut item: impl FnMut(&mut Self)) -> Span {
        let open = self.here();
        self.bump();
        self.open.push((close, open));
        if self.open.len() > MAX_DEPTH {
            self.error(Code::TooDeep, open, format!("brackets nest deeper than {MAX_DEPTH}"), "one too many");
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
                self.error(
                    Code::UnexpectedToken,
                    self.span(token),
                    format!("{} closes nothing", self.show(token)),
                    "stray",
                );
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
            Some(token) if self.is_operation(token) => {
                let message = "a size that is worked out stands in quotes";
                let found = Diagnostic::new(Code::UnexpectedToken, self.span(token), message, "not part of a value");
                self.diagnostics.push(found.help("write it as \"2*N + 1\""));
                while self.peek().is_some_and(|token| token.kind != TokenKind::Comma && !is_bracket(token.kind)) {
                    self.bump();
                }
                if self.peek().is_some_and(|token| token.kind == TokenKind::Comma) {
                    self.bump();
                }
            }
            Some(token) if token.kind == TokenKind::Unknown => {
                let message = format!("unexpected character `{}`", self.slice(token));
                self.error(Code::UnexpectedToken, self.span(token), message, "not part of a model file");
                self.bump();
                if self.peek().is_some_and(|token| token.kind == TokenKind::Comma) {
                    self.bump();
                }
            }
            Some(token) if token.kind != close && !is_close(token.kind) => {
                let code = if self.slice(token).starts_with("..") { Code::Unsupported } else { Code::UnexpectedToken };
                let message = format!("expected `,` or {}, found {}", bracket(close), self.show(token));
                self.error(code, self.span(token), message, "expected `,` before this");
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
            let bracket = self.diagnostics.sources.slice(open).to_owned();
            let message = format!("`{bracket}` is never closed: found {found} instead");
            let here = self.here();
            self.diagnostics.push(
                Diagnostic::new(Code::Unclosed, open, message, "opened here")
                    .second(here, "should be closed before this"),
            );
        }
        self.intact = false;
        self.here()
    }

    fn error(&mut self, code: Code, span: Span, message: impl Into<String>, label: &str) {
        self.diagnostics.push(Diagnostic::new(code, span, message.into(), label));
        if self.diagnostics.is_full() || self.diagnostics.list.len() - self.errors >= MAX_ERRORS {
            self.give_up();
        }
    }

    fn bad(&mut self, code: Code, span: Span, message: impl Into<String>, label: &str) -> Kind {
        self.error(code, span, message, label);
        Kind::Bad
    }

    /// Leaves the rest of the file unread.
    fn give_up(&mut self) {
        self.at = self.tokens.len();
        self.intact = false;
    }

    fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    fn bump(&mut self) {
        self.at += 1;
        self.skip();
    }

    fn skip(&mut self) {
        while self.peek().is_some_and(|token| is_trivia(&token)) {
            self.at += 1;
        }
    }

    fn slice(&self, token: Token) -> &'a str {
        &self.text[token.start as usize..token.end as usize]
    }

    fn span(&self, token: Token) -> Span {
        Span { file: self.file, start: token.start, end: token.end }
    }

    /// Where the next token stands, or the end of the file.
    fn here(&self) -> Span {
        let end = self.text.len() as u32;
        self.peek().map_or(Span { file: self.file, start: end, end }, |token| self.span(token))
    }

    fn show(&self, token: Token) -> String {
        format!("`{}`", abridged(self.slice(token)))
    }
}

/// The start of a token that may be long.
fn abridged(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.len() == text.len() && text.chars().count() <= 40 {
        return text.to_owned();
    }
    line.chars().take(40).chain("...".chars()).collect()
}
