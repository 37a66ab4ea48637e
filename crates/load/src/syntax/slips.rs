//! What people write and models have not: names with hyphens, typographic quotes, arithmetic, characters that nobody sees.

use super::cursor::abridged;
use super::lex::{Token, TokenKind};
use super::literal::NoNumber;
use super::parse::Parser;
use super::{FileId, Kind, Name, Span, Value};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};

/// Reads characters that nobody sees as blanks, `=` as a colon, `;` as a comma and `# ...` as a comment, and reports the
/// first of each.
pub(super) fn replace(tokens: &mut [Token], text: &str, file: FileId, diagnostics: &mut Diagnostics) {
    let mut met: Vec<(char, Span, usize)> = Vec::new();
    for token in tokens.iter_mut().filter(|token| token.kind == TokenKind::Unknown) {
        let Some(c) = text[token.start as usize..].chars().next() else { continue };
        token.kind = match c {
            '=' => TokenKind::Colon,
            ';' => TokenKind::Comma,
            '#' if token.end - token.start > 1 => TokenKind::Comment,
            c if is_unseen(c) => TokenKind::Blank,
            _ => continue,
        };
        match met.iter_mut().find(|(other, ..)| *other == c) {
            Some((.., count)) => *count += 1,
            None => met.push((c, Span { file, start: token.start, end: token.end }, 1)),
        }
    }
    for (c, at, count) in met {
        let label = if count > 1 { format!("the first of {count}") } else { "it stands here".to_owned() };
        let (message, help) = match c {
            '=' => ("`=` does not join a name and its value".to_owned(), "write `:`"),
            ';' => ("`;` does not part what stands side by side".to_owned(), "write `,`"),
            '#' => ("a comment does not begin with `#`".to_owned(), "write `//`"),
            c => {
                let c = c as u32;
                let message = format!("the character U+{c:04X}, which nobody sees, has no meaning in a model file");
                (message, "delete it, or write a blank")
            }
        };
        diagnostics.push(Diagnostic::new(Code::UnexpectedToken, at, message, label).help(help));
    }
}

/// Whether a character shows nothing: controls, blanks of typography, marks without a width.
fn is_unseen(c: char) -> bool {
    c.is_control() || c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

impl<'a> Parser<'a> {
    /// Takes the rest of a name that goes on with `-`, `.` or `#`, such as `my-node`, `h.s` or `r#type`, and reports it
    /// once; answers what was meant.
    pub(super) fn not_a_name(&mut self, word: Span) -> Option<Value> {
        let (mut end, mut at) = (word.end, self.at);
        let raw = self.raw_name(word);
        if raw {
            (end, at) = (end + 1, at + 1);
        }
        while let Some(token) = self.tokens.get(at).filter(|token| token.start == end) {
            let sign = token.kind == TokenKind::Unknown && self.slice(*token) == "-";
            if !sign && !matches!(token.kind, TokenKind::Word | TokenKind::Number) {
                break;
            }
            (end, at) = (token.end, at + 1);
        }
        let span = Span { end, ..word };
        let (text, rest) = (&self.text[span.range()], &self.text[word.end as usize..end as usize]);
        let is_key = self.tokens[at..].iter().find(|token| !super::lex::is_trivia(token));
        let is_key = is_key.is_some_and(|token| token.kind == TokenKind::Colon);
        let in_list = self.open.last().is_some_and(|(kind, _)| *kind == TokenKind::CloseBracket);
        let name = rest.chars().nth(1).is_some_and(|c| c.is_alphabetic() || c == '_');
        let (message, label, help, kind) = match rest.chars().next() {
            Some('#') if raw => {
                let plain = rest[1..].replace(['-', '.'], "_");
                let message = format!("`{text}` is a raw name, and models have none");
                (message, "raw", format!("write `{plain}`"), Kind::Word(plain))
            }
            Some('.') if name && !rest.contains('-') => {
                let message = format!("the address `{text}` of a member stands in quotes");
                (message, "without quotes", format!("write `\"{text}\"`"), Kind::Str(text.to_owned()))
            }
            Some('-' | '+') if is_key || name && !in_list || self.refused.contains(text) => {
                let plain = text.replace(['-', '+', '.'], "_");
                let label = "names have letters, digits and `_`";
                (format!("`{text}` is no name"), label, format!("write `{plain}`"), Kind::Word(plain))
            }
            _ => return None,
        };
        if self.refused.insert(text) {
            self.diagnostics.push(Diagnostic::new(Code::BadName, span, message, label).help(help));
        }
        self.at = at;
        self.skip();
        Some(Value { span, kind })
    }

    /// Whether a word is the `r` of a raw name such as `r#type`.
    fn raw_name(&self, word: Span) -> bool {
        let touching = |at: usize, start: u32| self.tokens.get(at).filter(|token| token.start == start);
        &self.text[word.range()] == "r"
            && touching(self.at, word.end).is_some_and(|token| self.slice(*token) == "#")
            && touching(self.at + 1, word.end + 1).is_some_and(|token| token.kind == TokenKind::Word)
    }

    /// What [`Parser::not_a_name`] made of an argument's name, when a colon follows it.
    pub(super) fn mended_name(&mut self, value: &Value) -> Option<Name> {
        let text = value.as_name().filter(|_| self.peek().is_some_and(|token| token.kind == TokenKind::Colon))?;
        self.refused.contains(&self.text[value.span.range()]).then(|| Name { text: text.to_owned(), span: value.span })
    }

    /// Reports a text in typographic quotes.
    pub(super) fn curly(&mut self, text: &str, span: Span) -> Kind {
        let (first, last) = (text.chars().next().unwrap_or(' '), text.chars().next_back().unwrap_or(' '));
        let inner = &text[first.len_utf8()..text.len() - last.len_utf8()];
        let message = format!("`{first}` and `{last}` are no quotes of a model file");
        let found = Diagnostic::new(Code::UnexpectedToken, span, message, "in typographic quotes");
        self.diagnostics.push(found.help(format!("write `\"{}\"`", abridged(inner))));
        Kind::Bad
    }

    /// Reports a number that is none.
    pub(super) fn bad_number(&mut self, text: &str, span: Span, wrong: NoNumber) -> Kind {
        let message = format!("`{}` {}", abridged(text), wrong.why);
        let found = Diagnostic::new(Code::BadNumber, span, message, "this number").help_if(wrong.help);
        let name = text.strip_prefix('-').filter(|name| super::is_name(name));
        let negative = name.map(|name| format!("the negative of a node is `Neg({name})`"));
        self.diagnostics.push(found.help_if(negative));
        Kind::Bad
    }

    /// Reports a literal or comment that the end of the file cuts off.
    pub(super) fn unterminated(&mut self, text: &str, start: Span) -> Kind {
        let (what, help) = match text.as_bytes().first() {
            Some(b'/') => ("this comment", "end it with `*/`"),
            Some(b'\'') => {
                ("this character", "a character is one between single quotes; a text stands in double quotes")
            }
            Some(b'r') => ("this raw string", "end it with a quote and as many `#` as it starts with"),
            _ => ("this string", "end it with a quote `\"`"),
        };
        let found = Diagnostic::new(Code::Unclosed, start, format!("{what} is never closed"), "it starts here");
        self.diagnostics.push(found.help(help));
        Kind::Bad
    }

    /// Reports arithmetic between values.
    pub(super) fn operation(&mut self, token: Token) {
        let in_list = self.open.last().is_some_and(|(kind, _)| *kind == TokenKind::CloseBracket);
        let (message, help) = match in_list {
            true => ("a size that is worked out stands in quotes", "write it as \"2*N + 1\""),
            false => (
                "values are not computed here",
                "compute with ops, as in `Mul(x, 2)`, or with `Formula(\"2 * x\", { x: x })`; a size stands in quotes, as in \"2*N\"",
            ),
        };
        let found = Diagnostic::new(Code::UnexpectedToken, self.span(token), message, "not part of a value");
        self.diagnostics.push(found.help(help));
    }

    /// Whether what comes next is the inside of another string, because the string before it has lost its closing quote
    /// and ends at the opening one of that; reported, and the rest left unread.
    pub(super) fn runs_on(&mut self, next: Token) -> bool {
        let Some(before) = self.at.checked_sub(1).map(|at| self.tokens[at]) else { return false };
        let inside = matches!(next.kind, TokenKind::Word | TokenKind::Number | TokenKind::Unknown);
        if !inside || before.kind != TokenKind::Str || !self.slice(before).contains('\n') {
            return false;
        }
        let span = self.span(before);
        let (start, end) = (Span { end: span.start + 1, ..span }, Span { start: span.end - 1, ..span });
        let found =
            Diagnostic::new(Code::Unclosed, start, "this string seems to lack its closing quote", "it starts here");
        let found = found.second(end, "and would end at this quote");
        self.diagnostics.push(found.help("end it with a quote `\"`"));
        self.give_up();
        true
    }
}
