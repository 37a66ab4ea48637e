//! Sizes that may be known only when a graph runs: polynomials over named symbols.

mod parse;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Add, Mul, Sub};
use std::sync::Arc;

use serde::de::{self, Visitor};

/// The values of size symbols: `{ "N": 64 }`.
pub type Sizes = BTreeMap<Arc<str>, usize>;

/// A size: an integer, a symbol, or sums, products and rounded-down quotients of sizes.
///
/// Kept in a canonical form, so that equal sizes compare equal: `N*2 + N` is `3*N`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Size {
    /// Factors (sorted) with their coefficient, sorted; the constant has no factors.
    terms: Vec<(Vec<Factor>, i64)>,
}

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Factor {
    Symbol(Arc<str>),
    Quotient(Arc<Size>, Arc<Size>),
}

/// The symbol of what is left of a size that grew too long; no text reads as it.
const TOO_LONG: &str = "a size of more than 256 terms";

impl Size {
    /// The most terms that a size may have before it counts as too long to work with.
    pub const MAX_TERMS: usize = 256;
    /// A size that stands for one with too many terms.
    fn too_long() -> Size {
        Size::symbol(TOO_LONG)
    }

    /// Whether the size has so many terms that it is not known any more.
    #[must_use]
    pub fn is_too_long(&self) -> bool {
        let mut found = false;
        self.symbols(&mut |name| found |= name == TOO_LONG);
        found
    }

    /// The size named `name`.
    #[must_use]
    pub fn symbol(name: &str) -> Size {
        Size { terms: vec![(vec![Factor::Symbol(name.into())], 1)] }
    }

    /// The integer, when no symbol takes part.
    #[must_use]
    pub fn known(&self) -> Option<usize> {
        match self.terms.as_slice() {
            [] => Some(0),
            [(factors, n)] if factors.is_empty() => usize::try_from(*n).ok(),
            _ => None,
        }
    }

    /// The symbol's name, when the size is one symbol alone.
    #[must_use]
    pub fn as_symbol(&self) -> Option<&str> {
        match self.terms.as_slice() {
            [(factors, 1)] => match factors.as_slice() {
                [Factor::Symbol(name)] => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    /// Calls `f` with every symbol that takes part.
    pub fn symbols(&self, f: &mut dyn FnMut(&str)) {
        for factor in self.terms.iter().flat_map(|(factors, _)| factors) {
            match factor {
                Factor::Symbol(name) => f(name),
                Factor::Quotient(a, b) => {
                    a.symbols(f);
                    b.symbols(f);
                }
            }
        }
    }

    /// `self / by`, rounded down; exact where the division leaves no rest symbolically.
    #[must_use]
    pub fn divide(&self, by: &Size) -> Size {
        if let (Some(a), Some(b)) = (self.known(), by.known())
            && b != 0
        {
            return Size::from(a / b);
        }
        if let Some(exact) = self.exact_quotient(by) {
            return exact;
        }
        let (whole, rest) = self.split(by);
        if let Some(whole) = whole {
            return &whole + &rest.divide(by);
        }
        Size { terms: vec![(vec![Factor::Quotient(Arc::new(rest), Arc::new(by.clone()))], 1)] }
    }

    /// What `by` goes into exactly, already divided, and the rest: `(H - 2)/2` is `H/2 - 1`, so that quotients
    /// of one value have one form.
    fn split(&self, by: &Size) -> (Option<Size>, Size) {
        let n = by.known().and_then(|n| i64::try_from(n).ok()).filter(|n| *n > 1);
        let (mut whole, mut rest) = (Vec::new(), Vec::new());
        for (factors, coefficient) in &self.terms {
            let term = Size { terms: vec![(factors.clone(), *coefficient)] };
            match n {
                Some(n) => {
                    whole.push((factors.clone(), coefficient.div_euclid(n)));
                    rest.push((factors.clone(), coefficient.rem_euclid(n)));
                }
                None => match term.exact_quotient(by) {
                    Some(quotient) => whole.extend(quotient.terms),
                    None => rest.push((factors.clone(), *coefficient)),
                },
            }
        }
        let whole = Size::collect(whole);
        (Some(whole).filter(|whole| !whole.terms.is_empty()), Size::collect(rest))
    }

    /// `self / by` when `by` is a single product that divides every term.
    fn exact_quotient(&self, by: &Size) -> Option<Size> {
        let [(divisor, n)] = by.terms.as_slice() else { return None };
        let mut terms = Vec::with_capacity(self.terms.len());
        for (factors, coefficient) in &self.terms {
            let mut rest = factors.clone();
            for factor in divisor {
                rest.remove(rest.iter().position(|f| f == factor)?);
            }
            if coefficient % n != 0 {
                return None;
            }
            terms.push((rest, coefficient / n));
        }
        Some(Size::collect(terms))
    }

    /// The value under `sizes`.
    ///
    /// # Errors
    /// A symbol without a value, a negative value, a division by zero, or an overflow, in words.
    pub fn eval(&self, sizes: &Sizes) -> Result<usize, String> {
        let value = self.signed(sizes)?;
        usize::try_from(value).map_err(|_| format!("size {self} would be {value}"))
    }

    fn signed(&self, sizes: &Sizes) -> Result<i64, String> {
        let overflow = || format!("size {self} is too large");
        let mut total = 0i64;
        for (factors, coefficient) in &self.terms {
            let mut product = *coefficient;
            for factor in factors {
                let value = match factor {
                    Factor::Symbol(name) => {
                        let value = sizes.get(name).ok_or_else(|| format!("size `{name}` has no value"))?;
                        i64::try_from(*value).map_err(|_| overflow())?
                    }
                    Factor::Quotient(a, b) => {
                        let (a, b) = (a.signed(sizes)?, b.signed(sizes)?);
                        if b == 0 {
                            return Err(format!("size {self} divides by zero"));
                        }
                        a.div_euclid(b)
                    }
                };
                product = product.checked_mul(value).ok_or_else(overflow)?;
            }
            total = total.checked_add(product).ok_or_else(overflow)?;
        }
        Ok(total)
    }

    /// The same size with `symbol` replaced.
    #[must_use]
    pub fn substitute(&self, symbol: &str, value: &Size) -> Size {
        let mut total = Size::from(0);
        for (factors, coefficient) in &self.terms {
            let mut product = Size::collect(vec![(Vec::new(), *coefficient)]);
            for factor in factors {
                product = &product
                    * &match factor {
                        Factor::Symbol(name) if &**name == symbol => value.clone(),
                        Factor::Symbol(name) => Size::symbol(name),
                        Factor::Quotient(a, b) => a.substitute(symbol, value).divide(&b.substitute(symbol, value)),
                    };
            }
            total = &total + &product;
        }
        total
    }

    /// The text as an operand of a quotient.
    fn atom(&self) -> String {
        match self.known().is_some() || self.as_symbol().is_some() {
            true => self.to_string(),
            false => format!("({self})"),
        }
    }

    fn collect(mut terms: Vec<(Vec<Factor>, i64)>) -> Size {
        for (factors, _) in &mut terms {
            factors.sort();
        }
        terms.sort();
        let mut merged: Vec<(Vec<Factor>, i64)> = Vec::with_capacity(terms.len());
        for (factors, n) in terms {
            match merged.last_mut() {
                Some((last, m)) if *last == factors => *m = m.saturating_add(n),
                _ => merged.push((factors, n)),
            }
        }
        merged.retain(|(_, n)| *n != 0);
        match merged.len() > Size::MAX_TERMS {
            true => Size::too_long(),
            false => Size { terms: merged },
        }
    }

    /// Reads what `Display` writes: `3`, `N`, `N*2 + 1`, `(H + 2)/2`.
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    pub fn parse(text: &str) -> Result<Size, String> {
        parse::parse(text)
    }
}

impl From<usize> for Size {
    fn from(n: usize) -> Size {
        Size::collect(vec![(Vec::new(), i64::try_from(n).unwrap_or(i64::MAX))])
    }
}

impl Add for &Size {
    type Output = Size;
    fn add(self, other: &Size) -> Size {
        Size::collect(self.terms.iter().chain(&other.terms).cloned().collect())
    }
}

impl Sub for &Size {
    type Output = Size;
    fn sub(self, other: &Size) -> Size {
        let negated = other.terms.iter().map(|(f, n)| (f.clone(), n.saturating_neg()));
        Size::collect(self.terms.iter().cloned().chain(negated).collect())
    }
}

impl Mul for &Size {
    type Output = Size;
    fn mul(self, other: &Size) -> Size {
        if self.terms.len() * other.terms.len() > Size::MAX_TERMS * Size::MAX_TERMS / 4 {
            return Size::too_long();
        }
        let mut terms = Vec::with_capacity(self.terms.len() * other.terms.len());
        for (fa, a) in &self.terms {
            for (fb, b) in &other.terms {
                terms.push((fa.iter().chain(fb).cloned().collect(), a.saturating_mul(*b)));
            }
        }
        Size::collect(terms)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.terms.is_empty() {
            return f.write_str("0");
        }
        // Symbols come before the constant, as one writes them by hand.
        let (constant, rest): (Vec<_>, Vec<_>) = self.terms.iter().partition(|(factors, _)| factors.is_empty());
        for (k, (factors, n)) in rest.into_iter().chain(constant).enumerate() {
            let negative = *n < 0;
            match (k, negative) {
                (0, false) => {}
                (0, true) => f.write_str("-")?,
                (_, false) => f.write_str(" + ")?,
                (_, true) => f.write_str(" - ")?,
            }
            let n = n.unsigned_abs();
            if factors.is_empty() {
                write!(f, "{n}")?;
                continue;
            }
            if n != 1 {
                write!(f, "{n}*")?;
            }
            let alone = factors.len() == 1 && n == 1 && !(k == 0 && negative);
            for (j, factor) in factors.iter().enumerate() {
                if j > 0 {
                    f.write_str("*")?;
                }
                match factor {
                    Factor::Symbol(name) => f.write_str(name)?,
                    Factor::Quotient(a, b) if alone => write!(f, "{}/{}", a.atom(), b.atom())?,
                    Factor::Quotient(a, b) => write!(f, "({}/{})", a.atom(), b.atom())?,
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A size as a model file writes it: a bare integer or symbol, anything else as a string.
#[must_use]
pub fn size_text(size: &Size) -> String {
    match size.known().is_some() || size.as_symbol().is_some() {
        true => size.to_string(),
        false => format!("\"{size}\""),
    }
}

/// A list of sizes as a model file writes it: `[N, 10]`.
#[must_use]
pub fn shape_text(shape: &[Size]) -> String {
    format!("[{}]", shape.iter().map(size_text).collect::<Vec<_>>().join(", "))
}

/// Reads an integer, or a string that [`Size::parse`] understands.
impl<'de> serde::Deserialize<'de> for Size {
    fn deserialize<D: de::Deserializer<'de>>(from: D) -> Result<Size, D::Error> {
        struct SizeVisitor;
        impl Visitor<'_> for SizeVisitor {
            type Value = Size;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size: an integer, a symbol, or a string such as \"N*2 + 1\"")
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Size, E> {
                usize::try_from(n).map(Size::from).map_err(|_| E::custom(format!("size {n} is too large")))
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Size, E> {
                usize::try_from(n).map(Size::from).map_err(|_| E::custom(format!("size {n} is negative")))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Size, E> {
                Size::parse(text).map_err(E::custom)
            }
        }
        from.deserialize_any(SizeVisitor)
    }
}
