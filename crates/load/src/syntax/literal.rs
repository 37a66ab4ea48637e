//! What the text of a literal says.

use super::lex::{is_blank, is_word_start};

/// Words that are values, never names.
const RESERVED: [&str; 6] = ["true", "false", "None", "Some", "inf", "NaN"];

/// Whether `text` is an identifier of RON.
pub fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(is_word_start) && chars.all(unicode_ident::is_xid_continue)
}

/// Whether `text` can name a node, input, parameter, block or size: an identifier that is no value.
pub fn is_name(text: &str) -> bool {
    is_identifier(text) && text != "_" && !RESERVED.contains(&text)
}

/// `text` as a string literal.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Why a number cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoNumber {
    /// The rest of a sentence that starts with the number.
    pub(super) why: &'static str,
    /// The remedy, where there is a better one than that of every bad number.
    pub(super) help: Option<&'static str>,
}

/// Whether a number's text is well-formed.
pub(super) fn check_number(text: &str) -> Result<(), NoNumber> {
    let digits = text.trim_start_matches(['+', '-']);
    if integer(text).is_some() || matches!(digits, "inf" | "NaN") {
        return Ok(());
    }
    if digits.starts_with("0x") || digits.starts_with("0b") || digits.starts_with("0o") {
        return Err(NoNumber {
            why: "is not an integer of that radix, or too large for 64 bits",
            help: Some("0x takes digits up to f, 0o up to 7, 0b 0 and 1; the largest number is 0x7fffffffffffffff"),
        });
    }
    match real(text) {
        Some(value) if value.is_infinite() => Err(NoNumber {
            why: "is beyond the largest real number, about 1.8e308",
            help: Some("write a smaller number, or `inf` for one beyond all"),
        }),
        Some(_) => Ok(()),
        None => Err(NoNumber { why: "is not a number", help: None }),
    }
}

/// A literal as an integer, when it is written as one and fits.
pub(super) fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let (radix, digits) = match digits.get(..2) {
        Some("0x") => (16, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        _ => (10, digits),
    };
    if digits.starts_with('_') || !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{}", digits.replace('_', "")), radix).ok()
}

/// A literal as a real number.
pub(super) fn real(text: &str) -> Option<f64> {
    let digits = text.trim_start_matches(['+', '-']);
    if !matches!(digits, "inf" | "NaN") && !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    // RON has no `_` behind the point.
    if digits.contains("._") {
        return None;
    }
    integer(text).map(|value| value as f64).or_else(|| text.replace('_', "").parse().ok())
}

/// The text that a string or character literal stands for; the error has a byte range within the literal.
pub(super) fn unquote(literal: &str) -> Result<String, (std::ops::Range<usize>, &'static str)> {
    let mut out = String::with_capacity(literal.len());
    for piece in Pieces::new(literal) {
        let (range, decoded) = piece;
        match decoded {
            Ok(Some(c)) => out.push(c),
            Ok(None) => {}
            Err(message) => return Err((range, message)),
        }
    }
    Ok(out)
}

/// The byte within a string literal at which the decoded text has its byte `decoded`.
pub(crate) fn offset_in_string(literal: &str, decoded: usize) -> usize {
    let mut length = 0;
    for (range, piece) in Pieces::new(literal) {
        if length >= decoded && !matches!(piece, Ok(None)) {
            return range.start;
        }
        length += piece.ok().flatten().map_or(0, char::len_utf8);
    }
    literal.trim_end_matches('#').len().saturating_sub(1)
}

/// The inside of a string or character literal, escape by escape.
struct Pieces<'a> {
    literal: &'a str,
    at: usize,
    end: usize,
    raw: bool,
}

impl<'a> Pieces<'a> {
    fn new(literal: &'a str) -> Self {
        let raw = literal.starts_with('r');
        let hashes = if raw { literal[1..].bytes().take_while(|byte| *byte == b'#').count() } else { 0 };
        let at = 1 + hashes + usize::from(raw);
        Pieces { literal, at, end: (literal.len() - 1 - hashes).max(at), raw }
    }

    /// What an escape that starts at `rest` stands for, with its length; nothing for a line continuation.
    fn escape(rest: &str) -> (usize, Result<Option<char>, &'static str>) {
        let plain = |c| (2, Ok(Some(c)));
        match rest[1..].chars().next() {
            Some('n') => plain('\n'),
            Some('r') => plain('\r'),
            Some('t') => plain('\t'),
            Some('0') => plain('\0'),
            Some(c @ ('\\' | '"' | '\'')) => plain(c),
            Some('x') => match rest.get(2..4).map(|digits| u8::from_str_radix(digits, 16)) {
                Some(Ok(byte)) if byte < 0x80 => (4, Ok(Some(char::from(byte)))),
                _ => (2, Err("`\\x` takes two hexadecimal digits up to 7f")),
            },
            Some('u') => {
                let digits =
                    rest[2..].strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(digits, _)| digits);
                let code =
                    digits.filter(|digits| digits.len() <= 6).and_then(|digits| u32::from_str_radix(digits, 16).ok());
                match (digits, code.and_then(char::from_u32)) {
                    (Some(digits), Some(c)) => (digits.len() + 4, Ok(Some(c))),
                    _ => (2, Err("`\\u` takes a character's number in braces, as in `\\u{3b1}`")),
                }
            }
            Some('\n' | '\r') => {
                let skipped = rest[1..].find(|c: char| !is_blank(c)).unwrap_or(rest.len() - 1);
                (1 + skipped, Ok(None))
            }
            Some(c) => (1 + c.len_utf8(), Err("is no escape; a backslash itself is written `\\\\`")),
            None => (1, Err("is no escape; a backslash itself is written `\\\\`")),
        }
    }
}

impl Iterator for Pieces<'_> {
    type Item = (std::ops::Range<usize>, Result<Option<char>, &'static str>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.literal[self.at..self.end];
        let first = rest.chars().next()?;
        let (length, decoded) = match first {
            '\\' if !self.raw => Self::escape(rest),
            c => (c.len_utf8(), Ok(Some(c))),
        };
        let start = self.at;
        self.at += length;
        Some((start..self.at, decoded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (text, expect) in
            [("12", Some(12)), ("-1_000", Some(-1000)), ("0xff", Some(255)), ("1.0", None), ("1u8", None)]
        {
            assert_eq!(integer(text), expect, "{text}");
        }
        for good in ["1", "-1.5e3", ".5", "1.", "inf", "-inf", "NaN", "0b101", "12345678901234567890"] {
            assert_eq!(check_number(good), Ok(()), "{good}");
        }
        for bad in ["1e400", "1f32", "1.2.3", "0xzz", "--1", "1e", ".", "._0"] {
            assert!(check_number(bad).is_err(), "{bad}");
        }
        assert_eq!(real("1_0.5"), Some(10.5));
        assert_eq!(real("0x10"), Some(16.0));
    }

    #[test]
    fn strings() {
        assert_eq!(unquote(r#""a\n\u{3b1}\x41\"""#), Ok("a\nαA\"".into()));
        assert_eq!(unquote("r#\"a\\\"\"#"), Ok("a\\\"".into()));
        assert_eq!(unquote("\"a\\\n   b\""), Ok("ab".into()));
        assert_eq!(unquote(r#""\q""#).map_err(|error| error.0), Err(1..3));
        assert_eq!(quote("a\"\n\u{1}"), r#""a\"\n\u{1}""#);
    }

    #[test]
    fn offsets_count_escapes() {
        assert_eq!(offset_in_string(r#""a\u{3b1}b""#, 3), 9);
        assert_eq!(offset_in_string("r#\"ab\"#", 1), 4);
        assert_eq!(offset_in_string("\"ab\"", 2), 3);
    }
}
