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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::vector;
    use crate::interpret::Interpreter;

    /// What is found of a formula over vectors, for a slope declared and gradients given by hand.
    fn found(kink: Kink, formula: &str, inputs: &[(&str, &[f64])], gradient: &[&[f64]]) -> Result<(), Finding> {
        let problem = Problem::of_formula(formula, inputs);
        let gradient: Vec<Array> = gradient.iter().map(|g| vector(g)).collect();
        declared(kink, &problem, &problem.pair().unwrap(), &gradient, &Interpreter::default())
    }

    #[test]
    fn the_declared_slope_is_held_where_there_is_a_kink() {
        let at = |kink, slope: f64| found(kink, "3 * abs(x)", &[("x", &[-1.0, 0.0])], &[&[-3.0, slope]]);
        for (kink, slope) in [(Kink::Below, -3.0), (Kink::Mean, 0.0), (Kink::Flat, -3.0)] {
            assert!(at(kink, slope).is_ok(), "{kink:?}");
            // A thousandth of the gap between -3 and 3 is let pass.
            assert!(at(kink, slope + 0.005).is_ok() && at(kink, slope - 0.005).is_ok(), "{kink:?}");
            assert!(at(kink, slope + 0.007).is_err() && at(kink, slope - 0.007).is_err(), "{kink:?}");
        }
        let excess = at(Kink::Below, 3.0).unwrap_err().excess;
        assert!((excess - 1000.0).abs() < 1.0, "{excess}");
        // Away from the kink nothing is declared.
        assert!(found(Kink::Below, "3 * abs(x)", &[("x", &[-1.0, 2.0])], &[&[7.0, 7.0]]).is_ok());
    }

    #[test]
    fn the_first_of_equal_inputs_has_the_gradient() {
        let inputs: &[(&str, &[f64])] = &[("a", &[1.0, 2.0]), ("b", &[1.0, 5.0])];
        assert!(found(Kink::First, "max(a, b)", inputs, &[&[1.0, 0.0], &[0.0, 1.0]]).is_ok());
        assert!(found(Kink::First, "max(a, b)", inputs, &[&[0.0, 0.0], &[1.0, 1.0]]).is_err());
        assert!(found(Kink::First, "max(a, b)", inputs, &[&[0.5, 0.0], &[0.5, 1.0]]).is_err());
    }
}
