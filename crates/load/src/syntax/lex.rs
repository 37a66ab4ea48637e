//! Text to tokens; concatenated, the tokens are the text.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Blanks and line ends.
    Blank,
    /// `// ...` to the end of the line, or a nesting `/* ... */`.
    Comment,
    /// An identifier, `true` and `inf` among them.
    Word,
    /// A number with its sign, well-formed or not.
    Number,
    /// A string with its quotes and escapes.
    Str,
    /// A raw string, `r#"..."#`.
    RawStr,
    /// A character in single quotes.
    Char,
    /// `(`
    OpenParen,
    /// `)`
    CloseParen,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// `{`
    OpenBrace,
    /// `}`
    CloseBrace,
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// A string, character or block comment that the end of the file cuts off.
    Unterminated,
    /// A text between typographic quotes on one line.
    Curly,
    /// Anything else, one character; or from `#` to the end of the line.
    Unknown,
}

/// A token: its kind and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// First byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

/// The tokens of `text`, at most `limit` of them.
pub(super) fn lex(text: &str, limit: usize) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while start < text.len() && tokens.len() < limit {
        let (kind, length) = token(&text[start..]);
        tokens.push(Token { kind, start: start as u32, end: (start + length) as u32 });
        start += length;
    }
    tokens
}

/// The first token of a text that is not empty.
fn token(text: &str) -> (TokenKind, usize) {
    use TokenKind::*;
    let mut chars = text.chars();
    let first = chars.next().unwrap_or(' ');
    let second = chars.next().unwrap_or(' ');
    match first {
        '(' => (OpenParen, 1),
        ')' => (CloseParen, 1),
        '[' => (OpenBracket, 1),
        ']' => (CloseBracket, 1),
        '{' => (OpenBrace, 1),
        '}' => (CloseBrace, 1),
        ',' => (Comma, 1),
        ':' => (Colon, 1),
        '"' => quoted(text, '"', Str),
        '\'' => quoted(text, '\'', Char),
        '/' if second == '/' => (Comment, text.find('\n').unwrap_or(text.len())),
        '/' if second == '*' => block_comment(text),
        'r' if second == '"' || second == '#' => raw_string(text).unwrap_or((Word, word_end(text))),
        '0'..='9' | '.' => (Number, number_end(text)),
        '+' | '-' if second.is_ascii_alphanumeric() || second == '.' => (Number, 1 + number_end(&text[1..])),
        // What other languages begin a comment with: one token, up to the end of the line.
        '#' if second == '#' || second.is_whitespace() => (Unknown, text.find('\n').unwrap_or(text.len()).max(1)),
        c if is_curly(c) => curly(text),
        c if is_blank(c) => (Blank, text.find(|c| !is_blank(c)).unwrap_or(text.len())),
        c if is_word_start(c) => (Word, word_end(text)),
        c => (Unknown, c.len_utf8()),
    }
}

/// RON's white space.
pub(super) fn is_blank(c: char) -> bool {
    matches!(
        c,
        '\n' | '\t'
            | '\r'
            | ' '
            | '\u{000B}'
            | '\u{000C}'
            | '\u{0085}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{2028}'
            | '\u{2029}'
    )
}

pub(super) fn is_word_start(c: char) -> bool {
    c == '_' || unicode_ident::is_xid_start(c)
}

fn word_end(text: &str) -> usize {
    text.find(|c| !unicode_ident::is_xid_continue(c)).unwrap_or(text.len())
}

/// The end of a run that reads as one number: digits, letters, points, and a sign behind a decimal exponent.
fn number_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let radix = bytes.len() > 1 && bytes[0] == b'0' && matches!(bytes[1], b'x' | b'b' | b'o');
    let mut end = 0;
    while end < bytes.len() {
        let exponent_sign =
            end > 0 && !radix && matches!(bytes[end], b'+' | b'-') && matches!(bytes[end - 1], b'e' | b'E');
        if !(bytes[end].is_ascii_alphanumeric() || matches!(bytes[end], b'_' | b'.') || exponent_sign) {
            break;
        }
        end += 1;
    }
    end
}

fn quoted(text: &str, quote: char, kind: TokenKind) -> (TokenKind, usize) {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return (kind, at + 1),
            _ => {}
        }
    }
    (TokenKind::Unterminated, text.len())
}

/// Whether a character is a quote of typography.
fn is_curly(c: char) -> bool {
    matches!(c, '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}')
}

/// A text that starts with a typographic quote, to the next quote on the line; the quote alone when there is none.
fn curly(text: &str) -> (TokenKind, usize) {
    let line = text.lines().next().unwrap_or_default();
    let end = line.char_indices().skip(1).find(|(_, c)| is_curly(*c) || *c == '"');
    let first = line.chars().next().map_or(1, char::len_utf8);
    end.map_or((TokenKind::Unknown, first), |(at, c)| (TokenKind::Curly, at + c.len_utf8()))
}

/// A raw string, or nothing when the `r` only starts a word.
fn raw_string(text: &str) -> Option<(TokenKind, usize)> {
    let hashes = text[1..].bytes().take_while(|byte| *byte == b'#').count();
    let body = text[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(match body.find(&end) {
        Some(at) => (TokenKind::RawStr, 1 + hashes + 1 + at + end.len()),
        None => (TokenKind::Unterminated, text.len()),
    })
}

fn block_comment(text: &str) -> (TokenKind, usize) {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0usize, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return (TokenKind::Comment, at);
        }
    }
    (TokenKind::Unterminated, text.len())
}

/// Whether a token says nothing: blanks and comments.
pub(super) fn is_trivia(token: &Token) -> bool {
    matches!(token.kind, TokenKind::Blank | TokenKind::Comment)
}

/// Whether a token is a bracket of any kind.
pub(super) fn is_bracket(kind: TokenKind) -> bool {
    is_close(kind) || matches!(kind, TokenKind::OpenParen | TokenKind::OpenBracket | TokenKind::OpenBrace)
}

/// Whether a token closes something.
pub(super) fn is_close(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::CloseBrace)
}

/// A closing bracket as messages show it.
pub(super) fn bracket(close: TokenKind) -> &'static str {
    match close {
        TokenKind::CloseParen => "`)`",
        TokenKind::CloseBracket => "`]`",
        _ => "`}`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[TokenKind]) {
        let tokens = lex(text, usize::MAX);
        let kinds: Vec<_> = tokens.iter().map(|token| token.kind).collect();
        assert_eq!(kinds, expect, "{text}");
        let joined: String = tokens.iter().map(|token| &text[token.start as usize..token.end as usize]).collect();
        assert_eq!(joined, text);
    }

    #[test]
    fn tokens_cover_the_text() {
        use TokenKind::*;
        check("a: -1e-5,", &[Word, Colon, Blank, Number, Comma]);
        check("r\"a\\\" r#\"\"\"#", &[RawStr, Blank, RawStr]);
        check("/* a /* b */ */x// y", &[Comment, Word, Comment]);
        check("\"a\\\"\" 'c' ?", &[Str, Blank, Char, Blank, Unknown]);
        check("\"open", &[Unterminated]);
        check("\u{201c}a b\u{201d},\u{201d}", &[Curly, Comma, Unknown]);
        check("0xFF-1 rate", &[Number, Number, Blank, Word]);
    }

    #[test]
    fn a_limit_cuts_the_tokens_off() {
        assert_eq!(lex(",,,,", 3).len(), 3);
    }
}
