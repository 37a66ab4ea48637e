//! What rounding may change in each element of a gradient, and in the value.
//!
//! Every computed node is multiplied by random numbers close to one, and the gradient runs again (D. Stott Parker,
//! "Monte Carlo arithmetic", 1997). Terms that cancel on the way to an element show in that element, and large numbers
//! elsewhere do not. Factors keep zeros and signs, and inputs stay as they are, so that few branches are taken otherwise.

use graphrun_graph::{Builder, Node, NodeId, TypeError};
use graphrun_tensor::{Dtype, Shape};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::array::{Values, real, reals};
use crate::copy::{copy, same};
use crate::engine::{Engine, sizes_of};
use crate::graph::{CheckError, Pair, greatest, run_all};
use crate::judge::ROUNDING;
use crate::kink::{Moved, moved, shapes};
use crate::varied::scalar;

/// How often the walk is repeated: the chance that all runs hide a cancellation falls with each.
const RUNS: usize = 3;
/// How often the value is repeated.
const VALUES: usize = 8;
/// Last places of the largest number that a value may be off by: a sum or two of them.
const LAST_PLACES: f64 = 4.0;

/// For each gradient, what each run changed.
///
/// Where the graph is itself a gradient, rules in it compare a node with what it was computed from, and moving it would
/// take another branch: there only the second walk is shaken, and the largest number met stands for the first.
pub(crate) fn shaken(pair: &Pair, engine: &dyn Engine, seed: u64) -> Result<Vec<Vec<Vec<f64>>>, CheckError> {
    let sizes = sizes_of(&pair.backward, &pair.values)?;
    let first = !pair.second;
    let (graph, shared, mut fed) = match first {
        true => {
            let Moved { graph, shared, fed, .. } = moved(pair, &computed, &multiplied)?;
            (graph, shared, fed)
        }
        false => (pair.backward.clone(), pair.shared, vec![]),
    };
    let reached = graph.reachable();
    let mut b = Builder::from_graph(graph.clone());
    let above: Vec<NodeId> = pair.cotangents.iter().filter_map(|name| graph.find(name)).collect();
    let mut carries: Vec<bool> = vec![];
    copy(&mut b, &graph, &mut |b, id, node, inputs| {
        carries.push(above.contains(&id) || node.inputs.iter().any(|i| carries[i.index()]));
        if id.index() < shared {
            return Ok(id);
        }
        let plain = same(b, node, inputs)?;
        if !(carries[id.index()] && reached[id.index()] && node.ty.is_real() && computed(node)) {
            return Ok(plain);
        }
        let name = format!("{}__factor", id.index());
        let factor = b.input(&name, node.ty.clone())?;
        fed.push((name, factor));
        multiplied(b, plain, factor)
    })?;
    let graph = b.finish();
    let factors = shapes(&graph, fed, &sizes)?;
    let mut program = engine.prepare(&graph, &sizes, Dtype::F64)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut values = pair.values.clone();
    let mut run = |spread: f64| -> Result<Vec<Vec<f64>>, CheckError> {
        shake(&mut values, &factors, spread, &mut rng);
        Ok(program.run(&values)?.iter().map(|array| reals(array).to_vec()).collect())
    };
    let plain = run(0.0)?;
    let mut out = vec![vec![]; plain.len()];
    for _ in 0..RUNS {
        for ((list, plain), shaken) in out.iter_mut().zip(&plain).zip(run(ROUNDING)?) {
            list.push(shaken.iter().zip(plain).map(|(a, b)| a - b).collect());
        }
    }
    if !first {
        let rounding = ROUNDING * run_all(pair, engine)?.1;
        out.iter_mut().zip(&plain).for_each(|(list, plain)| list.push(vec![rounding; plain.len()]));
    }
    Ok(out)
}

/// How far the scalar is off for what is rounded on the way to it: the most that some runs with random roundings change.
///
/// Numbers that cancel inside one node are not seen so. A check that is `lenient` takes the last place of the largest number
/// met for those, which may hide a wrong gradient where large numbers stand elsewhere. Where the graph is itself a gradient,
/// that place stands alone, as above.
pub(crate) fn noise(pair: &Pair, engine: &dyn Engine, seed: u64, lenient: bool) -> Result<f64, CheckError> {
    let place = match lenient {
        true => LAST_PLACES * f64::EPSILON * greatest(&pair.forward, &pair.values, engine)?,
        false => 0.0,
    };
    if pair.second {
        return Ok(place);
    }
    let Moved { mut graph, value, fed, .. } = moved(pair, &computed, &multiplied)?;
    graph.outputs = vec![("value".to_owned(), value)];
    let sizes = sizes_of(&graph, &pair.values)?;
    let factors = shapes(&graph, fed, &sizes)?;
    let mut program = engine.prepare(&graph, &sizes, Dtype::F64)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut values = pair.values.clone();
    let mut run = |spread: f64| {
        shake(&mut values, &factors, spread, &mut rng);
        scalar(program.run(&values))
    };
    let plain = run(0.0);
    Ok((0..VALUES).map(|_| (run(f64::EPSILON) - plain).abs()).fold(place, f64::max))
}

/// Whether a node is computed, and so rounded.
fn computed(node: &Node) -> bool {
    !node.inputs.is_empty()
}

/// A node times a factor close to one.
fn multiplied(b: &mut Builder, node: NodeId, by: NodeId) -> Result<NodeId, TypeError> {
    b.mul(&[node, by])
}

/// Draws every factor anew.
fn shake(values: &mut Values, factors: &[(String, Shape)], spread: f64, rng: &mut ChaCha8Rng) {
    for (name, shape) in factors {
        let data = (0..shape.len()).map(|_| 1.0 + spread * rng.random_range(-1.0..1.0)).collect();
        values.insert(name.clone(), real(*shape, data));
    }
}

#[cfg(test)]
mod tests {
    use graphrun_exec::Array;
    use graphrun_graph::Type;

    use super::*;
    use crate::engine::tests::PLAIN;
    use crate::graph::Problem;

    /// The pair of x y - 1e6 y + 1e3 z at x = 1e6, y = 3 and z = 2.
    fn cancelling() -> Pair {
        let mut b = Builder::new();
        let [x, y, z] = ["x", "y", "z"].map(|name| b.input(name, Type::real(vec![])).unwrap());
        let (million, thousand) = (b.constant(1e6).unwrap(), b.constant(1e3).unwrap());
        let (one, other) = (b.mul(&[x, y]).unwrap(), b.mul(&[million, y]).unwrap());
        let difference = b.sub(one, other).unwrap();
        let scaled = b.mul(&[thousand, z]).unwrap();
        let of = b.add(&[difference, scaled]).unwrap();
        let values = [("x", 1e6), ("y", 3.0), ("z", 2.0)].map(|(name, v)| (name.to_owned(), Array::scalar(v)));
        Problem::new(&b.finish(), of, &values.into()).pair().unwrap()
    }

    /// The greatest change in each gradient, in order.
    fn most(changes: &[Vec<Vec<f64>>]) -> Vec<f64> {
        changes.iter().map(|runs| runs.iter().flatten().fold(0.0, |m: f64, v| m.max(v.abs()))).collect()
    }

    #[test]
    fn terms_that_cancel_show_where_they_do() {
        let changes = shaken(&cancelling(), &PLAIN, 1).unwrap();
        assert_eq!(changes.iter().map(Vec::len).collect::<Vec<_>>(), [RUNS; 3]);
        let [x, y, z] = most(&changes)[..] else { panic!("{changes:?}") };
        // In units of what each is: 3 for x, two millions that cancel for y, and 1e3 for z.
        for (change, size) in [(x, 3.0), (y, 1e6), (z, 1e3)] {
            assert!((0.05 * ROUNDING * size..10.0 * ROUNDING * size).contains(&change), "{changes:?}");
        }
        assert_ne!(changes[1][0], changes[1][1], "each run draws anew");
        assert_eq!(changes, shaken(&cancelling(), &PLAIN, 1).unwrap());
        assert_ne!(changes, shaken(&cancelling(), &PLAIN, 2).unwrap());
    }

    /// Inputs stay as they are, so that what ties in them goes the same way.
    #[test]
    fn what_is_fed_is_not_moved() {
        let tied = Problem::of_formula("max(x, y)", &[("x", &[1.0; 8]), ("y", &[1.0; 8])]).pair().unwrap();
        let changes = shaken(&tied, &PLAIN, 1).unwrap();
        assert!(most(&changes).iter().all(|change| *change < 1e-12), "{changes:?}");
    }

    #[test]
    fn of_a_gradients_gradient_the_largest_number_counts_as_well() {
        let pair = Pair { second: true, ..cancelling() };
        let changes = shaken(&pair, &PLAIN, 1).unwrap();
        assert_eq!(changes.iter().map(Vec::len).collect::<Vec<_>>(), [RUNS + 1; 3]);
        // 1e6 is met on the way to the gradients.
        assert!(changes.iter().all(|runs| runs[RUNS] == [ROUNDING * 1e6]), "{changes:?}");
        assert!(most(&changes.iter().map(|runs| runs[..RUNS].to_vec()).collect::<Vec<_>>())[1] > 0.05 * ROUNDING * 1e6);
    }

    #[test]
    fn a_value_is_off_by_what_cancels_in_it() {
        let place = f64::EPSILON * 3e6;
        let strict = noise(&cancelling(), &PLAIN, 1, false).unwrap();
        assert!((0.05 * place..4.0 * place).contains(&strict), "{strict:e} of {place:e}");
        // Leniently at least some last places of the largest number, and of a gradient those alone.
        let lenient = noise(&cancelling(), &PLAIN, 1, true).unwrap();
        assert_eq!(lenient, strict.max(LAST_PLACES * place));
        let second = Pair { second: true, ..cancelling() };
        assert_eq!(noise(&second, &PLAIN, 1, true).unwrap(), LAST_PLACES * place);
        assert_eq!(noise(&second, &PLAIN, 1, false).unwrap(), 0.0);
    }
}
