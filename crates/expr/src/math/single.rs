//! The kernels in f32.
//!
//! `exp`, `log`, `tanh`, `sigmoid` and `erf` work in f32 lanes; the others widen to f64, where a short series is
//! exact to far less than half a unit of f32, and round once.

use super::series::{self, atanh, exp, exp_minus_one};
use super::{Float, common};

/// 1.5 * 2^23: adding it rounds to an integer and leaves that integer in the low bits.
const ROUNDER: f32 = 12_582_912.0;
/// Beyond this magnitude an angle is reduced by the standard library.
const LONG_ANGLE: f32 = 1e9;

/// `n` and `r` with `x = n ln 2 + r`, |r| at most about ln 2 / 2; n as ROUNDER + n.
#[inline(always)]
fn reduce(x: f32) -> (f32, f32) {
    const LN_2_HIGH: f32 = 0.693_145_75;
    const LN_2_LOW: f32 = 1.428_606_8e-6;
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUNDER);
    let n = shifted - ROUNDER;
    (shifted, n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, x)))
}

/// `e^r - 1` for |r| at most ln 2 / 2, by its Taylor series, in which the next term is below 6e-9.
#[inline(always)]
fn small_expm1(r: f32) -> f32 {
    let mut p = 1.0 / 5040.0;
    p = r.mul_add(p, 1.0 / 720.0);
    p = r.mul_add(p, 1.0 / 120.0);
    p = r.mul_add(p, 1.0 / 24.0);
    p = r.mul_add(p, 1.0 / 6.0);
    p = r.mul_add(p, 0.5);
    (r * r).mul_add(p, r)
}

/// 2^n of `ROUNDER + n`, for n from -126 to 127.
#[inline(always)]
fn scale(shifted: f32) -> f32 {
    f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}

/// `e^x` for x at most 0: what lies below the normal numbers is reached in one exact and one rounded step.
#[inline(always)]
fn exp_of_negative(x: f32) -> f32 {
    let x = if x < -104.0 { -104.0 } else { x };
    let (shifted, r) = reduce(x);
    (1.0 + small_expm1(r)) * scale(shifted + 64.0) * (1.0 / 18_446_744_073_709_551_616.0)
}

/// `x = n pi/2 + r` in f64 for |x| up to [`LONG_ANGLE`]: the quadrant's low bits and r.
#[inline(always)]
fn quadrant(x: f32) -> (u64, f64) {
    use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};
    /// What pi / 2 has beyond the f64 constant.
    const FRAC_PI_2_LOW: f64 = 6.123_233_995_736_766e-17;
    let x = f64::from(x);
    let shifted = x.mul_add(FRAC_2_PI, series::ROUNDER);
    let n = shifted - series::ROUNDER;
    (shifted.to_bits(), n.mul_add(-FRAC_PI_2_LOW, n.mul_add(-FRAC_PI_2, x)))
}

/// The sine of r for |r| at most pi / 4, by its Taylor series.
#[inline(always)]
fn small_sin(r: f64) -> f64 {
    let s = r * r;
    let mut p = -1.0 / 39_916_800.0;
    p = s.mul_add(p, 1.0 / 362_880.0);
    p = s.mul_add(p, -1.0 / 5040.0);
    p = s.mul_add(p, 1.0 / 120.0);
    p = s.mul_add(p, -1.0 / 6.0);
    (s * r).mul_add(p, r)
}

/// The cosine of r for |r| at most pi / 4, by its Taylor series.
#[inline(always)]
fn small_cos(r: f64) -> f64 {
    let s = r * r;
    let mut p = 1.0 / 479_001_600.0;
    p = s.mul_add(p, -1.0 / 3_628_800.0);
    p = s.mul_add(p, 1.0 / 40_320.0);
    p = s.mul_add(p, -1.0 / 720.0);
    p = s.mul_add(p, 1.0 / 24.0);
    p = s.mul_add(p, -0.5);
    s.mul_add(p, 1.0)
}

/// The sine of an angle in that quadrant (0 for the sine, 1 for the cosine of x).
#[inline(always)]
fn wave(quadrant: u64, r: f64) -> f32 {
    let value = if quadrant & 1 == 0 { small_sin(r) } else { small_cos(r) };
    // Quadrants 2 and 3 are the negative half of the wave.
    f64::from_bits(value.to_bits() ^ (quadrant & 2) << 62) as f32
}

impl Float for f32 {
    common!(f32);

    #[inline(always)]
    fn exp(self) -> f32 {
        let x = if self > 89.0 { 89.0 } else { self };
        let x = if x < -104.0 { -104.0 } else { x };
        let (shifted, r) = reduce(x);
        // Half of the power at a time, since all of it may lie outside the normal numbers.
        let half = (shifted - ROUNDER).mul_add(0.5, ROUNDER);
        let rest = (shifted - half) + ROUNDER;
        small_expm1(r).mul_add(scale(half), scale(half)) * scale(rest)
    }

    #[inline(always)]
    fn log(self) -> f32 {
        const LN_2_HIGH: f32 = 0.693_359_4;
        const LN_2_LOW: f32 = -2.121_944_4e-4;
        const SQRT_HALF: u32 = 0x3f35_04f3;
        let tiny = self < f32::MIN_POSITIVE;
        let x = if tiny { self * 8_388_608.0 } else { self };
        let bits = x.to_bits().wrapping_sub(SQRT_HALF);
        let exponent = (bits as i32 >> 23) as f32 - if tiny { 23.0 } else { 0.0 };
        let f = f32::from_bits((bits & 0x7f_ffff) + SQRT_HALF) - 1.0;
        // The polynomial of Cephes' logf (Moshier), for f from sqrt(1/2) - 1 to sqrt(2) - 1.
        let mut p = 7.037_683_6e-2;
        p = f.mul_add(p, -1.151_461e-1);
        p = f.mul_add(p, 1.167_699_87e-1);
        p = f.mul_add(p, -1.242_014_1e-1);
        p = f.mul_add(p, 1.424_932_3e-1);
        p = f.mul_add(p, -1.666_805_8e-1);
        p = f.mul_add(p, 2.000_071_5e-1);
        p = f.mul_add(p, -2.499_999_4e-1);
        p = f.mul_add(p, 3.333_333e-1);
        let square = f * f;
        let low = exponent.mul_add(LN_2_LOW, square * f * p);
        let value = exponent.mul_add(LN_2_HIGH, f + square.mul_add(-0.5, low));
        let value = if self == f32::INFINITY { self } else { value };
        let value = if self == 0.0 { f32::NEG_INFINITY } else { value };
        if self >= 0.0 { value } else { f32::NAN }
    }

    #[inline(always)]
    fn tanh(self) -> f32 {
        let x = self.abs();
        let x = if x > 10.0 { 10.0 } else { x };
        let (shifted, r) = reduce(x + x);
        let power = scale(shifted);
        let t = small_expm1(r).mul_add(power, power - 1.0);
        (t / (t + 2.0)).copysign(self)
    }

    /// The two polynomials of N. Juffa's erff: `a + a p(a^2)` below 0.93, `1 - exp(p(a))` above.
    #[inline(always)]
    fn erf(self) -> f32 {
        let t = self.abs();
        let s = self * self;
        let t = if t > 4.0 { 4.0 } else { t };
        let u = t * t;
        let high = (-1.728_534_7e-5_f32).mul_add(t, 3.831_971_3e-4);
        let low = (-3.883_964_4e-3_f32).mul_add(t, 2.425_462_2e-2);
        let mut far = high.mul_add(u, low);
        far = far.mul_add(t, -1.067_778_8e-1);
        far = far.mul_add(t, -6.348_467e-1);
        far = far.mul_add(t, -1.287_175_1e-1);
        far = far.mul_add(t, -t);
        let far = (1.0 - exp_of_negative(far)).copysign(self);
        let mut near = -5.967_617e-4_f32;
        near = near.mul_add(s, 4.991_194e-3);
        near = near.mul_add(s, -2.676_813_5e-2);
        near = near.mul_add(s, 1.128_199_25e-1);
        near = near.mul_add(s, -3.761_253_4e-1);
        near = near.mul_add(s, 1.283_791_7e-1);
        let near = near.mul_add(self, self);
        if t > 0.927_734_4 { far } else { near }
    }

    /// `erfc(z) = t exp(p(t) - z^2)` with `t = 2 / (2 + z)`; p is the Chebyshev fit of what that leaves, to 3e-10.
    #[inline(always)]
    fn normal_cdf(self) -> f32 {
        let x = f64::from(self);
        let z = x.abs() * std::f64::consts::FRAC_1_SQRT_2;
        let z = if z > 11.0 { 11.0 } else { z };
        let t = 2.0 / (2.0 + z);
        let u = t + t - 1.0;
        let mut p = -8.121_253_061_823_328e-6;
        p = u.mul_add(p, 2.072_306_859_351_248_3e-5);
        p = u.mul_add(p, 4.179_588_911_568_491e-5);
        p = u.mul_add(p, -1.546_337_832_568_458_8e-4);
        p = u.mul_add(p, -7.119_730_236_222_634e-5);
        p = u.mul_add(p, 6.579_538_384_198_715e-4);
        p = u.mul_add(p, -1.561_342_805_179_758_7e-4);
        p = u.mul_add(p, -2.339_277_718_482_72e-3);
        p = u.mul_add(p, 1.761_339_367_336_356_7e-3);
        p = u.mul_add(p, 8.823_558_176_018_882e-3);
        p = u.mul_add(p, -9.872_980_459_783_907e-3);
        p = u.mul_add(p, -4.689_548_216_079_033_5e-2);
        p = u.mul_add(p, 4.734_332_036_741_554e-2);
        p = u.mul_add(p, 6.726_432_205_460_016e-1);
        p = u.mul_add(p, -6.717_940_841_603_577e-1);
        let tail = 0.5 * t * exp(z.mul_add(-z, p));
        (if x > 0.0 { 1.0 - tail } else { tail }) as f32
    }

    #[inline(always)]
    fn expm1(self) -> f32 {
        let x = f64::from(self);
        exp_minus_one(if x > 100.0 { 100.0 } else { x }) as f32
    }

    #[inline(always)]
    fn log1p(self) -> f32 {
        let x = f64::from(self);
        let u = 1.0 + x;
        // What rounding took from u, divided by u, is what it took from the logarithm.
        let value = (log(u) + (x - (u - 1.0)) / u) as f32;
        let value = if self == f32::INFINITY { self } else { value };
        let value = if self == -1.0 { f32::NEG_INFINITY } else { value };
        if self >= -1.0 { value } else { f32::NAN }
    }

    #[inline(always)]
    fn softplus(self) -> f32 {
        let x = f64::from(self);
        let e = exp(-x.abs());
        // log(1 + e) = 2 atanh(e / (2 + e)).
        let tail = 2.0 * atanh::<8>(e / (2.0 + e));
        (if x > 0.0 { x + tail } else { tail }) as f32
    }

    #[inline(always)]
    fn sin(self) -> f32 {
        let (n, r) = quadrant(self);
        // A sine keeps the sign of a zero.
        if self == 0.0 { self } else { wave(n, r) }
    }

    #[inline(always)]
    fn cos(self) -> f32 {
        let (n, r) = quadrant(self);
        wave(n.wrapping_add(1), r)
    }

    #[inline(always)]
    fn tan(self) -> f32 {
        let (n, r) = quadrant(self);
        let (sin, cos) = (small_sin(r), small_cos(r));
        let odd = n & 1 == 1;
        let (top, bottom) = if odd { (-cos, sin) } else { (sin, cos) };
        if self == 0.0 { self } else { (top / bottom) as f32 }
    }

    #[inline(always)]
    fn sinh(self) -> f32 {
        let x = f64::from(self).abs();
        let t = exp_minus_one(if x > 100.0 { 100.0 } else { x });
        ((0.5 * (t + t / (t + 1.0))) as f32).copysign(self)
    }

    #[inline(always)]
    fn cosh(self) -> f32 {
        let x = f64::from(self).abs();
        let e = exp(if x > 100.0 { 100.0 } else { x });
        (0.5 * (e + 1.0 / e)) as f32
    }

    #[inline(always)]
    fn pow(self, exponent: f32) -> f32 {
        power(f64::from(self), f64::from(exponent))
    }

    #[inline(always)]
    fn pow_difference(self, b: f32, c: f32) -> f32 {
        power(f64::from(self), f64::from(b) - f64::from(c))
    }

    #[inline(always)]
    fn small_angle(self) -> bool {
        self.abs() <= LONG_ANGLE
    }
}

/// The logarithm of a positive normal f64, to about 1e-12.
#[inline(always)]
fn log(x: f64) -> f64 {
    let (exponent, f) = series::split(x);
    exponent.mul_add(std::f64::consts::LN_2, 2.0 * atanh::<7>(f / (2.0 + f)))
}

/// `x^y` in f32.
#[inline(always)]
fn power(x: f64, y: f64) -> f32 {
    let base = x.abs();
    let log = log(base);
    let log = if base == 0.0 { f64::NEG_INFINITY } else { log };
    let log = if base < f64::INFINITY { log } else { base };
    let power = y * log;
    let power = if power > 200.0 { 200.0 } else { power };
    let power = if power < -200.0 { -200.0 } else { power };
    let size = exp(power);
    let whole = y.floor() == y;
    let odd = whole & ((0.5 * y).floor() != 0.5 * y);
    let value = if odd { size.copysign(x) } else { size };
    let value = if (x < 0.0) & !whole & (base != f64::INFINITY) { f64::NAN } else { value };
    let one = (y == 0.0) | (x == 1.0) | ((x == -1.0) & (y.abs() == f64::INFINITY));
    (if one { 1.0 } else { value }) as f32
}
