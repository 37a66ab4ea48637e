//! Sizes as text.

use super::Size;

/// The longest text of a size, in bytes.
const MAX_LENGTH: usize = 4096;

/// Reads what a size displays as.
pub(super) fn parse(text: &str) -> Result<Size, String> {
    if text.len() > MAX_LENGTH {
        return Err(format!("a size is at most {} bytes long, and this is {}", MAX_LENGTH, text.len()));
    }
    let mut parser = Parser { text, at: 0, depth: 0 };
    let size = parser.sum()?;
    parser.blank();
    if parser.at < text.len() {
        return Err(format!("`{}` is not a size: `{}` is left over", text, &text[parser.at..]));
    }
    if size.is_too_long() {
        return Err(format!("the size has more than {} terms once multiplied out", Size::MAX_TERMS));
    }
    Ok(size)
}

/// A recursive-descent reader of sizes.
struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    const MAX_DEPTH: usize = 64;

    fn blank(&mut self) {
        self.at += self.text[self.at..].len() - self.text[self.at..].trim_start().len();
    }

    fn take(&mut self, symbol: char) -> bool {
        self.blank();
        let found = self.text[self.at..].starts_with(symbol);
        self.at += if found { symbol.len_utf8() } else { 0 };
        found
    }

    fn sum(&mut self) -> Result<Size, String> {
        let mut total = self.product()?;
        loop {
            if self.take('+') {
                total = &total + &self.product()?;
            } else if self.take('-') {
                total = &total - &self.product()?;
            } else {
                return Ok(total);
            }
        }
    }

    fn product(&mut self) -> Result<Size, String> {
        let mut total = self.atom()?;
        loop {
            if self.take('*') {
                total = &total * &self.atom()?;
            } else if self.take('/') {
                let by = self.atom()?;
                if by.known() == Some(0) {
                    return Err(format!("`{}` divides by zero", self.text));
                }
                total = total.divide(&by);
            } else {
                return Ok(total);
            }
        }
    }

    fn atom(&mut self) -> Result<Size, String> {
        self.depth += 1;
        if self.depth > Self::MAX_DEPTH {
            return Err(format!("a size nests deeper than {}", Self::MAX_DEPTH));
        }
        let size = if self.take('(') {
            let size = self.sum()?;
            if !self.take(')') {
                return Err(format!("`{}` lacks a closing parenthesis", self.text));
            }
            size
        } else if self.take('-') {
            &Size::from(0) - &self.atom()?
        } else {
            self.blank();
            let rest = &self.text[self.at..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && !"_.?".contains(c)).unwrap_or(rest.len());
            let word = &rest[..end];
            self.at += end;
            match word.chars().next() {
                None => return Err(format!("`{}` is not a size", self.text)),
                Some(c) if c.is_ascii_digit() => {
                    Size::from(word.parse::<usize>().map_err(|_| format!("`{word}` is not a size"))?)
                }
                Some(_) => Size::symbol(word),
            }
        };
        self.depth -= 1;
        Ok(size)
    }
}
