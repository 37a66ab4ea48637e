//! What operations declare of their slope where they have two.

use graphrun_exec::Array;
use graphrun_graph::{Graph, NodeId};
use graphrun_tensor::Dtype;

use crate::array::{reals, set, set_element};
use crate::engine::sizes_of;
use crate::examine::{Examination, Finding};
use crate::graph::{Pair, Problem, scalar};
use crate::ladder::{Range, derivative};

/// Which of the slopes at a kink an operation declares as its gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    /// The slope from below.
    Below,
    /// The mean of both slopes.
    Mean,
    /// Of several equal elements, the first takes the slope from above as if it were the greatest alone, and the rest
    /// the slope from below.
    FirstWins,
    /// Of several equal elements, the first takes the slope from below as if it were the least alone, and the rest the
    /// slope from above.
    FirstLeast,
}

/// The declared conventions of the operations that have kinks.
pub(crate) const STANDARD: &[(&str, Convention)] = &[
    ("Relu", Convention::Below),
    ("Abs", Convention::Mean),
    ("Max", Convention::FirstWins),
    ("Min", Convention::FirstLeast),
];

/// Holds a graph of one operation with a declared convention against it, at the elements that stand on a kink.
///
/// Larger graphs mix the slopes of several operations and are held between them only.
pub(crate) fn declared(
    problem: &Problem,
    pair: &Pair,
    gradient: &[Array],
    how: &Examination<'_>,
) -> Result<(), Finding> {
    let [(of, _)] = &problem.of[..] else { return Ok(()) };
    let of = *of;
    let Some((convention, input)) = alone(&problem.graph, of, how) else { return Ok(()) };
    let Some(position) = pair.wrt.iter().position(|name| problem.graph.find(name) == Some(input)) else {
        return Ok(());
    };
    let name = &pair.wrt[position];
    let wrong = |e: String| Finding { property: "runs", detail: e, excess: f64::INFINITY };
    let sizes = sizes_of(&pair.forward, &pair.values).map_err(wrong)?;
    let mut value = how.reference.prepare(&pair.forward, &sizes, Dtype::F64).map_err(wrong)?;
    let x = reals(&pair.values[name]).to_vec();
    let mut values = pair.values.clone();
    let mut met: Vec<f64> = vec![];
    for (k, &at) in x.iter().enumerate().take(16) {
        let along = |t: f64| {
            set_element(&mut values, name, k, at + t);
            (scalar(value.as_mut(), &values), (at + t) - at)
        };
        let found = derivative(along, Range::around(at));
        set(&mut values, name, &x);
        let Some((below, above)) = found.kink else { continue };
        let first = !met.contains(&at);
        met.push(at);
        let wanted = match (convention, first) {
            (Convention::Below, _) | (Convention::FirstWins, false) | (Convention::FirstLeast, true) => below,
            (Convention::FirstWins, true) | (Convention::FirstLeast, false) => above,
            (Convention::Mean, _) => 0.5 * (below + above),
        };
        let got = reals(&gradient[position])[k];
        // Which element of a reduction is the first depends on the axes; with a single tie per value it is this one.
        let ambiguous = matches!(convention, Convention::FirstWins | Convention::FirstLeast)
            && problem.graph.ty(of).len().known() != Some(1);
        let off = (got - wanted).abs();
        if !ambiguous && off > 1e-3 * (above - below).abs() {
            let detail = format!(
                "`{name}` at [{k}] has slopes {below:.3} and {above:.3}, and the gradient {got:e} is not {wanted:.3}"
            );
            return Err(Finding {
                property: "declared slope at a kink",
                detail,
                excess: off / (above - below).abs() * 1e3,
            });
        }
    }
    Ok(())
}

/// The convention and the input of a graph whose differentiated node is one such operation on one input.
fn alone(graph: &Graph, of: NodeId, how: &Examination<'_>) -> Option<(Convention, NodeId)> {
    let node = graph.node(of);
    let (_, convention) = how.conventions.iter().find(|(name, _)| *name == node.op.name())?;
    match node.inputs[..] {
        [input] if graph.node(input).inputs.is_empty() => Some((*convention, input)),
        _ => None,
    }
}
