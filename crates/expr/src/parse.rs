//! Reading formulas: a lexer that yields spanned tokens and a precedence climber over them.

#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt;
use std::ops::Range;

use crate::text::Level;
use crate::{Binary, Expr, Func};

/// The longest formula that is read, in bytes.
const MAX_LENGTH: usize = 1 << 16;
/// The deepest nesting of parentheses, calls, signs and powers that is read.
const MAX_NESTING: usize = 200;
/// The most operations a formula may have once the functions it calls are written out.
const MAX_SIZE: usize = 100_000;

/// Functions beyond the primitives that a formula may call.
pub trait Functions {
    /// The number of arguments of the function called `name` and its body over variables 0 to that number.
    fn find(&self, name: &str) -> Option<(usize, Expr)>;
    /// The names of all of them, for suggestions.
    fn names(&self) -> Vec<String>;
}

/// No functions beyond the primitives.
impl Functions for () {
    fn find(&self, _: &str) -> Option<(usize, Expr)> {
        None
    }
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Why a formula cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// The bytes of the text that are at fault; empty at the end of the text.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What was probably meant.
    pub help: Option<String>,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.message, self.span.start)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, "; {help}"))
    }
}

impl Error for ParseError {}

impl Expr {
    /// Reads a formula such as `max(x, 0) + 0.5 * y^2` over the variables `vars`, numbered in that order.
    ///
    /// Operators from loose to tight: comparisons (which do not chain), `+ -`, `* /`, the sign `-`, `^` (to the
    /// right). `if(c, a, b)` and every primitive are called by name; `functions` supplies more. Text over 64 KiB,
    /// nested over 200 levels, or over 100,000 operations when written out is refused.
    pub fn parse(text: &str, vars: &[&str], functions: &dyn Functions) -> Result<Expr, ParseError> {
        if text.len() > MAX_LENGTH {
            let message = format!("the formula is {} bytes long, more than {MAX_LENGTH}", text.len());
            return Err(error(0..0, message));
        }
        let mut parser = Parser { text, at: 0, token: Token::End, span: 0..0, vars, functions, nesting: 0 };
        parser.advance()?;
        let expr = parser.expression(Level::Comparison)?;
        match parser.token {
            Token::End => Ok(expr),
            _ => Err(parser.unexpected("an operator or the end")),
        }
    }
}

fn error(span: Range<usize>, message: String) -> ParseError {
    ParseError { span, message, help: None }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'a> {
    Number(f64),
    Name(&'a str),
    Operator(Binary),
    Open,
    Close,
    Comma,
    End,
}

struct Parser<'a> {
    text: &'a str,
    /// Where the token after the current one is looked for.
    at: usize,
    token: Token<'a>,
    span: Range<usize>,
    vars: &'a [&'a str],
    functions: &'a dyn Functions,
    nesting: usize,
}

impl<'a> Parser<'a> {
    fn advance(&mut self) -> Result<(), ParseError> {
        let rest = self.text[self.at..].trim_start();
        let start = self.text.len() - rest.len();
        let (token, length) = match rest.chars().next() {
            None => (Token::End, 0),
            Some(c) if c.is_ascii_digit() || c == '.' => {
                let length = number_length(rest.as_bytes());
                match rest[..length].parse::<f64>() {
                    Ok(value) if value.is_finite() => (Token::Number(value), length),
                    Ok(_) => return Err(error(start..start + length, "the number is too large".into())),
                    Err(_) => {
                        return Err(error(start..start + length, format!("`{}` is not a number", &rest[..length])));
                    }
                }
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let length = end.unwrap_or(rest.len());
                (Token::Name(&rest[..length]), length)
            }
            Some('(') => (Token::Open, 1),
            Some(')') => (Token::Close, 1),
            Some(',') => (Token::Comma, 1),
            Some(c) => match operator(rest) {
                Some(f) => (Token::Operator(f), f.symbol().len()),
                None => {
                    let message = format!("`{c}` has no meaning in a formula");
                    let help = (c == '=').then(|| "write `==` to compare".to_owned());
                    return Err(ParseError { span: start..start + c.len_utf8(), message, help });
                }
            },
        };
        self.at = start + length;
        (self.token, self.span) = (token, start..self.at);
        Ok(())
    }

    /// Reads an expression whose operators are all at `floor` or tighter.
    fn expression(&mut self, floor: Level) -> Result<Expr, ParseError> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(error(self.span.clone(), format!("the formula is nested more than {MAX_NESTING} levels deep")));
        }
        let mut left = self.operand()?;
        while let Token::Operator(f) = self.token {
            let level = Level::of(f);
            if level < floor {
                break;
            }
            self.advance()?;
            let right = self.expression(match level {
                Level::Comparison => Level::Sum,
                Level::Sum => Level::Product,
                _ => Level::Power,
            })?;
            left = Expr::binary(f, left, right);
            if level == Level::Comparison && matches!(self.token, Token::Operator(f) if Level::of(f) == level) {
                let help = "compare in pairs and multiply, as in (a < b) * (b < c)".to_owned();
                let message = "comparisons do not chain".to_owned();
                return Err(ParseError { span: self.span.clone(), message, help: Some(help) });
            }
        }
        self.nesting -= 1;
        Ok(left)
    }

    /// Reads a number, variable, call, parenthesis, or one of these behind a sign.
    fn operand(&mut self) -> Result<Expr, ParseError> {
        let span = self.span.clone();
        match self.token {
            Token::Number(value) => {
                self.advance()?;
                Ok(Expr::constant(value))
            }
            Token::Operator(Binary::Sub) => self.negation(),
            Token::Open => {
                self.advance()?;
                let inner = self.expression(Level::Comparison)?;
                self.expect(Token::Close, "`)`")?;
                Ok(inner)
            }
            Token::Name(name) => {
                self.advance()?;
                if self.token == Token::Open {
                    let arguments = self.arguments()?;
                    self.call(name, span, &arguments)
                } else if let Some(index) = self.vars.iter().position(|var| *var == name) {
                    Ok(Expr::var(index))
                } else {
                    let help = suggest(name, self.vars.iter().copied());
                    Err(ParseError { span, message: format!("unknown variable `{name}`"), help })
                }
            }
            _ => Err(self.unexpected("a number, a variable, a call or `(`")),
        }
    }

    /// Reads what follows a sign: a bare number becomes a negative constant unless a power binds it first.
    fn negation(&mut self) -> Result<Expr, ParseError> {
        self.advance()?;
        let literal = matches!(self.token, Token::Number(_));
        let inner = self.expression(Level::Power)?;
        match inner.as_constant() {
            Some(value) if literal => Ok(Expr::constant(-value)),
            _ => Ok(-inner),
        }
    }

    fn arguments(&mut self) -> Result<Vec<Expr>, ParseError> {
        let mut arguments = Vec::new();
        self.advance()?;
        while self.token != Token::Close {
            arguments.push(self.expression(Level::Comparison)?);
            match self.token {
                Token::Comma => self.advance()?,
                Token::Close => {}
                _ => return Err(self.unexpected("`,` or `)`")),
            }
        }
        self.advance()?;
        Ok(arguments)
    }

    fn call(&self, name: &str, span: Range<usize>, arguments: &[Expr]) -> Result<Expr, ParseError> {
        let arity = |wanted: usize| {
            let plural = if wanted == 1 { "" } else { "s" };
            let message = format!("`{name}` takes {wanted} argument{plural}, not {}", arguments.len());
            Err(error(span.clone(), message))
        };
        let result = if name == "if" {
            match arguments {
                [c, a, b] => Expr::select(c.clone(), a.clone(), b.clone()),
                _ => return arity(3),
            }
        } else if let Some(f) = Func::named(name) {
            match arguments {
                [x] => Expr::unary(f, x.clone()),
                _ => return arity(1),
            }
        } else if let Some((_, f)) = CALLED_BINARY.iter().find(|(called, _)| *called == name) {
            match arguments {
                [a, b] => Expr::binary(*f, a.clone(), b.clone()),
                _ => return arity(2),
            }
        } else if let Some((wanted, body)) = self.functions.find(name) {
            if wanted != arguments.len() {
                return arity(wanted);
            }
            body.substitute(arguments)
        } else {
            let more = self.functions.names();
            let known = Func::ALL.iter().map(|f| f.name()).chain(CALLED_BINARY.iter().map(|(name, _)| *name));
            let help = suggest(name, known.chain(["if"]).chain(more.iter().map(String::as_str)));
            return Err(ParseError { span, message: format!("unknown function `{name}`"), help });
        };
        if result.size() > MAX_SIZE {
            let message = format!("the formula has more than {MAX_SIZE} operations once its functions are written out");
            return Err(error(span, message));
        }
        Ok(result)
    }

    fn expect(&mut self, token: Token<'_>, what: &str) -> Result<(), ParseError> {
        if self.token == token { self.advance() } else { Err(self.unexpected(what)) }
    }

    fn unexpected(&self, wanted: &str) -> ParseError {
        let found = match self.token {
            Token::End => "the formula ends".to_owned(),
            _ => format!("found `{}`", &self.text[self.span.clone()]),
        };
        error(self.span.clone(), format!("{found} where {wanted} is expected"))
    }
}

/// The primitives of two arguments that are called by name.
const CALLED_BINARY: [(&str, Binary); 5] = [
    ("max", Binary::Max),
    ("min", Binary::Min),
    ("maximum", Binary::Max),
    ("minimum", Binary::Min),
    ("pow", Binary::Pow),
];

/// The operator that `rest` starts with, the longest one that fits.
fn operator(rest: &str) -> Option<Binary> {
    let written = |f: &Binary| Level::of(*f) != Level::Atom && rest.starts_with(f.symbol());
    Binary::ALL.into_iter().filter(written).max_by_key(|f| f.symbol().len())
}

/// The length of the number at the start: digits, a fraction, an exponent.
fn number_length(bytes: &[u8]) -> usize {
    let digits = |from: usize| from + bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    end
}

/// The known name nearest to `name`, when it is near enough to be a slip.
fn suggest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    let near = known.map(|other| (distance(name, other), other)).min()?;
    (near.0 <= 1 + name.len() / 4).then(|| format!("did you mean `{}`?", near.1))
}

/// The number of single-character edits between two words (Levenshtein), case apart.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let cost = usize::from(!x.eq_ignore_ascii_case(&y));
            let best = (diagonal + cost).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], best);
        }
    }
    row[b.len()]
}
