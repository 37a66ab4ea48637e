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
    /// The terms with factors, sorted; none for a plain number. Sizes are copied far more often than they are made.
    symbolic: Option<Arc<[Term]>>,
    constant: i64,
}

/// Factors, sorted, with their coefficient; a constant has no factors.
type Term = (Vec<Factor>, i64);

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

    fn factor(factor: Factor) -> Size {
        Size { symbolic: Some([(vec![factor], 1)].into()), constant: 0 }
    }

    /// The terms with factors.
    fn symbolic(&self) -> &[Term] {
        self.symbolic.as_deref().unwrap_or_default()
    }

    /// Every term, the constant first when it is not zero.
    fn terms(&self) -> impl Iterator<Item = (&[Factor], i64)> {
        let constant = Some(self.constant).filter(|n| *n != 0).map(|n| (&[] as &[Factor], n));
        constant.into_iter().chain(self.symbolic().iter().map(|(factors, n)| (factors.as_slice(), *n)))
    }

    /// The size named `name`.
    #[must_use]
    pub fn symbol(name: &str) -> Size {
        Size::factor(Factor::Symbol(name.into()))
    }

    /// The integer, when no symbol takes part.
    #[must_use]
    pub fn known(&self) -> Option<usize> {
        match self.symbolic {
            None => usize::try_from(self.constant).ok(),
            Some(_) => None,
        }
    }

    /// The symbol's name, when the size is one symbol alone.
    #[must_use]
    pub fn as_symbol(&self) -> Option<&str> {
        match self.symbolic() {
            [(factors, 1)] if self.constant == 0 => match factors.as_slice() {
                [Factor::Symbol(name)] => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    /// Calls `f` with every symbol that takes part.
    pub fn symbols(&self, f: &mut dyn FnMut(&str)) {
        for factor in self.symbolic().iter().flat_map(|(factors, _)| factors) {
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
        Size::factor(Factor::Quotient(Arc::new(rest), Arc::new(by.clone())))
    }

    /// What `by` goes into exactly, already divided, and the rest: `(H - 2)/2` is `H/2 - 1`, so that quotients
    /// of one value have one form.
    fn split(&self, by: &Size) -> (Option<Size>, Size) {
        let n = by.known().and_then(|n| i64::try_from(n).ok()).filter(|n| *n > 1);
        let (mut whole, mut rest) = (Vec::new(), Vec::new());
        for (factors, coefficient) in self.terms() {
            let factors = factors.to_vec();
            match n {
                Some(n) => {
                    whole.push((factors.clone(), coefficient.div_euclid(n)));
                    rest.push((factors, coefficient.rem_euclid(n)));
                }
                None => match by.divides(&factors, coefficient) {
                    Some(quotient) => whole.push(quotient),
                    None => rest.push((factors, coefficient)),
                },
            }
        }
        let whole = Size::collect(whole);
        (Some(whole).filter(|whole| *whole != Size::from(0)), Size::collect(rest))
    }

    /// `self / by` when `by` is a single product that divides every term.
    fn exact_quotient(&self, by: &Size) -> Option<Size> {
        let terms = self.terms().map(|(factors, coefficient)| by.divides(factors, coefficient));
        Some(Size::collect(terms.collect::<Option<_>>()?))
    }

    /// A term divided by this size, when this is a single product that divides it.
    fn divides(&self, factors: &[Factor], coefficient: i64) -> Option<Term> {
        let mut own = self.terms();
        let ((divisor, n), None) = (own.next()?, own.next()) else { return None };
        let mut rest = factors.to_vec();
        for factor in divisor {
            rest.remove(rest.iter().position(|f| f == factor)?);
        }
        (coefficient.checked_rem(n)? == 0).then(|| (rest, coefficient / n))
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
        for (factors, coefficient) in self.terms() {
            let mut product = coefficient;
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
        for (factors, coefficient) in self.terms() {
            let mut product = Size { symbolic: None, constant: coefficient };
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

    fn collect(mut terms: Vec<Term>) -> Size {
        for (factors, _) in &mut terms {
            factors.sort();
        }
        terms.sort();
        let mut merged: Vec<Term> = Vec::with_capacity(terms.len());
        for (factors, n) in terms {
            match merged.last_mut() {
                Some((last, m)) if *last == factors => *m = m.saturating_add(n),
                _ => merged.push((factors, n)),
            }
        }
        merged.retain(|(_, n)| *n != 0);
        if merged.len() > Size::MAX_TERMS {
            return Size::too_long();
        }
        let constant =
            if merged.first().is_some_and(|(factors, _)| factors.is_empty()) { merged.remove(0).1 } else { 0 };
        Size { symbolic: Some(merged).filter(|terms| !terms.is_empty()).map(Arc::from), constant }
    }

    /// Reads what `Display` writes: `3`, `N`, `N*2 + 1`, `(H + 2)/2`.
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    pub fn parse(text: &str) -> Result<Size, String> {
        parse::parse(text)
    }
}

fn owned((factors, n): (&[Factor], i64)) -> Term {
    (factors.to_vec(), n)
}

impl From<usize> for Size {
    fn from(n: usize) -> Size {
        Size { symbolic: None, constant: i64::try_from(n).unwrap_or(i64::MAX) }
    }
}

impl Add for &Size {
    type Output = Size;
    fn add(self, other: &Size) -> Size {
        Size::collect(self.terms().chain(other.terms()).map(owned).collect())
    }
}

impl Sub for &Size {
    type Output = Size;
    fn sub(self, other: &Size) -> Size {
        let negated = other.terms().map(|(factors, n)| (factors, n.saturating_neg()));
        Size::collect(self.terms().chain(negated).map(owned).collect())
    }
}

impl Mul for &Size {
    type Output = Size;
    fn mul(self, other: &Size) -> Size {
        if let (None, None) = (&self.symbolic, &other.symbolic) {
            return Size { symbolic: None, constant: self.constant.saturating_mul(other.constant) };
        }
        if self.terms().count() * other.terms().count() > Size::MAX_TERMS * Size::MAX_TERMS / 4 {
            return Size::too_long();
        }
        let mut terms = Vec::new();
        for (fa, a) in self.terms() {
            for (fb, b) in other.terms() {
                terms.push((fa.iter().chain(fb).cloned().collect(), a.saturating_mul(b)));
            }
        }
        Size::collect(terms)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Symbols come before the constant, as one writes them by hand.
        let constant = (Vec::new(), self.constant);
        let last = Some(&constant).filter(|_| self.constant != 0 || self.symbolic.is_none());
        for (k, (factors, n)) in self.symbolic().iter().chain(last).enumerate() {
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
