//! The primitives: names and plain reference semantics, each listed once.

/// A primitive of one argument; each has its own accurate kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Func {
    /// `-x`.
    Neg,
    /// `|x|`.
    Abs,
    /// -1, 0 or 1; NaN stays NaN.
    Sign,
    /// The greatest integer not above x.
    Floor,
    /// The least integer not below x.
    Ceil,
    /// The nearest integer, halves to the even one.
    Round,
    /// The square root.
    Sqrt,
    /// `1 / sqrt(x)`.
    Rsqrt,
    /// `1 / x`, written `inv`.
    Recip,
    /// `x * x`.
    Square,
    /// `x * x * x`.
    Cube,
    /// `e^x`.
    Exp,
    /// `e^x - 1` without cancellation.
    Expm1,
    /// The natural logarithm.
    Log,
    /// `log(1 + x)` without cancellation.
    Log1p,
    /// The sine of an angle in radians.
    Sin,
    /// The cosine of an angle in radians.
    Cos,
    /// The tangent of an angle in radians.
    Tan,
    /// The hyperbolic sine.
    Sinh,
    /// The hyperbolic cosine.
    Cosh,
    /// The hyperbolic tangent.
    Tanh,
    /// The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x.
    Erf,
    /// The chance that a standard normal number is below x, exact to the last digits far below 0 too.
    NormalCdf,
    /// `1 / (1 + e^-x)`, finite everywhere.
    Sigmoid,
    /// `log(1 + e^x)`, finite wherever x is.
    Softplus,
}

impl Func {
    /// Every primitive of one argument.
    pub const ALL: [Func; 25] = [
        Func::Neg,
        Func::Abs,
        Func::Sign,
        Func::Floor,
        Func::Ceil,
        Func::Round,
        Func::Sqrt,
        Func::Rsqrt,
        Func::Recip,
        Func::Square,
        Func::Cube,
        Func::Exp,
        Func::Expm1,
        Func::Log,
        Func::Log1p,
        Func::Sin,
        Func::Cos,
        Func::Tan,
        Func::Sinh,
        Func::Cosh,
        Func::Tanh,
        Func::Erf,
        Func::NormalCdf,
        Func::Sigmoid,
        Func::Softplus,
    ];

    /// The name that calls it in a formula.
    pub fn name(self) -> &'static str {
        match self {
            Func::Neg => "neg",
            Func::Abs => "abs",
            Func::Sign => "sign",
            Func::Floor => "floor",
            Func::Ceil => "ceil",
            Func::Round => "round",
            Func::Sqrt => "sqrt",
            Func::Rsqrt => "rsqrt",
            Func::Recip => "inv",
            Func::Square => "square",
            Func::Cube => "cube",
            Func::Exp => "exp",
            Func::Expm1 => "expm1",
            Func::Log => "log",
            Func::Log1p => "log1p",
            Func::Sin => "sin",
            Func::Cos => "cos",
            Func::Tan => "tan",
            Func::Sinh => "sinh",
            Func::Cosh => "cosh",
            Func::Tanh => "tanh",
            Func::Erf => "erf",
            Func::NormalCdf => "normal_cdf",
            Func::Sigmoid => "sigmoid",
            Func::Softplus => "softplus",
        }
    }

    /// The primitive of that name.
    pub fn named(name: &str) -> Option<Func> {
        Func::ALL.into_iter().find(|f| f.name() == name)
    }

    /// Whether its slope vanishes on some side far out, faster than the slopes of what it is taken of grow.
    pub fn levels_off(self) -> bool {
        use Func::*;
        matches!(self, Recip | Exp | Expm1 | Tanh | Erf | NormalCdf | Sigmoid | Softplus)
    }

    /// Its value in f64 by the standard library.
    pub fn eval(self, x: f64) -> f64 {
        match self {
            Func::Neg => -x,
            Func::Abs => x.abs(),
            Func::Sign if x == 0.0 || x.is_nan() => x,
            Func::Sign => x.signum(),
            Func::Floor => x.floor(),
            Func::Ceil => x.ceil(),
            Func::Round => x.round_ties_even(),
            Func::Sqrt => x.sqrt(),
            Func::Rsqrt => 1.0 / x.sqrt(),
            Func::Recip => 1.0 / x,
            Func::Square => x * x,
            Func::Cube => x * x * x,
            Func::Exp => x.exp(),
            Func::Expm1 => x.exp_m1(),
            Func::Log => x.ln(),
            Func::Log1p => x.ln_1p(),
            Func::Sin => x.sin(),
            Func::Cos => x.cos(),
            Func::Tan => x.tan(),
            Func::Sinh => x.sinh(),
            Func::Cosh => x.cosh(),
            Func::Tanh => x.tanh(),
            Func::Erf => libm::erf(x),
            Func::NormalCdf => normal_cdf(x),
            Func::Sigmoid if x >= 0.0 => 1.0 / (1.0 + (-x).exp()),
            Func::Sigmoid => {
                let e = x.exp();
                e / (1.0 + e)
            }
            Func::Softplus => {
                let tail = (-x.abs()).exp().ln_1p();
                if x > 0.0 { x + tail } else { tail }
            }
        }
    }
}

/// `erfc(-x / sqrt 2) / 2` in f64.
fn normal_cdf(x: f64) -> f64 {
    use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};
    /// What 1 / sqrt 2 has beyond the f64 constant.
    const FRAC_1_SQRT_2_LOW: f64 = -4.833_646_656_726_457e-17;
    if x.abs() > 40.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let u = -x * FRAC_1_SQRT_2;
    // The tail is steep: what rounding took from the argument is put back by the slope.
    let low = (-x).mul_add(FRAC_1_SQRT_2, -u) - x * FRAC_1_SQRT_2_LOW;
    0.5 * (libm::erfc(u) - FRAC_2_SQRT_PI * (-u * u).exp() * low)
}

/// A primitive of two arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Binary {
    /// `a + b`.
    Add,
    /// `a - b`.
    Sub,
    /// `a * b`.
    Mul,
    /// `a / b`.
    Div,
    /// `a ^ b`.
    Pow,
    /// The greater one; NaN when either is NaN; the first at a tie.
    Max,
    /// The lesser one; NaN when either is NaN; the first at a tie.
    Min,
    /// 1 where `a < b`, else 0.
    Less,
    /// 1 where `a > b`, else 0.
    Greater,
    /// 1 where `a == b`, else 0.
    Equal,
    /// 1 where `a <= b`, else 0.
    LessEqual,
    /// 1 where `a >= b`, else 0.
    GreaterEqual,
}

impl Binary {
    /// Every primitive of two arguments.
    pub const ALL: [Binary; 12] = [
        Binary::Add,
        Binary::Sub,
        Binary::Mul,
        Binary::Div,
        Binary::Pow,
        Binary::Max,
        Binary::Min,
        Binary::Less,
        Binary::Greater,
        Binary::Equal,
        Binary::LessEqual,
        Binary::GreaterEqual,
    ];

    /// How it is written: a sign between its operands, or for `max` and `min` the name of a call.
    pub fn symbol(self) -> &'static str {
        match self {
            Binary::Add => "+",
            Binary::Sub => "-",
            Binary::Mul => "*",
            Binary::Div => "/",
            Binary::Pow => "^",
            Binary::Max => "max",
            Binary::Min => "min",
            Binary::Less => "<",
            Binary::Greater => ">",
            Binary::Equal => "==",
            Binary::LessEqual => "<=",
            Binary::GreaterEqual => ">=",
        }
    }

    /// True when swapping the operands changes nothing, not even the result's bits.
    pub fn commutes(self) -> bool {
        matches!(self, Binary::Add | Binary::Mul | Binary::Equal)
    }

    /// True for the comparisons, whose value is 1 or 0.
    pub fn compares(self) -> bool {
        matches!(self, Binary::Less | Binary::Greater | Binary::Equal | Binary::LessEqual | Binary::GreaterEqual)
    }

    /// Its value in f64 by the standard library.
    pub fn eval(self, a: f64, b: f64) -> f64 {
        let truth = |holds: bool| f64::from(u8::from(holds));
        match self {
            Binary::Add => a + b,
            Binary::Sub => a - b,
            Binary::Mul => a * b,
            Binary::Div => a / b,
            Binary::Pow => a.powf(b),
            Binary::Max if a >= b || a.is_nan() => a,
            Binary::Min if a <= b || a.is_nan() => a,
            Binary::Max | Binary::Min => b,
            Binary::Less => truth(a < b),
            Binary::Greater => truth(a > b),
            Binary::Equal => truth(a == b),
            Binary::LessEqual => truth(a <= b),
            Binary::GreaterEqual => truth(a >= b),
        }
    }
}
