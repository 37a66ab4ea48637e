//! What must not change a gradient, and what must change it in proportion.

use graphrun_exec::Array;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::array::{Values, map, reals};
use crate::engine::Program;
use crate::examine::{Examination, Finding};
use crate::graph::Pair;
use crate::kink::{NUDGE, torn};
use crate::ladder::BARS;
use crate::rounding::shaken;

/// What another order of sums may change, in units of the largest number met.
pub(crate) const ORDER: f64 = 1e3 * f64::EPSILON;

/// Runs the gradient graph again and again: what must not change does not, and what must be linear is.
pub(crate) fn metamorphic(
    pair: &Pair,
    how: &Examination<'_>,
    program: &mut dyn Program,
    magnitude: f64,
    first: &[Array],
    seed: u64,
) -> Result<(), Finding> {
    let mut run = |values: &Values| program.run(values).map_err(|e| Finding::new("runs", e));
    let again = run(&pair.values)?;
    same_bits("two backward passes are identical", pair, first, &again)?;

    let poisoned: Values = pair.values.iter().map(|(k, v)| (k.clone(), map(v, |_| f64::NAN))).collect();
    run(&poisoned)?;
    let after = run(&pair.values)?;
    same_bits("NaN in memory leaves no trace", pair, first, &after)?;

    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let other: Values = moved(&pair.values, &mut rng);
    run(&other)?;
    let back = run(&pair.values)?;
    same_bits("A, B, A gives A", pair, first, &back)?;

    linear(pair, how, program, magnitude, first, &mut rng)
}

/// Every real moved by up to an eighth.
fn moved(values: &Values, rng: &mut ChaCha8Rng) -> Values {
    values.iter().map(|(k, v)| (k.clone(), map(v, |v| v * (1.0 + rng.random_range(-0.125..0.125))))).collect()
}

/// The gradient is linear in what comes from above: doubled, zero, and the sum of two parts.
fn linear(
    pair: &Pair,
    how: &Examination<'_>,
    program: &mut dyn Program,
    magnitude: f64,
    first: &[Array],
    rng: &mut ChaCha8Rng,
) -> Result<(), Finding> {
    let above = |name: &String| pair.cotangents.contains(name);
    let mut with = |f: &mut dyn FnMut(f64) -> f64| {
        let fed = pair.values.iter().map(|(k, v)| (k.clone(), if above(k) { map(v, &mut *f) } else { v.clone() }));
        program.run(&fed.collect()).map_err(|e| Finding::new("runs", e))
    };
    let zero = with(&mut |_| 0.0)?;
    if let Some(k) = zero.iter().position(|g| reals(g).iter().any(|v| *v != 0.0)) {
        return Err(Finding::new("zero from above gives zero", format!("`{}` gets {}", pair.wrt[k], zero[k])));
    }
    let parts: Vec<f64> = (0..64).map(|_| rng.random_range(-1.0..1.0)).collect();
    let mut at = 0;
    let mut part = |_| {
        at += 1;
        parts[at % parts.len()]
    };
    let some = with(&mut part)?;
    let mut at = 0;
    let mut rest = |v| {
        at += 1;
        v - parts[at % parts.len()]
    };
    let others = with(&mut rest)?;
    let sum: Vec<Array> = some
        .iter()
        .zip(&others)
        .map(|(a, b)| {
            let mut other = reals(b).iter();
            map(a, |v| v + other.next().copied().unwrap_or(f64::NAN))
        })
        .collect();
    near("linear in the gradient from above", pair, how, magnitude, &sum, first)
}

fn same_bits(property: &'static str, pair: &Pair, one: &[Array], other: &[Array]) -> Result<(), Finding> {
    for ((name, a), b) in pair.wrt.iter().zip(one).zip(other) {
        if reals(a).iter().zip(reals(b)).any(|(a, b)| a.to_bits() != b.to_bits()) {
            let detail = format!("the gradient of `{name}` is {} and then {}", a, b);
            return Err(Finding::new(property, detail));
        }
    }
    Ok(())
}

/// Sums in another order differ by roundings of the largest numbers that go into them: a thousand of those are allowed.
/// What is further apart may still be a rounding that the graph magnifies, as the sine of a large product does: ten times
/// what random roundings change is allowed too, and any distance where the gradient jumps.
pub(crate) fn near(
    property: &'static str,
    pair: &Pair,
    how: &Examination<'_>,
    magnitude: f64,
    one: &[Array],
    other: &[Array],
) -> Result<(), Finding> {
    let mut rounded = None;
    for (position, ((name, a), b)) in pair.wrt.iter().zip(one).zip(other).enumerate() {
        for (k, (a, b)) in reals(a).iter().zip(reals(b)).enumerate() {
            let off = (a - b).abs();
            let mut allowed = ORDER * magnitude;
            if off > allowed {
                let runs = rounded.get_or_insert_with(|| shaken(pair, how.reference, 0).unwrap_or_default());
                let changes = runs.get(position).into_iter().flatten().map(|run| run[k].abs());
                allowed += BARS * changes.fold(0.0, f64::max);
            }
            let torn = || torn(pair, how.reference, (position, k), NUDGE);
            if a.is_nan() != b.is_nan() || off > allowed && !torn() {
                let detail = format!("the gradient of `{name}` at [{k}] is {a:e} and {b:e}");
                return Err(Finding { excess: off / allowed, ..Finding::new(property, detail) });
            }
        }
    }
    Ok(())
}
