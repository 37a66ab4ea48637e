//! Kinks inside a graph that its value does not show.
//!
//! A reverse walk picks one slope at each kink. Where several meet in one point, as in relu(x) - relu(-x) at 0, the slopes
//! picked need not make one that the whole function has, and no rule of differentiation is at fault. Such a point says
//! nothing; points beside it do.

use graphrun_exec::Array;
use graphrun_tensor::Dtype;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::array::{map, reals, set, set_element};
use crate::engine::{Engine, sizes_of};
use crate::graph::{CheckError, Pair, scalar};
use crate::options::Options;
use crate::report::{Entry, Verdict};
use crate::tensor::check_tensor;

/// Whether a failed entry stands where several kinks cross inside the graph, and the gradient is right beside it.
pub(crate) fn crossing(
    pair: &Pair,
    entry: &Entry,
    forward: &dyn Engine,
    backward: &dyn Engine,
    options: &Options<'_>,
) -> Result<bool, CheckError> {
    let Some(index) = entry.worst_index else { return Ok(false) };
    if kinks(pair, &entry.name, index, forward)? < 2 {
        return Ok(false);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let mut beside = pair.clone();
    let position = pair.wrt.iter().position(|name| *name == entry.name).unwrap_or(0);
    beside.backward.outputs = vec![pair.backward.outputs[position].clone()];
    for (name, array) in &pair.values {
        // Whole steps of a thousandth part every tie and leave every kink.
        let moved =
            map(array, |v| v + v.abs().max(1.0) * rng.random_range(1e-3..2e-3) * if rng.random() { 1.0 } else { -1.0 });
        beside.values.insert(name.clone(), moved);
    }
    let sizes = sizes_of(&beside.forward, &beside.values)?;
    let gradient = backward.prepare(&beside.backward, &sizes, Dtype::F64)?.run(&beside.values)?;
    let mut value = forward.prepare(&beside.forward, &sizes, Dtype::F64)?;
    let mut values = beside.values.clone();
    let mut f = |point: &[f64]| {
        set(&mut values, &entry.name, point);
        scalar(value.as_mut(), &values)
    };
    let x = reals(&beside.values[&entry.name]);
    let again = check_tensor(&entry.name, &mut f, x, reals(&gradient[0]), options);
    Ok(again.verdict == Verdict::Pass)
}

/// How many elements of nodes have two slopes along one element of an input, those counted where the kink begins. A
/// jump counts twice.
fn kinks(pair: &Pair, name: &str, index: usize, engine: &dyn Engine) -> Result<usize, CheckError> {
    const STEP: f64 = 1e-6;
    let sizes = sizes_of(&pair.forward, &pair.values)?;
    let reached = pair.forward.reachable();
    let nodes: Vec<_> =
        pair.forward.ids().filter(|(id, n)| reached[id.index()] && n.ty.is_real()).map(|(id, _)| id).collect();
    let mut all = pair.forward.clone();
    all.outputs = nodes.iter().map(|id| (id.index().to_string(), *id)).collect();
    let mut program = engine.prepare(&all, &sizes, Dtype::F64)?;
    let at = reals(&pair.values[name]).get(index).copied().unwrap_or(0.0);
    let step = STEP * at.abs().max(1.0);
    let mut run = |t: f64| -> Result<Vec<Array>, CheckError> {
        let mut values = pair.values.clone();
        set_element(&mut values, name, index, at + t);
        Ok(program.run(&values)?)
    };
    let (below, here, above) = (run(-step)?, run(0.0)?, run(step)?);
    let mut kinked = vec![false; pair.forward.nodes().len()];
    let mut count = 0;
    for (k, id) in nodes.iter().enumerate() {
        let inherited = pair.forward.node(*id).inputs.iter().any(|i| kinked[i.index()]);
        let elements = reals(&below[k]).iter().zip(reals(&here[k])).zip(reals(&above[k]));
        for ((below, here), above) in elements {
            let (left, right) = ((here - below) / step, (above - here) / step);
            let size = left.abs().max(right.abs());
            let rounding = 16.0 * f64::EPSILON * here.abs() / step;
            if (right - left).abs() <= 1e-3 * size + rounding {
                continue;
            }
            kinked[id.index()] = true;
            if !inherited {
                count += if size > 1e3 * here.abs().max(1.0) { 2 } else { 1 };
            }
        }
    }
    Ok(count)
}
