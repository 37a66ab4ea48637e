//! Tokens to values, with recovery: one pass reports every syntax error.

use std::collections::HashSet;

use super::cursor::abridged;
use super::lex::{Token, TokenKind, is_close, is_trivia, lex};
use super::literal::{check_number, quote, unquote};
use super::slips::replace;
use super::{Arg, Entry, FileId, Kind, Name, Span, Value};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 8 << 20;
/// The most tokens, blanks and comments included, that a file may have.
pub const MAX_TOKENS: usize = 1 << 21;
/// The deepest nesting of brackets.
pub const MAX_DEPTH: usize = 128;
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
        diagnostics.push(Diagnostic::new(Code::TooLarge, start, message, "this file"));
        return Parsed { tokens: Vec::new(), root: bad, intact: false };
    }
    let mut tokens = lex(&text, MAX_TOKENS + 1);
    if tokens.len() > MAX_TOKENS {
        let message = format!("the file has more than {MAX_TOKENS} tokens");
        diagnostics.push(Diagnostic::new(Code::TooLarge, start, message, "this file"));
        return Parsed { tokens: Vec::new(), root: bad, intact: false };
    }
    let errors = diagnostics.list.len();
    replace(&mut tokens, &text, file, diagnostics);
    let mut parser = Parser {
        file,
        text: &text,
        tokens: &tokens,
        at: 0,
        open: Vec::new(),
        refused: HashSet::new(),
        intact: true,
        errors,
        diagnostics,
    };
    parser.skip();
    let root = parser.document();
    let intact = parser.intact;
    Parsed { tokens, root, intact }
}

pub(super) struct Parser<'a> {
    pub(super) file: FileId,
    pub(super) text: &'a str,
    pub(super) tokens: &'a [Token],
    /// The next token; never a blank or a comment.
    pub(super) at: usize,
    /// The brackets that are open, outermost first.
    pub(super) open: Vec<(TokenKind, Span)>,
    /// Names with a character that names have not, each reported once.
    pub(super) refused: HashSet<&'a str>,
    pub(super) intact: bool,
    /// Diagnostics that were there before this file.
    pub(super) errors: usize,
    pub(super) diagnostics: &'a mut Diagnostics,
}

impl<'a> Parser<'a> {
    fn document(&mut self) -> Value {
        if self.peek().is_none() {
            let empty =
                Diagnostic::new(Code::UnexpectedToken, self.here(), "the file is empty", "expected `Model(...)`");
            self.error(empty.help("`graphrun new` writes a model to start from"));
            self.intact = false;
        }
        let root = self.value();
        if let Some(token) = self.peek().filter(|_| self.intact) {
            let message = format!("expected the end of the file, found {}", self.show(token));
            let more = Diagnostic::new(Code::UnexpectedToken, self.span(token), message, "a file holds one value");
            self.error(more.help("delete what stands behind the last bracket, or keep it in a file of its own"));
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
                    Err(message) => self.bad_number(text, span, message),
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
                items.shrink_to_fit();
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
                entries.shrink_to_fit();
                return Value { span: span.to(end), kind: Kind::Map(entries) };
            }
            Unterminated => {
                self.bump();
                self.intact = false;
                self.unterminated(text, Span { end: span.start + 1, ..span })
            }
            Curly => {
                self.bump();
                self.curly(text, span)
            }
            Unknown if text == "#" => {
                self.bump();
                let message = "extensions are not used in model files";
                let found = Diagnostic::new(Code::Unsupported, span, message, "an attribute");
                self.intact = false;
                self.bad(found.help("delete it: models need no extension of RON"))
            }
            Unknown => {
                self.bump();
                self.unknown_character(token);
                Kind::Bad
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
            let message = format!("expected a value, found {found}");
            let found = Diagnostic::new(Code::UnexpectedToken, here, message, "expected a value");
            self.error(
                found.help("write a number, a name, a text in quotes, `[...]`, `{...}` or `Op(...)` before this"),
            );
        }
        Value { span: Span { end: here.start, ..here }, kind: Kind::Bad }
    }

    fn word(&mut self, text: &str, span: Span) -> Value {
        if let Some(value) = self.not_a_name(span) {
            return match value.as_word() {
                Some(word) if self.peek().is_some_and(|token| token.kind == TokenKind::OpenParen) => {
                    self.call(Some(Name { text: word.to_owned(), span: value.span }))
                }
                _ => value,
            };
        }
        let next = self.peek();
        let adjacent = next.filter(|token| token.start == span.end).map(|token| token.kind);
        if matches!(text, "b" | "br") && matches!(adjacent, Some(TokenKind::Str | TokenKind::Char)) {
            self.bump();
            let message = "byte strings are not used in model files";
            let found = Diagnostic::new(Code::Unsupported, span, message, "of bytes");
            let kind = self.bad(found.help(format!("write a plain string: delete the `{text}`")));
            return Value { span, kind };
        }
        // A value that is whole by itself is called by nobody, in RON neither.
        let whole = matches!(text, "true" | "false" | "inf" | "NaN" | "None");
        if !whole && next.is_some_and(|token| token.kind == TokenKind::OpenParen) {
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
                let message = format!("`{}` {message}", abridged(escape));
                self.bad(Diagnostic::new(Code::BadString, span, message, "this escape"))
            }
            Ok(decoded) if kind == TokenKind::Char => {
                let mut chars = decoded.chars();
                match (chars.next(), chars.next()) {
                    (Some(c), None) => Kind::Char(c),
                    _ => {
                        let message = "single quotes hold one character";
                        let found = Diagnostic::new(Code::BadString, span, message, "not one character");
                        self.bad(found.help(format!("write `{}`", abridged(&quote(&decoded)))))
                    }
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
            let (mut name, mut value) = (parser.arg_name(), parser.value());
            if let Some(mended) = parser.mended_name(&value).filter(|_| name.is_none()) {
                parser.bump();
                (name, value) = (Some(mended), parser.value());
            }
            let unread = |arg: &Arg| arg.name.is_none() && arg.value.kind == Kind::Bad;
            let arg = Arg { name, value };
            if let Some(first) = args.first().filter(|first| first.name.is_some() != arg.name.is_some()) {
                if unread(&arg) {
                    return;
                }
                if args.iter().all(unread) {
                    args = vec![arg];
                    return;
                }
                let Arg { name, value } = &arg;
                let place = name.as_ref().map_or(value.span, |name| name.span);
                let other = first.name.as_ref().map_or(first.value.span, |name| name.span);
                let kinds = if name.is_some() { ("named", "positional") } else { ("positional", "named") };
                parser.diagnostics.push(
                    Diagnostic::new(Code::MixedArguments, place, "named and positional arguments are mixed", kinds.0)
                        .second(other, kinds.1),
                );
                return;
            }
            args.push(arg);
        });
        args.shrink_to_fit();
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
                let found =
                    Diagnostic::new(Code::UnexpectedToken, self.span(token), message, "expected `:` before this");
                self.error(found.help("a map is written `{ key: value, ... }`"));
                token.kind != TokenKind::Comma && !is_close(token.kind)
            }
            _ => false,
        }
    }
}
