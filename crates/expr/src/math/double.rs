//! The kernels in f64.
//!
//! `exp`, `expm1`, `log`, `tanh` and `sigmoid` are vector code; the others call the standard library, which is within
//! one or two units on every platform.

use super::series::{ROUNDER, power_of_two, reduce, small_expm1, split};
use super::{Float, common};
use crate::{Binary, Func};

/// `e^x` for x at most 0: what lies below the normal numbers is reached in one exact and one rounded step.
#[inline(always)]
fn exp_of_negative(x: f64) -> f64 {
    let x = if x < -746.0 { -746.0 } else { x };
    let (shifted, r) = reduce(x);
    (1.0 + small_expm1::<13>(r)) * power_of_two(shifted + 64.0) * (1.0 / 18_446_744_073_709_551_616.0)
}

/// The members that the standard library computes.
macro_rules! library {
    ($($name:ident: $func:ident),*) => {
        $(
            #[inline(always)]
            fn $name(self) -> f64 {
                Func::$func.eval(self)
            }
        )*
    };
}

impl Float for f64 {
    common!(f64);
    library!(log1p: Log1p, sin: Sin, cos: Cos, tan: Tan, sinh: Sinh, cosh: Cosh, erf: Erf);
    library!(normal_cdf: NormalCdf, softplus: Softplus);

    #[inline(always)]
    fn exp(self) -> f64 {
        let x = if self > 710.0 { 710.0 } else { self };
        let x = if x < -746.0 { -746.0 } else { x };
        let (shifted, r) = reduce(x);
        // Half of the power at a time, since all of it may lie outside the normal numbers.
        let half = (shifted - ROUNDER).mul_add(0.5, ROUNDER);
        let rest = (shifted - half) + ROUNDER;
        small_expm1::<13>(r).mul_add(power_of_two(half), power_of_two(half)) * power_of_two(rest)
    }

    #[inline(always)]
    fn expm1(self) -> f64 {
        let x = if self > 710.0 { 710.0 } else { self };
        let x = if x < -100.0 { -100.0 } else { x };
        let (shifted, r) = reduce(x);
        // Half of the result first: the power alone may lie above the finite numbers.
        let half = power_of_two(shifted - 1.0);
        small_expm1::<13>(r).mul_add(half, half - 0.5) * 2.0
    }

    /// The series of fdlibm's e_log.c (Sun Microsystems).
    #[inline(always)]
    fn log(self) -> f64 {
        const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
        const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
        let tiny = self < f64::MIN_POSITIVE;
        let (exponent, f) = split(if tiny { self * 18_014_398_509_481_984.0 } else { self });
        let exponent = exponent - if tiny { 54.0 } else { 0.0 };
        let s = f / (2.0 + f);
        let square = s * s;
        let mut p = 1.479_819_860_511_658_6e-1;
        p = square.mul_add(p, 1.531_383_769_920_937_3e-1);
        p = square.mul_add(p, 1.818_357_216_161_805e-1);
        p = square.mul_add(p, 2.222_219_843_214_978_4e-1);
        p = square.mul_add(p, 2.857_142_874_366_239e-1);
        p = square.mul_add(p, 3.999_999_999_940_942e-1);
        p = square.mul_add(p, 6.666_666_666_666_735e-1);
        let half = 0.5 * f * f;
        let low = s.mul_add(square.mul_add(p, half), exponent * LN_2_LOW);
        let value = exponent.mul_add(LN_2_HIGH, f - (half - low));
        let value = if self == f64::INFINITY { self } else { value };
        let value = if self == 0.0 { f64::NEG_INFINITY } else { value };
        if self >= 0.0 { value } else { f64::NAN }
    }

    #[inline(always)]
    fn tanh(self) -> f64 {
        let x = self.abs();
        let x = if x > 22.0 { 22.0 } else { x };
        let (shifted, r) = reduce(x + x);
        let power = power_of_two(shifted);
        let t = small_expm1::<13>(r).mul_add(power, power - 1.0);
        (t / (t + 2.0)).copysign(self)
    }

    #[inline(always)]
    fn pow(self, exponent: f64) -> f64 {
        Binary::Pow.eval(self, exponent)
    }

    #[inline(always)]
    fn pow_difference(self, b: f64, c: f64) -> f64 {
        self.pow(b - c)
    }

    #[inline(always)]
    fn small_angle(self) -> bool {
        true
    }
}
