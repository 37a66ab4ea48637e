//! The gradient of a graph is a graph: one walk backwards.

use crate::graph::{Builder, Graph, NodeId};
use crate::op::{At, GradError};
use crate::size::Size;
use crate::stable::stable;
use crate::ty::Type;

/// Emits, into the graph that holds `of`, the gradients of `of` with respect to each of `wrt`.
///
/// What is differentiated is the [stable form](stable()) of `of`: of equal value, and with a gradient that is finite wherever
/// the true one is.
///
/// `upstream` is the gradient with respect to `of` itself, 1 when omitted, which needs a scalar. A node that
/// `of` does not depend on gets zeros. Every gradient has the type of its node. The nodes emitted are ordinary
/// ones: calling this on a gradient gives second derivatives.
///
/// # Errors
/// `of` is no scalar and there is no `upstream`, `upstream` has another shape, a node of `wrt` holds
/// integers, or an operation on the way has no gradient.
pub fn grad(b: &mut Builder, of: NodeId, wrt: &[NodeId], upstream: Option<NodeId>) -> Result<Vec<NodeId>, GradError> {
    let seed = seed(b, of, upstream)?;
    for &id in wrt {
        if !b.ty(id).is_real() {
            let name = b.graph().describe(id);
            return Err(GradError::new(format!("{name} holds integers, and has no gradient")));
        }
    }
    let of = stable_twin(b, of, wrt)?;
    let active = dependents(b.graph(), wrt, of);
    let mut terms: Vec<Vec<NodeId>> = vec![Vec::new(); of.index() + 1];
    terms[of.index()].push(seed);
    let mut done: Vec<Option<NodeId>> = vec![None; of.index() + 1];
    for id in b.graph().ids().map(|(id, _)| id).take(of.index() + 1).collect::<Vec<_>>().into_iter().rev() {
        if !active[id.index()] || terms[id.index()].is_empty() {
            continue;
        }
        let total = b.add(&terms[id.index()])?;
        done[id.index()] = Some(total);
        let node = b.graph().node(id).clone();
        if !node.inputs.iter().any(|input| active[input.index()]) {
            continue;
        }
        let at = At { inputs: &node.inputs, output: id, grad: total };
        let wrong =
            |b: &Builder, e: &str| GradError::new(format!("{} ({}): {e}", b.graph().describe(id), node.op.name()));
        let gradients = node.op.vjp(b, at).map_err(|e| wrong(b, &e.message))?;
        let (given, inputs) = (gradients.len(), node.inputs.len());
        if given != inputs {
            return Err(wrong(b, &format!("it has {inputs} inputs, and its rule gives {given} gradients")));
        }
        for (&input, gradient) in node.inputs.iter().zip(gradients) {
            if let Some(gradient) = gradient.filter(|_| active[input.index()]) {
                let shape = b.ty(input).shape.clone();
                terms[input.index()].push(b.unbroadcast(gradient, &shape)?);
            }
        }
    }
    wrt.iter()
        .map(|&id| match done.get(id.index()).copied().flatten() {
            Some(gradient) => Ok(gradient),
            None => Ok(zeros(b, id)?),
        })
        .collect()
}

/// `of` in its stable form, built without looking through the nodes of `wrt` and those from which no gradient flows back.
fn stable_twin(b: &mut Builder, of: NodeId, wrt: &[NodeId]) -> Result<NodeId, GradError> {
    let mut opaque: Vec<bool> = b.graph().ids().take(of.index() + 1).map(|(_, node)| node.op.detached()).collect();
    wrt.iter().filter(|id| id.index() <= of.index()).for_each(|id| opaque[id.index()] = true);
    let needed = dependents(b.graph(), wrt, of);
    let mut twin: Vec<NodeId> = b.graph().ids().map(|(id, _)| id).take(of.index() + 1).collect();
    for k in 0..twin.len() {
        let id = twin[k];
        if opaque[k] || !needed[k] {
            continue;
        }
        let node = b.graph().node(id).clone();
        let inputs: Vec<NodeId> = node.inputs.iter().map(|input| twin[input.index()]).collect();
        twin[k] = stable(b, &node.op, &inputs, &|id| opaque.get(id.index()) == Some(&true))?;
    }
    Ok(twin[of.index()])
}

/// The graph whose outputs are the gradients of `of`, named `grad.NAME` after the nodes of `wrt`.
///
/// # Errors
/// As [`grad`].
pub fn gradient_graph(
    graph: &Graph,
    of: NodeId,
    wrt: &[(String, NodeId)],
    upstream: Option<NodeId>,
) -> Result<Graph, GradError> {
    let mut b = Builder::from_graph(graph.clone());
    let ids: Vec<NodeId> = wrt.iter().map(|(_, id)| *id).collect();
    let gradients = grad(&mut b, of, &ids, upstream)?;
    let graph = b.graph_mut();
    graph.outputs = wrt.iter().zip(gradients).map(|((name, _), id)| (format!("grad.{name}"), id)).collect();
    graph.loss = None;
    graph.updates.clear();
    Ok(b.finish())
}

fn seed(b: &mut Builder, of: NodeId, upstream: Option<NodeId>) -> Result<NodeId, GradError> {
    let ty = b.ty(of).clone();
    let name = b.graph().describe(of);
    if !ty.is_real() {
        return Err(GradError::new(format!("{name} holds integers, and has no gradient")));
    }
    match upstream {
        Some(node) if *b.ty(node) == ty => Ok(node),
        Some(node) => {
            let given = b.ty(node).clone();
            match given.shape.is_empty() {
                true => Ok(b.broadcast(node, &ty.shape)?),
                false => Err(GradError::new(format!("the upstream gradient is {given}, and {name} is {ty}"))),
            }
        }
        None if ty.len() == Size::from(1) => {
            let one = b.constant(1.0)?;
            Ok(b.broadcast(one, &ty.shape)?)
        }
        None => Err(GradError::new(format!(
            "{name} is {ty}, no scalar: its gradient needs the gradient with respect to it, the upstream"
        ))),
    }
}

fn zeros(b: &mut Builder, like: NodeId) -> Result<NodeId, GradError> {
    let Type { shape, .. } = b.ty(like).clone();
    let zero = b.constant(0.0)?;
    Ok(b.broadcast(zero, &shape)?)
}

/// Which nodes up to `of` depend on any of `wrt`.
fn dependents(graph: &Graph, wrt: &[NodeId], of: NodeId) -> Vec<bool> {
    let mut active = vec![false; graph.nodes().len()];
    for id in wrt {
        active[id.index()] = true;
    }
    for (id, node) in graph.ids().take(of.index() + 1) {
        active[id.index()] |= node.ty.is_real() && node.inputs.iter().any(|input| active[input.index()]);
    }
    active
}
