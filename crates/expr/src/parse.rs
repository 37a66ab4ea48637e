//! Reading formulas: a lexer that yields spanned tokens and a precedence climber over them.

mod functions;
mod remedy;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt;
use std::ops::Range;

pub use functions::{Function, Functions};

use self::remedy::{plain, suggest};
use crate::text::Level;
use crate::{Binary, Expr, ExprKind, Func};

/// The longest formula that is read, in bytes.
const MAX_LENGTH: usize = 1 << 16;
/// The deepest nesting of parentheses, calls, signs and powers that is read.
const MAX_NESTING: usize = 200;
/// The most operations a formula may have once the functions it calls are written out.
const MAX_SIZE: usize = 4096;
/// The most operations a gradient of a formula may have when nothing in it is shared.
const MAX_GRADIENT: usize = 200_000;

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
    /// nested over 200 levels, or over 4,096 operations when written out is refused, and so is a formula whose
    /// gradient would have over 200,000.
    pub fn parse(text: &str, vars: &[&str], functions: &dyn Functions) -> Result<Expr, ParseError> {
        Expr::parse_all(text, vars, functions).map_err(|mut errors| errors.swap_remove(0))
    }

    /// As [`Expr::parse`], with every unknown name among the errors and behind them the first of another kind.
    pub fn parse_all(text: &str, vars: &[&str], functions: &dyn Functions) -> Result<Expr, Vec<ParseError>> {
        if text.len() > MAX_LENGTH {
            let message = format!("the formula is {} bytes long, more than {MAX_LENGTH}", text.len());
            return Err(vec![error(0..0, message)]);
        }
        let (token, unknown) = (Token::End, Vec::new());
        let mut parser = Parser { text, at: 0, token, span: 0..0, vars, functions, nesting: 0, unknown };
        let read = parser.whole();
        let mut errors = parser.unknown;
        match read {
            Ok(expr) if errors.is_empty() => return Ok(expr),
            Ok(_) => {}
            Err(error) => errors.push(error),
        }
        Err(errors)
    }

    /// The operations that gradients may have when nothing in them is shared.
    fn gradient_size(&self) -> usize {
        let sizes = self.fold(|node, parts: &[(usize, usize)]| {
            let size = parts.iter().fold(1usize, |sum, (size, _)| sum.saturating_add(*size));
            let slopes = parts.iter().fold(0usize, |sum, (_, slope)| sum.saturating_add(*slope));
            let slope = match node.kind() {
                ExprKind::Var(_) => 1,
                ExprKind::Binary(Binary::Add | Binary::Sub, ..) => slopes.saturating_add(1),
                _ if slopes == 0 => 0,
                _ => slopes.saturating_add(size),
            };
            (size, slope)
        });
        sizes.1
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
    /// `!=`.
    Differs,
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
    /// Names that are unknown; 0 stands for each.
    unknown: Vec<ParseError>,
}

impl<'a> Parser<'a> {
    fn whole(&mut self) -> Result<Expr, ParseError> {
        self.advance()?;
        let expr = self.expression(Level::Comparison)?;
        if self.token != Token::End {
            let product = matches!(self.token, Token::Number(_) | Token::Name(_) | Token::Open);
            let help = product.then(|| "a product is written `x * y`".to_owned());
            return Err(ParseError { help, ..self.unexpected("an operator or the end") });
        }
        if expr.gradient_size() > MAX_GRADIENT {
            let message = format!("the gradient of the formula would have more than {MAX_GRADIENT} operations");
            let help = "split it into several nodes".to_owned();
            return Err(ParseError { help: Some(help), ..error(0..self.text.len(), message) });
        }
        Ok(expr)
    }

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
            Some('!') if rest.starts_with("!=") => (Token::Differs, 2),
            Some(c) => match operator(rest) {
                Some(f) => (Token::Operator(f), f.symbol().len()),
                None => {
                    let message = format!("`{c}` has no meaning in a formula");
                    return Err(ParseError { span: start..start + c.len_utf8(), message, help: plain(c) });
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
        while let Some(f) = self.operation() {
            let (level, differs) = (Level::of(f), self.token == Token::Differs);
            if level < floor {
                break;
            }
            let span = self.span.clone();
            self.advance()?;
            let right = self.expression(match level {
                Level::Comparison => Level::Sum,
                Level::Sum => Level::Product,
                _ => Level::Power,
            })?;
            left = Expr::binary(f, left, right);
            if differs {
                left = Expr::constant(1.0) - left;
            }
            limit(&left, span)?;
            if level == Level::Comparison && self.operation().is_some_and(|f| Level::of(f) == level) {
                let help = "compare in pairs and multiply, as in (a < b) * (b < c)".to_owned();
                let message = "comparisons do not chain".to_owned();
                return Err(ParseError { span: self.span.clone(), message, help: Some(help) });
            }
        }
        self.nesting -= 1;
        Ok(left)
    }

    /// The operation that the current token asks for; the opposite of the second sign of `!=`.
    fn operation(&self) -> Option<Binary> {
        match self.token {
            Token::Operator(f) => Some(f),
            Token::Differs => Some(Binary::Equal),
            _ => None,
        }
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
                    self.unknown.push(ParseError { span, message: format!("unknown variable `{name}`"), help });
                    Ok(Expr::constant(0.0))
                }
            }
            Token::Operator(Binary::Mul) if self.text[..span.start].ends_with('*') => {
                let help = Some("a power is written `x ^ 2`".to_owned());
                Err(ParseError {
                    help,
                    ..error(span.start - 1..span.end, "`**` has no meaning in a formula".to_owned())
                })
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

    fn call(&mut self, name: &str, span: Range<usize>, arguments: &[Expr]) -> Result<Expr, ParseError> {
        let wrong = |wanted: String| {
            let message = format!("`{name}` takes {wanted}, not {}", arguments.len());
            Err(error(span.clone(), message))
        };
        let arity = |wanted: usize| wrong(format!("{wanted} argument{}", if wanted == 1 { "" } else { "s" }));
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
        } else if let Some(function) = self.functions.find(name) {
            match function.call(arguments) {
                Some(value) => {
                    limit(&value, span.clone())?;
                    self.functions.called(name, value)
                }
                None => return wrong(function.arity()),
            }
        } else {
            let more = self.functions.names();
            let known = Func::ALL.iter().map(|f| f.name()).chain(CALLED_BINARY.iter().map(|(name, _)| *name));
            let help = suggest(name, known.chain(["if"]).chain(more.iter().map(String::as_str)));
            self.unknown.push(ParseError { span, message: format!("unknown function `{name}`"), help });
            return Ok(Expr::constant(0.0));
        };
        limit(&result, span)?;
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

/// Refuses what has too many operations.
fn limit(expr: &Expr, span: Range<usize>) -> Result<(), ParseError> {
    if expr.size() <= MAX_SIZE {
        return Ok(());
    }
    let message = format!("the formula has more than {MAX_SIZE} operations once its functions are written out");
    Err(ParseError { help: Some("split it into several nodes".to_owned()), ..error(span, message) })
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
