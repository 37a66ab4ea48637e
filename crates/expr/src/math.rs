//! The element types and their accurate kernels.
//!
//! Every function here is branch-free, or branches alike for all elements, and is meant to be inlined into a loop
//! that the compiler turns into vector code.

mod double;
mod series;
mod single;
#[cfg(test)]
mod tests;

/// An element type: f32 or f64. Sealed.
///
/// The functions are the primitives' kernels, element by element, within 2.5 ULP of the exact value.
#[expect(missing_docs, reason = "each function is the primitive of its name in `Func` and `Binary`")]
pub trait Float:
    Copy
    + PartialOrd
    + std::fmt::Debug
    + Default
    + Send
    + Sync
    + sealed::Sealed
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
    + std::ops::Neg<Output = Self>
    + 'static
{
    const ZERO: Self;
    const ONE: Self;
    const INFINITY: Self;
    const NEG_INFINITY: Self;
    fn from_f64(value: f64) -> Self;
    fn to_f64(self) -> f64;
    fn finite(self) -> bool;
    fn is_nan(self) -> bool;
    fn mul_add(self, b: Self, c: Self) -> Self;
    fn pow(self, exponent: Self) -> Self;
    /// `self ^ (b - c)`, with the difference as exact as the kernel is inside.
    fn pow_difference(self, b: Self, c: Self) -> Self;
    fn abs(self) -> Self;
    fn sign(self) -> Self;
    fn floor(self) -> Self;
    fn ceil(self) -> Self;
    fn round(self) -> Self;
    fn sqrt(self) -> Self;
    fn exp(self) -> Self;
    fn expm1(self) -> Self;
    fn log(self) -> Self;
    fn log1p(self) -> Self;
    fn sin(self) -> Self;
    fn cos(self) -> Self;
    fn tan(self) -> Self;
    fn sinh(self) -> Self;
    fn cosh(self) -> Self;
    fn tanh(self) -> Self;
    fn erf(self) -> Self;
    fn normal_cdf(self) -> Self;
    /// `sigmoid(self)` and its slope, `sigmoid(self) sigmoid(-self)`.
    fn sigmoid_slope(self) -> (Self, Self);
    #[inline(always)]
    fn sigmoid(self) -> Self {
        self.sigmoid_slope().0
    }
    fn softplus(self) -> Self;
    /// True when `sin`, `cos` and `tan` take the short way for `x`.
    fn small_angle(self) -> bool;
}

/// Keeps [`Float`] to the types of this crate, and the interpreter's code in it.
pub(crate) mod sealed {
    use crate::program::Run;

    pub trait Sealed: Sized {
        /// Runs a program on the machine's best vectors. Not generic, so that it is compiled here and once.
        fn interpret(arch: pulp::Arch, run: &Run<'_, Self>);
    }

    impl Sealed for f32 {
        fn interpret(arch: pulp::Arch, run: &Run<'_, f32>) {
            arch.dispatch(run);
        }
    }

    impl Sealed for f64 {
        fn interpret(arch: pulp::Arch, run: &Run<'_, f64>) {
            arch.dispatch(run);
        }
    }
}

/// The members that read the same for both types, beside each type's own `exp_of_negative`.
macro_rules! common {
    ($t:ty) => {
        const ZERO: Self = 0.0;
        const ONE: Self = 1.0;
        const INFINITY: Self = <$t>::INFINITY;
        const NEG_INFINITY: Self = <$t>::NEG_INFINITY;

        #[inline(always)]
        fn from_f64(value: f64) -> Self {
            value as $t
        }

        #[inline(always)]
        fn to_f64(self) -> f64 {
            f64::from(self)
        }

        #[inline(always)]
        fn finite(self) -> bool {
            self.is_finite()
        }

        #[inline(always)]
        fn is_nan(self) -> bool {
            <$t>::is_nan(self)
        }

        #[inline(always)]
        fn mul_add(self, b: Self, c: Self) -> Self {
            <$t>::mul_add(self, b, c)
        }

        #[inline(always)]
        fn abs(self) -> Self {
            <$t>::abs(self)
        }

        #[inline(always)]
        fn sign(self) -> Self {
            if (self == 0.0) | self.is_nan() { self } else { <$t>::copysign(1.0, self) }
        }

        #[inline(always)]
        fn floor(self) -> Self {
            <$t>::floor(self)
        }

        #[inline(always)]
        fn ceil(self) -> Self {
            <$t>::ceil(self)
        }

        #[inline(always)]
        fn round(self) -> Self {
            <$t>::round_ties_even(self)
        }

        #[inline(always)]
        fn sigmoid_slope(self) -> (Self, Self) {
            let e = exp_of_negative(-self.abs());
            let y = (if self < 0.0 { e } else { 1.0 }) / (1.0 + e);
            // Neither way subtracts what is near 1.
            (y, y * (if self < 0.0 { 1.0 - y } else { y * e }))
        }

        #[inline(always)]
        fn sqrt(self) -> Self {
            <$t>::sqrt(self)
        }
    };
}
use common;
