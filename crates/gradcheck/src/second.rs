//! Second derivatives: the gradient of a gradient.

use graphrun_exec::Array;
use graphrun_graph::{Builder, NodeId};
use graphrun_tensor::Dtype;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::array::{Values, map, reals};
use crate::engine::sizes_of;
use crate::examine::{Examination, Finding, failed};
use crate::graph::{CheckError, Pair, Problem, check_pair, run_all};
use crate::metamorphic::ORDER;
use crate::options::Options;

/// Second derivatives: the gradient's own gradient along a random direction against differences of gradients, and the
/// symmetry of the Hessian. An operation whose gradient declares that it has none itself is passed over.
pub(crate) fn second_order(pair: &Pair, how: &Examination<'_>, options: &Options<'_>) -> Result<(), Finding> {
    let wrong = |e: CheckError| Finding::new("second derivative", e.message);
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let mut slopes = vec![];
    let mut values = pair.values.clone();
    let mut directions = vec![];
    let mut b = Builder::from_graph(pair.backward.clone());
    for round in ["u", "v"] {
        let slope = directional(&mut b, pair, round, &mut values, &mut directions, &mut rng).map_err(wrong)?;
        slopes.extend(slope);
    }
    let [along_u, along_v] = slopes[..] else { return Ok(()) };
    let graph = b.finish();
    let problem = |of: NodeId| Problem {
        graph: graph.clone(),
        of: vec![(of, Array::scalar(1.0))],
        wrt: pair.wrt.clone(),
        values: values.clone(),
    };
    let Ok(mut second) = problem(along_u).pair() else { return Ok(()) };
    second.second = true;
    let (_, magnitude) = run_all(&second, how.reference).map_err(wrong)?;
    let sizes = sizes_of(&second.backward, &second.values).map_err(|e| wrong(e.into()))?;
    let run = || how.subject.prepare(&second.backward, &sizes, Dtype::F64)?.run(&second.values);
    let products = run().map_err(|e| wrong(e.into()))?;
    // That both engines have the same first derivatives has been seen, so either will do for their differences.
    let report = check_pair(&second, &products, [how.reference, how.subject], options, true).map_err(wrong)?;
    failed("second derivative", &report)?;
    if report.entries.iter().any(|e| e.kinks > 0) {
        return Ok(());
    }
    let Ok(other) = problem(along_v).pair() else { return Ok(()) };
    symmetric(&second, &products, &other, how, magnitude, &directions).map_err(wrong)?
}

/// Emits the sum over all gradients of gradient times a random direction, fed as inputs named after `round`.
fn directional(
    b: &mut Builder,
    pair: &Pair,
    round: &str,
    values: &mut Values,
    directions: &mut Vec<Vec<Array>>,
    rng: &mut ChaCha8Rng,
) -> Result<Option<NodeId>, CheckError> {
    let mut terms = vec![];
    let mut drawn = vec![];
    for (k, name) in pair.wrt.iter().enumerate() {
        let gradient = b.graph().outputs[k].1;
        let ty = b.ty(gradient).clone();
        let input = b.input(&format!("{round}{k}_"), ty.clone())?;
        let direction = map(&pair.values[name], |_| f64::from(rng.random_range(-12..=12)) / 8.0);
        values.insert(format!("{round}{k}_"), direction.clone());
        drawn.push(direction);
        let product = b.mul(&[gradient, input])?;
        terms.push(b.sum(product, &(0..ty.rank()).collect::<Vec<_>>(), false)?);
    }
    directions.push(drawn);
    Ok(if terms.is_empty() { None } else { Some(b.add(&terms)?) })
}

/// v H u = u H v, up to rounding of the largest product.
fn symmetric(
    along_u: &Pair,
    products: &[Array],
    along_v: &Pair,
    how: &Examination<'_>,
    magnitude: f64,
    directions: &[Vec<Array>],
) -> Result<Result<(), Finding>, CheckError> {
    let sizes = sizes_of(&along_u.forward, &along_u.values)?;
    let others = how.subject.prepare(&along_v.backward, &sizes, Dtype::F64)?.run(&along_v.values)?;
    let mut both = vec![];
    for (rows, direction) in [(products, &directions[1]), (&others[..], &directions[0])] {
        let products = rows.iter().zip(direction).flat_map(|(h, d)| reals(h).iter().zip(reals(d)).map(|(h, d)| h * d));
        both.push(products.sum::<f64>());
    }
    let off = (both[0] - both[1]).abs();
    let allowed = ORDER * magnitude;
    if off > allowed {
        let detail = format!("v H u is {:e} and u H v is {:e}", both[0], both[1]);
        return Ok(Err(Finding { excess: off / allowed, ..Finding::new("the Hessian is symmetric", detail) }));
    }
    Ok(Ok(()))
}
