//! What operations declare of their slope where they have two.

use graphrun_exec::Array;
use graphrun_graph::Kink;

use crate::array::reals;
use crate::engine::Engine;
use crate::examine::Finding;
use crate::graph::{Pair, Problem};

/// How many elements of a tensor are looked at: kinks that an operation has, its first elements have.
const ELEMENTS: usize = 16;
/// How far a gradient may be from the declared slope, as a share of the gap between the two: far above the error bars
/// of one-sided slopes, far below the distance to another convention.
const SHARE: f64 = 1e-3;

/// Holds a graph of one operation on inputs of its own against the slope declared for it, at the elements that stand on
/// a kink.
pub(crate) fn declared(
    kink: Kink,
    problem: &Problem,
    pair: &Pair,
    gradient: &[Array],
    engine: &dyn Engine,
) -> Result<(), Finding> {
    let mut varied = pair.varied(engine).map_err(|e| Finding::new("runs", e))?;
    for (position, name) in pair.wrt.iter().enumerate() {
        for k in 0..reals(&pair.values[name]).len().min(ELEMENTS) {
            let Some(first) = first(kink, problem, pair, position, k) else { continue };
            let Some((below, above)) = varied.slope(name, k).kink else { continue };
            let (wanted, got) = (kink.choose(below, above, first), reals(&gradient[position])[k]);
            let share = (got - wanted).abs() / (above - below).abs();
            // A gradient that is not a number is seen elsewhere.
            if share > SHARE {
                let detail = format!(
                    "`{name}` at [{k}] has slopes {below:.3} and {above:.3}, and the gradient {got:e} is not {wanted:.3}"
                );
                return Err(Finding { excess: share / SHARE, ..Finding::new("declared slope at a kink", detail) });
            }
        }
    }
    Ok(())
}

/// Whether no element before this one ties with it; none where the slope declared for a term is not that of the element.
///
/// An element of an input that is broadcast stands in several terms. Sides and means add up, and the flattest slope of a
/// sum is not the sum of the flattest ones. Ties matter among the elements of one input that has one result, and among
/// the inputs of a pointwise operation on equal shapes.
fn first(kink: Kink, problem: &Problem, pair: &Pair, position: usize, k: usize) -> Option<bool> {
    let all: Vec<&Array> = pair.wrt.iter().map(|name| &pair.values[name]).collect();
    let own = all[position];
    let alike = all.iter().all(|other| other.shape() == own.shape());
    match kink {
        Kink::Below | Kink::Mean => return Some(true),
        Kink::Flat | Kink::Steep => return alike.then_some(true),
        Kink::First => {}
    }
    let [(of, _)] = &problem.of[..] else { return None };
    let at = reals(own)[k];
    if let [_] = all[..] {
        return (problem.graph.ty(*of).len().known() == Some(1)).then(|| !reals(own)[..k].contains(&at));
    }
    alike.then(|| all[..position].iter().all(|other| reals(other)[k] != at))
}
