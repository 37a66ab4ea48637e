//! Pieces in f64 that both element types build on.

/// 1.5 * 2^52: adding it rounds to an integer and leaves that integer in the low bits.
pub(super) const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// `ROUNDER + n` and `r` with `x = n ln 2 + r`, |r| at most about ln 2 / 2.
#[inline(always)]
pub(super) fn reduce(x: f64) -> (f64, f64) {
    const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let shifted = x.mul_add(std::f64::consts::LOG2_E, ROUNDER);
    let n = shifted - ROUNDER;
    (shifted, n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, x)))
}

/// 2^n of `ROUNDER + n`, for n from -1022 to 1023.
#[inline(always)]
pub(super) fn power_of_two(shifted: f64) -> f64 {
    f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

/// `e^r - 1` for |r| at most ln 2 / 2 by the Taylor series to the power of `TERMS`.
#[inline(always)]
pub(super) fn small_expm1<const TERMS: usize>(r: f64) -> f64 {
    const INVERSE_FACTORIAL: [f64; 14] = [
        1.0,
        1.0,
        1.0 / 2.0,
        1.0 / 6.0,
        1.0 / 24.0,
        1.0 / 120.0,
        1.0 / 720.0,
        1.0 / 5_040.0,
        1.0 / 40_320.0,
        1.0 / 362_880.0,
        1.0 / 3_628_800.0,
        1.0 / 39_916_800.0,
        1.0 / 479_001_600.0,
        1.0 / 6_227_020_800.0,
    ];
    let mut p = INVERSE_FACTORIAL[TERMS];
    for k in (2..TERMS).rev() {
        p = r.mul_add(p, INVERSE_FACTORIAL[k]);
    }
    (r * r).mul_add(p, r)
}

/// `e^x` to about 1e-11 of itself, for x up to 700; 0 far below 0.
#[inline(always)]
pub(super) fn exp(x: f64) -> f64 {
    let x = if x < -700.0 { -700.0 } else { x };
    let (shifted, r) = reduce(x);
    (1.0 + small_expm1::<9>(r)) * power_of_two(shifted)
}

/// `e^x - 1` to about 1e-11 of itself, for x up to 700; -1 far below 0.
#[inline(always)]
pub(super) fn exp_minus_one(x: f64) -> f64 {
    let x = if x < -700.0 { -700.0 } else { x };
    let (shifted, r) = reduce(x);
    let power = power_of_two(shifted);
    small_expm1::<9>(r).mul_add(power, power - 1.0)
}

/// `atanh(s)` for |s| up to 1/3 by `TERMS` terms of its series.
#[inline(always)]
pub(super) fn atanh<const TERMS: usize>(s: f64) -> f64 {
    let square = s * s;
    let mut p = 0.0;
    for k in (1..TERMS).rev() {
        p = square.mul_add(p, 1.0 / (2 * k + 1) as f64);
    }
    (s * square).mul_add(p, s)
}

/// The exponent e and `f = m - 1` with `x = m 2^e`, m from sqrt(1/2) to sqrt(2), for a positive normal x.
#[inline(always)]
pub(super) fn split(x: f64) -> (f64, f64) {
    const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    const MANTISSA: u64 = (1 << 52) - 1;
    /// 2^52 and the bias that keeps the exponent field positive.
    const SHIFT: u64 = 0x4330_0000_0000_0000;
    let bits = x.to_bits().wrapping_sub(SQRT_HALF);
    // The top twelve bits are the exponent; biased by 2048 they become the low bits of a number near 2^52.
    let field = (bits >> 52).wrapping_add(2048) & 4095;
    let exponent = f64::from_bits(SHIFT | field) - (4_503_599_627_370_496.0 + 2048.0);
    (exponent, f64::from_bits((bits & MANTISSA) + SQRT_HALF) - 1.0)
}
