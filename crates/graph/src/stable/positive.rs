//! Positive numbers by their exponents: what never leaves the numbers on the way to a logarithm or a quotient.

use graphrun_expr::{Binary, Expr, ExprKind, Func};

/// The number `factor * e^exponent`. What may be huge is in the exponent; the factor, 1 where there is none, is a constant or
/// a sum of exponentials of which the largest is 1, or the reciprocal of such.
#[derive(Clone)]
pub(super) struct Positive {
    pub(super) exponent: Expr,
    pub(super) factor: Option<Expr>,
}

impl Positive {
    /// `e^exponent`.
    pub(super) fn power(exponent: Expr) -> Positive {
        Positive { exponent, factor: None }
    }

    /// A number that is neither huge nor tiny.
    pub(super) fn plain(factor: Expr) -> Positive {
        Positive {
            exponent: Expr::constant(0.0),
            factor: Some(factor).filter(|factor| factor.as_constant() != Some(1.0)),
        }
    }

    /// Whether its size is known without an exponential.
    pub(super) fn is_plain(&self) -> bool {
        self.exponent.as_constant() == Some(0.0)
    }

    /// Its logarithm. The exponent comes first: in `(x - m) - log(s)` the first difference is exact where it is small.
    pub(super) fn log(&self) -> Expr {
        match &self.factor {
            Some(factor) => (self.exponent.clone() + Expr::unary(Func::Log, factor.clone())).simplify(),
            None => self.exponent.clone(),
        }
    }

    /// The number itself.
    pub(super) fn value(self) -> Expr {
        let power = Expr::unary(Func::Exp, self.exponent);
        match self.factor {
            None => power,
            Some(factor) => match factor.kind() {
                ExprKind::Unary(Func::Recip, divisor) => power / divisor.clone(),
                _ => factor * power,
            },
        }
    }

    pub(super) fn times(self, other: Positive) -> Positive {
        let exponent = sum(self.exponent, other.exponent);
        let (kept, joined) = match (self.factor, other.factor) {
            (Some(a), Some(b)) if a.as_constant().is_some() => (Some(b), Some(a)),
            (a, None) => (a, None),
            (None, b) => (b, None),
            both => both,
        };
        // Factors that are multiplied may become huge.
        let joined = joined.map(|factor| Expr::unary(Func::Log, factor));
        Positive { exponent: joined.map_or(exponent.clone(), |log| sum(exponent, log)), factor: kept }
    }

    pub(super) fn inverse(self) -> Positive {
        let factor = self.factor.map(|factor| Expr::unary(Func::Recip, factor).simplify());
        Positive { exponent: (-self.exponent).simplify(), factor }
    }

    /// The number to a power.
    pub(super) fn to(self, power: Expr) -> Positive {
        Positive::power((power * self.log()).simplify())
    }

    pub(super) fn plus(self, other: Positive) -> Positive {
        let constant = |p: &Positive| p.factor.as_ref().map_or(Some(1.0), Expr::as_constant).filter(|_| p.is_plain());
        match (constant(&self), constant(&other)) {
            (Some(c), _) => Positive::above(c, &other),
            (_, Some(c)) => Positive::above(c, &self),
            (None, None) => {
                let largest = Expr::binary(Binary::Max, self.exponent.clone(), other.exponent.clone());
                let part = |Positive { exponent, factor }: Positive| {
                    Positive { exponent: exponent - largest.clone(), factor }.value()
                };
                let factor = part(self) + part(other);
                Positive { exponent: largest, factor: Some(factor) }
            }
        }
    }

    /// `c + other`.
    fn above(c: f64, other: &Positive) -> Positive {
        let rest = (other.log() - Expr::constant(c.ln())).simplify();
        Positive { exponent: Expr::unary(Func::Softplus, rest), ..Positive::plain(Expr::constant(c)) }
    }
}

/// Whether an expression is the exponential of an exponent less the largest of several, which is 1 at most.
pub(super) fn lowered(expr: &Expr) -> bool {
    let ExprKind::Unary(Func::Exp, exponent) = expr.kind() else { return false };
    let ExprKind::Binary(Binary::Sub, x, largest) = exponent.kind() else { return false };
    matches!(largest.kind(), ExprKind::Binary(Binary::Max, a, b) if a == x || b == x)
}

fn sum(a: Expr, b: Expr) -> Expr {
    (a + b).simplify()
}
