//! What rounding may change in each element of a gradient.
//!
//! Every computed node is multiplied by random numbers close to one, and the gradient runs again (D. Stott Parker,
//! "Monte Carlo arithmetic", 1997). Terms that cancel on the way to an element show in that element, and large numbers
//! elsewhere do not. Factors keep zeros and signs, and inputs stay as they are, so that few branches are taken otherwise.

use graphrun_graph::{Builder, NodeId};
use graphrun_tensor::Dtype;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::array::{real, reals};
use crate::engine::{Engine, sizes_of};
use crate::graph::{CheckError, Pair, run_all};
use crate::judge::ROUNDING;
use crate::kink::{Moved, moved, shapes};

/// How often the walk is repeated: the chance that all runs hide a cancellation falls with each.
const RUNS: usize = 3;

/// For each gradient, what each run changed.
///
/// Where the graph is itself a gradient, rules in it compare a node with what it was computed from, and moving it would
/// take another branch: there only the second walk is shaken, and the largest number met stands for the first.
pub(crate) fn shaken(pair: &Pair, engine: &dyn Engine, seed: u64) -> Result<Vec<Vec<Vec<f64>>>, CheckError> {
    let sizes = sizes_of(&pair.backward, &pair.values)?;
    let first = !pair.second && pair.shared > 0;
    let Moved { graph, shared, mut fed } = match first {
        true => moved(pair, &|node| !node.inputs.is_empty(), &|b, x, by| b.mul(&[x, by]))?,
        false => Moved { graph: pair.backward.clone(), shared: pair.shared, fed: vec![] },
    };
    let reached = graph.reachable();
    let mut b = Builder::from_graph(graph.clone());
    let above: Vec<NodeId> = pair.cotangents.iter().filter_map(|name| graph.find(name)).collect();
    let mut carries: Vec<bool> = vec![];
    let mut copies: Vec<NodeId> = vec![];
    for (id, node) in graph.ids() {
        let above = above.contains(&id);
        carries.push(above || node.inputs.iter().any(|i| carries[i.index()]));
        if id.index() < shared {
            copies.push(id);
            continue;
        }
        let inputs: Vec<NodeId> = node.inputs.iter().map(|i| copies[i.index()]).collect();
        let mut copy = b.node_arc(node.op.clone(), &inputs)?;
        if carries[id.index()] && reached[id.index()] && node.ty.is_real() && !node.inputs.is_empty() {
            let name = format!("{}__factor", id.index());
            let factor = b.input(&name, node.ty.clone())?;
            copy = b.mul(&[copy, factor])?;
            fed.push((name, factor));
        }
        copies.push(copy);
    }
    let outputs: Vec<_> = graph.outputs.iter().map(|(name, id)| (name.clone(), copies[id.index()])).collect();
    b.graph_mut().outputs = outputs;
    let graph = b.finish();
    let factors = shapes(&graph, fed, &sizes)?;
    let mut program = engine.prepare(&graph, &sizes, Dtype::F64)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut values = pair.values.clone();
    let mut run = |spread: f64| -> Result<Vec<Vec<f64>>, CheckError> {
        for (name, shape) in &factors {
            let data = (0..shape.len()).map(|_| 1.0 + spread * rng.random_range(-1.0..1.0)).collect();
            values.insert(name.clone(), real(*shape, data));
        }
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
