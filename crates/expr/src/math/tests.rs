//! Every kernel against the standard library in f64.

use super::Float;
use crate::program::{LANES, Stream, Target, unary};
use crate::{Binary, Func};

fn kernel<T: Float>(f: Func, x: T) -> T {
    let (mut to, x) = ([T::ZERO; LANES], [x; LANES]);
    let target = Target { place: to.as_mut_ptr(), vectors: 1 };
    unsafe { unary(f, target, Stream { place: x.as_ptr(), step: LANES }) };
    to[0]
}

/// The distance of `got` from `want` in units of the last place of f32, denormals included.
fn ulps(got: f32, want: f64) -> f64 {
    let near = want as f32;
    if got.is_nan() || near.is_nan() {
        return if got.is_nan() == near.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if got.is_infinite() || near.is_infinite() {
        // A value that rounds to the greatest finite number or to infinity may be taken for either.
        let edge = |x: f32| f64::from(x.clamp(-f32::MAX, f32::MAX));
        return if got == near { 0.0 } else { (edge(got) - want).abs() / 2f64.powi(104) };
    }
    let exponent = (near.abs().to_bits() >> 23).max(1) as i32 - 127;
    (f64::from(got) - want).abs() / 2f64.powi(exponent - 23)
}

/// Patterns over the whole range of f32: zeros, denormals, infinities and NaN among them.
fn patterns(step: usize) -> impl Iterator<Item = f32> {
    let special = [0.0, -0.0, 1.0, -1.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX, f32::MIN];
    special.into_iter().chain((0..=u32::MAX).step_by(step).map(f32::from_bits))
}

#[test]
fn single_precision_is_within_two_and_a_half_units() {
    for f in Func::ALL {
        let mut worst = (0.0, 0.0);
        for x in patterns(4001) {
            let error = ulps(kernel(f, x), f.eval(f64::from(x)));
            if error > worst.0 {
                worst = (error, x);
            }
        }
        assert!(worst.0 <= 2.5, "{f:?}({:e}) is {} units off", worst.1, worst.0);
    }
}

#[test]
fn slopes_of_sigmoids_are_within_four_units() {
    for x in patterns(4001) {
        let e = (-f64::from(x).abs()).exp();
        let (y, slope) = x.sigmoid_slope();
        let error = ulps(slope, e / ((1.0 + e) * (1.0 + e)));
        assert!(error <= 4.0, "the slope at {x:e} is {error} units off");
        assert_eq!(y.to_bits(), x.sigmoid().to_bits());
    }
}

#[test]
fn powers_are_within_two_and_a_half_units() {
    let special = [0.0, -0.0, 0.5, 1.0, -1.0, 2.0, 3.0, -3.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1e-42];
    let exponents = special.into_iter().chain((0..400).map(|i| -10.0 + 0.05 * i as f32));
    for y in exponents {
        for x in patterns(9_000_011) {
            let error = ulps(x.pow(y), Binary::Pow.eval(f64::from(x), f64::from(y)));
            assert!(error <= 2.5, "{x:e}^{y:e} is {error} units off");
        }
    }
}

#[test]
fn double_precision_is_within_three_units_of_the_standard_library() {
    // The standard library is itself within one unit, so this bounds the distance from the exact value.
    for f in Func::ALL {
        let scales = (-1074..1024).step_by(3).map(|e| 2f64.powi(e));
        let dense = (0..20_000).map(|i| f64::from(i) * 0.0371);
        for x in scales.flat_map(|s| [s, 1.37 * s]).chain(dense).flat_map(|x| [x, -x]) {
            let (got, want) = (kernel(f, x), f.eval(x));
            let unit = want.abs().max(f64::MIN_POSITIVE).to_bits() >> 52;
            let error = (got - want).abs() / 2f64.powi(unit as i32 - 1023) * 2f64.powi(52);
            let same = got == want || (got.is_nan() && want.is_nan());
            assert!(same || error <= 3.0, "{f:?}({x:e}) is {got:e}, not {want:e}: {error} units off");
        }
    }
}
