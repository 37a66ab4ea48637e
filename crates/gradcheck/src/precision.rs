//! The gradient in single precision against the one in double.

use graphrun_exec::Array;
use graphrun_tensor::Dtype;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::array::{Values, map, reals};
use crate::engine::{Program, sizes_of};
use crate::examine::{Examination, Finding};
use crate::graph::Pair;
use crate::kink::torn;

/// How many relative roundings of the inputs a kernel's own roundings may amount to.
const ROUNDINGS: f64 = 256.0;

/// Runs the gradient in f32 and f64 on inputs that f32 holds exactly. How far the two may lie apart is measured: the
/// gradient in f64 is taken again with every input off by some roundings of f32, and what that changes is allowed tenfold.
pub(crate) fn precision(
    pair: &Pair,
    how: &Examination<'_>,
    double: &mut dyn Program,
    magnitude: f64,
    seed: u64,
) -> Result<(), Finding> {
    let wrong = |e: String| Finding { property: "runs in f32", detail: e, excess: f64::INFINITY };
    let sizes = sizes_of(&pair.forward, &pair.values).map_err(wrong)?;
    let held: Values = pair.values.iter().map(|(k, v)| (k.clone(), map(v, |v| f64::from(v as f32)))).collect();
    let single = how.subject.prepare(&pair.backward, &sizes, Dtype::F32).map_err(wrong)?.run(&held).map_err(wrong)?;
    let exact = double.run(&held).map_err(wrong)?;
    let rounding = f64::from(f32::EPSILON);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut swing: f64 = 0.0;
    for _ in 0..3 {
        let mut shake = |v: f64| {
            v * (1.0 + rounding * ROUNDINGS * rng.random_range(-1.0..1.0)) + rounding * rng.random_range(-1.0..1.0)
        };
        let shaken: Values = held.iter().map(|(k, v)| (k.clone(), map(v, &mut shake))).collect();
        let changed = double.run(&shaken).map_err(wrong)?;
        swing = all(&changed).zip(all(&exact)).fold(swing, |m, (a, b)| m.max((a - b).abs()));
    }
    let largest = all(&exact).fold(0.0, |m: f64, v| m.max(v.abs()));
    let allowed = 10.0 * swing + ROUNDINGS * rounding * largest.max(magnitude);
    // Numbers that f32 rounds to the same, as where a sigmoid saturates, tie in it and take another branch.
    let torn = |place| {
        let held = Pair { values: held.clone(), ..pair.clone() };
        torn(&held, how.reference, place, ROUNDINGS * rounding * magnitude.max(1.0))
    };
    for (position, ((name, a), b)) in pair.wrt.iter().zip(&single).zip(&exact).enumerate() {
        for (k, (a, b)) in reals(a).iter().zip(reals(b)).enumerate() {
            let off = (a - b).abs();
            // A gradient beyond the range of f32 is none that it could hold.
            let fits = b.abs() < f64::from(f32::MAX);
            if fits && (off.is_nan() || off > allowed && !torn((position, k))) {
                let detail = format!("the gradient of `{name}` at [{k}] is {a:e} in f32 and {b:e} in f64");
                return Err(Finding { property: "f32 agrees with f64", detail, excess: off / allowed });
            }
        }
    }
    Ok(())
}

fn all(arrays: &[Array]) -> impl Iterator<Item = f64> + '_ {
    arrays.iter().flat_map(|a| reals(a).iter().copied())
}
