//! The kernels in f64.

use super::{Float, common};
use crate::{Binary, Func};

macro_rules! plain {
    ($($name:ident: $func:ident),*) => {
        $(
            #[inline(always)]
            fn $name(self) -> Self {
                Func::$func.eval(f64::from(self)) as f64
            }
        )*
    };
}

impl Float for f64 {
    common!(f64);

    fn pow(self, exponent: Self) -> Self {
        Binary::Pow.eval(f64::from(self), f64::from(exponent)) as f64
    }
    fn small_angle(self) -> bool {
        true
    }

    plain!(exp: Exp, expm1: Expm1, log: Log, log1p: Log1p, sin: Sin, cos: Cos, tan: Tan, sinh: Sinh, cosh: Cosh,
        tanh: Tanh, erf: Erf, sigmoid: Sigmoid, softplus: Softplus);
}
