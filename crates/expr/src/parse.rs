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

/// What to do about a formula that is too much.
const SPLIT: &str = "split it into several nodes";

/// Why a formula cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// The bytes of the text that are at fault; empty at the end of the text.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}; {}", self.message, self.span.start, self.help)
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
            return Err(vec![error(0..0, message, SPLIT)]);
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

fn error(span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> ParseError {
    ParseError { span, message: message.into(), help: help.into() }
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
            let help =
                if product { "a product is written `x * y`" } else { "write an operator before it, or delete it" };
            return Err(self.unexpected("an operator or the end", help));
        }
        if expr.gradient_size() > MAX_GRADIENT {
            let message = format!("the gradient of the formula would have more than {MAX_GRADIENT} operations");
            return Err(error(0..self.text.len(), message, SPLIT));
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
                    Ok(_) => {
                        let help = "write a number up to about 1.8e308";
                        return Err(error(start..start + length, "the number is too large", help));
                    }
                    Err(_) => {
                        let message = format!("`{}` is not a number", &rest[..length]);
                        let help = "write digits with a point and an exponent, as in 1.5e-3";
                        return Err(error(start..start + length, message, help));
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
                    return Err(error(start..start + c.len_utf8(), message, plain(c)));
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
            let message = format!("the formula is nested more than {MAX_NESTING} levels deep");
            return Err(error(self.span.clone(), message, SPLIT));
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
                let help = "compare in pairs and multiply, as in (a < b) * (b < c)";
                return Err(error(self.span.clone(), "comparisons do not chain", help));
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
                self.close()?;
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
                    let near = suggest(name, self.vars.iter().copied());
                    let help = near.unwrap_or_else(|| format!("say what it stands for, as in `{{ {name}: x }}`"));
                    self.unknown.push(error(span, format!("unknown variable `{name}`"), help));
                    Ok(Expr::constant(0.0))
                }
            }
            Token::Operator(Binary::Mul) if self.text[..span.start].ends_with('*') => {
                let help = "a power is written `x ^ 2`";
                Err(error(span.start - 1..span.end, "`**` has no meaning in a formula", help))
            }
            _ => Err(self.unexpected("a number, a variable, a call or `(`", "write what is missing before this place")),
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
                _ => return Err(self.unexpected("`,` or `)`", "close the call by `)`")),
            }
        }
        self.advance()?;
        Ok(arguments)
    }

    fn call(&mut self, name: &str, span: Range<usize>, arguments: &[Expr]) -> Result<Expr, ParseError> {
        let wrong = |wanted: String, least: usize| {
            let message = format!("`{name}` takes {wanted}, not {}", arguments.len());
            let letters: Vec<&str> = LETTERS.into_iter().take(least).collect();
            Err(error(span.clone(), message, format!("write `{name}({})`", letters.join(", "))))
        };
        let arity = |wanted: usize| wrong(format!("{wanted} argument{}", if wanted == 1 { "" } else { "s" }), wanted);
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
                None => return wrong(function.arity(), function.required),
            }
        } else {
            let more = self.functions.names();
            let known = Func::ALL.iter().map(|f| f.name()).chain(CALLED_BINARY.iter().map(|(name, _)| *name));
            let near = suggest(name, known.chain(["if"]).chain(more.iter().map(String::as_str)));
            let known = "write a pointwise operation in snake case, as `sigmoid(x)` or `max(x, y)`".to_owned();
            self.unknown.push(error(span, format!("unknown function `{name}`"), near.unwrap_or(known)));
            return Ok(Expr::constant(0.0));
        };
        limit(&result, span)?;
        Ok(result)
    }

    /// Takes the end of a parenthesis.
    fn close(&mut self) -> Result<(), ParseError> {
        match self.token {
            Token::Close => self.advance(),
            _ => Err(self.unexpected("`)`", "close the parenthesis by `)`")),
        }
    }

    fn unexpected(&self, wanted: &str, help: &str) -> ParseError {
        let found = match self.token {
            Token::End => "the formula ends".to_owned(),
            _ => format!("found `{}`", &self.text[self.span.clone()]),
        };
        error(self.span.clone(), format!("{found} where {wanted} is expected"), help)
    }
}

/// Refuses what has too many operations.
fn limit(expr: &Expr, span: Range<usize>) -> Result<(), ParseError> {
    if expr.size() <= MAX_SIZE {
        return Ok(());
    }
    let message = format!("the formula has more than {MAX_SIZE} operations once its functions are written out");
    Err(error(span, message, SPLIT))
}

/// What stands for the arguments of a call in a remedy.
const LETTERS: [&str; 6] = ["x", "y", "z", "u", "v", "w"];

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
