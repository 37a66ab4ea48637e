//! Symbolic derivatives: one table for the functions, one for the operators.
//!
//! A derivative that is zero by structure is `None` on the way up, so it never multiplies anything: what does not
//! depend on the variable cannot bring in `0 * inf`.

use std::f64::consts::FRAC_2_SQRT_PI;

use crate::simplify::reduce;
use crate::{Binary, Expr, ExprKind, Func};

/// The density of a standard normal number at 0.
const FRAC_1_SQRT_2_PI: f64 = 0.398_942_280_401_432_7;

/// The largest slope in which exponentials are looked for.
const MAX_SLOPE: usize = 64;

impl Expr {
    /// The derivative with respect to variable `index`, simplified.
    ///
    /// Conventions: `abs` has slope 0 at 0; at a tie `max` and `min` follow their first operand, so
    /// `max(0, x)` has slope 0 at 0; `sign`, the roundings, comparisons and the condition of `if` have slope 0; so has
    /// the exponent of a base that is not positive.
    pub fn derivative(&self, index: usize) -> Expr {
        let slope = self.slope(index);
        slope.unwrap_or_else(|| Expr::constant(0.0))
    }

    /// True when its derivative with respect to some variable is not zero by structure.
    pub fn differentiable(&self) -> bool {
        (0..self.variables()).any(|index| self.slope(index).is_some())
    }

    fn slope(&self, index: usize) -> Option<Expr> {
        self.simplify().fold(|node, slopes: &[Option<Expr>]| match (node.kind(), slopes) {
            (ExprKind::Var(i), _) => (*i == index).then(|| Expr::constant(1.0)),
            (ExprKind::Unary(f, x), [Some(dx)]) => unary(*f, x, node, dx),
            (ExprKind::Binary(f, a, b), [da, db]) => binary(*f, a, b, node, da.as_ref(), db.as_ref()),
            (ExprKind::Select(c, _, _), [_, da, db]) => choose(c.clone(), da.as_ref(), db.as_ref()),
            _ => None,
        })
    }
}

fn constant(value: f64) -> Expr {
    Expr::constant(value)
}

fn call(f: Func, x: &Expr) -> Expr {
    reduce(&Expr::unary(f, x.clone()))
}

fn op(f: Binary, a: &Expr, b: &Expr) -> Expr {
    reduce(&Expr::binary(f, a.clone(), b.clone()))
}

fn scale(factor: f64, x: &Expr) -> Expr {
    op(Binary::Mul, &constant(factor), x)
}

/// The slope of `y = f(x)` where x has the slope `dx`.
fn unary(f: Func, x: &Expr, y: &Expr, dx: &Expr) -> Option<Expr> {
    let one = constant(1.0);
    let slope = match f {
        Func::Neg => return Some(call(Func::Neg, dx)),
        Func::Sign | Func::Floor | Func::Ceil | Func::Round => return None,
        Func::Abs => call(Func::Sign, x),
        Func::Sqrt => scale(0.5, &call(Func::Rsqrt, x)),
        // Not the third power, which may overflow where half of it does not.
        Func::Rsqrt => op(Binary::Mul, &scale(-0.5, y), &call(Func::Square, y)),
        Func::Recip => call(Func::Neg, &call(Func::Square, y)),
        Func::Square => scale(2.0, x),
        Func::Cube => scale(3.0, &call(Func::Square, x)),
        Func::Exp => y.clone(),
        Func::Expm1 => call(Func::Exp, x),
        Func::Log => call(Func::Recip, x),
        Func::Log1p => call(Func::Recip, &op(Binary::Add, &one, x)),
        Func::Sin => call(Func::Cos, x),
        Func::Cos => call(Func::Neg, &call(Func::Sin, x)),
        Func::Tan => op(Binary::Add, &one, &call(Func::Square, y)),
        Func::Sinh => call(Func::Cosh, x),
        Func::Cosh => call(Func::Sinh, x),
        Func::Tanh => op(Binary::Sub, &one, &call(Func::Square, y)),
        Func::Erf => scale(FRAC_2_SQRT_PI, &call(Func::Exp, &call(Func::Neg, &call(Func::Square, x)))),
        Func::NormalCdf => scale(FRAC_1_SQRT_2_PI, &call(Func::Exp, &scale(-0.5, &call(Func::Square, x)))),
        Func::Sigmoid => op(Binary::Mul, y, &call(Func::Sigmoid, &call(Func::Neg, x))),
        Func::Softplus => call(Func::Sigmoid, x),
    };
    let product = op(Binary::Mul, &slope, dx);
    Some(match f.levels_off() && explodes(dx) {
        true => reduce(&Expr::select(slope, product, constant(0.0))),
        false => product,
    })
}

/// Whether an expression, not a large one, grows as exponentials do: where a slope that it is multiplied by has vanished,
/// so has the product.
fn explodes(expr: &Expr) -> bool {
    let exponential = matches!(expr.kind(), ExprKind::Unary(Func::Exp | Func::Sinh | Func::Cosh, _));
    expr.size() <= MAX_SLOPE && (exponential || expr.kind().children().any(explodes))
}

/// The slope of `y = f(a, b)` where a and b have the slopes `da` and `db`.
fn binary(f: Binary, a: &Expr, b: &Expr, y: &Expr, da: Option<&Expr>, db: Option<&Expr>) -> Option<Expr> {
    match f {
        Binary::Add => join(Binary::Add, da.cloned(), db.cloned()),
        Binary::Sub => join(Binary::Sub, da.cloned(), db.cloned()),
        Binary::Mul => {
            let (left, right) = (da.map(|da| op(Binary::Mul, da, b)), db.map(|db| op(Binary::Mul, a, db)));
            join(Binary::Add, left, right)
        }
        Binary::Div => {
            let top = join(Binary::Sub, da.cloned(), db.map(|db| op(Binary::Mul, y, db)));
            top.map(|top| op(Binary::Div, &top, b))
        }
        Binary::Pow => {
            let left = da.map(|da| op(Binary::Mul, &power_by_base(a, b), da));
            let right = db.map(|db| op(Binary::Mul, &power_by_exponent(a, y), db));
            join(Binary::Add, left, right)
        }
        Binary::Max => choose(op(Binary::GreaterEqual, a, b), da, db),
        Binary::Min => choose(op(Binary::LessEqual, a, b), da, db),
        _ => None,
    }
}

/// `b a^(b-1)`; 0 where both are 0. Where b alone is 0 the expression stands, since its slope by b does not vanish.
fn power_by_base(a: &Expr, b: &Expr) -> Expr {
    let slope = op(Binary::Mul, b, &op(Binary::Pow, a, &op(Binary::Sub, b, &constant(1.0))));
    match b.as_constant() {
        Some(_) => slope,
        None => {
            let either = op(Binary::Add, &call(Func::Abs, a), &call(Func::Abs, b));
            reduce(&Expr::select(either, slope, constant(0.0)))
        }
    }
}

/// `a^b log(a)`; 0 where a is not positive: the limit at 0, and below it no power has neighbours. Also 0 where the
/// power vanishes, which it does faster than the logarithm grows.
fn power_by_exponent(a: &Expr, y: &Expr) -> Expr {
    let least = op(Binary::Min, a, y);
    let none = op(Binary::LessEqual, &least, &constant(0.0));
    reduce(&Expr::select(none, constant(0.0), op(Binary::Mul, y, &call(Func::Log, a))))
}

/// `da f db` where f is + or -, and an absent side is zero.
fn join(f: Binary, da: Option<Expr>, db: Option<Expr>) -> Option<Expr> {
    match (da, db) {
        (Some(da), Some(db)) => Some(op(f, &da, &db)),
        (None, Some(db)) if f == Binary::Sub => Some(call(Func::Neg, &db)),
        (da, db) => da.or(db),
    }
}

fn choose(condition: Expr, da: Option<&Expr>, db: Option<&Expr>) -> Option<Expr> {
    let or_zero = |slope: Option<&Expr>| slope.cloned().unwrap_or_else(|| constant(0.0));
    (da.is_some() || db.is_some()).then(|| reduce(&Expr::select(condition, or_zero(da), or_zero(db))))
}
