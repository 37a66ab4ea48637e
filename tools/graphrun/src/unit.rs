//! What a file names, and the nodes of the graph that it expands to.

use std::collections::{BTreeMap, BTreeSet};

use graphrun::graph::{Builder, Form, GradError, Leaf, NodeId};
use graphrun::load::ModelNode;
use graphrun::{Graph, Model, nodes};

use crate::inside::is_leaf;

/// A named operation with all that it expands to.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    /// The node that holds its result.
    pub(crate) out: NodeId,
    /// The op as the file writes it.
    pub(crate) op: String,
    /// What feeds it. A primitive has its inputs, in order; a composite has each source once, constants aside.
    pub(crate) sources: Vec<NodeId>,
    /// Its nodes in the order of the graph; the result is the last.
    inside: Vec<NodeId>,
}

/// The units among the nodes `shown`: those that the file names, the outputs, and the nodes `also`.
pub(crate) fn units(graph: &Graph, model: &Model, shown: &[NodeId], also: &[NodeId]) -> Vec<Unit> {
    let registry = nodes::standard();
    let outputs = graph.outputs.iter().map(|(_, id)| id).chain(&graph.loss);
    let mut own: BTreeMap<NodeId, String> =
        outputs.chain(also).map(|id| (*id, graph.node(*id).op.name().to_string())).collect();
    for ModelNode { name, op, .. } in &model.nodes {
        if let (Some(id), Some(_)) = (graph.find(name), registry.op(op)) {
            own.insert(id, op.clone());
        }
    }
    let ends = |id: NodeId| own.contains_key(&id) || is_leaf(graph, id);
    let unit = |&out: &NodeId| {
        let (mut inside, mut sources) = (BTreeSet::from([out]), Vec::new());
        unfold(graph, out, &ends, &mut inside, &mut sources);
        let constant = |id: &NodeId| matches!(graph.node(*id).op.form(), Form::Leaf(Leaf::Constant(_)));
        let primitive = inside.iter().all(|id| *id == out || constant(id));
        if primitive {
            (inside, sources) = (BTreeSet::from([out]), graph.node(out).inputs.clone().to_vec());
        }
        Unit { out, op: own[&out].clone(), sources, inside: inside.into_iter().collect() }
    };
    shown.iter().filter(|id| own.contains_key(id) && !is_leaf(graph, **id)).map(unit).collect()
}

/// Collects the nodes behind `id` up to those that end a unit, which are its sources, each once.
fn unfold(
    graph: &Graph,
    id: NodeId,
    ends: &dyn Fn(NodeId) -> bool,
    inside: &mut BTreeSet<NodeId>,
    sources: &mut Vec<NodeId>,
) {
    for &input in &graph.node(id).inputs {
        match ends(input) {
            true if !sources.contains(&input) => sources.push(input),
            false if inside.insert(input) => unfold(graph, input, ends, inside, sources),
            _ => {}
        }
    }
}

impl Unit {
    /// Whether the graph has a single node for it.
    pub(crate) fn is_primitive(&self) -> bool {
        self.inside.len() == 1
    }

    /// Emits, for each source among `real`, the gradient that this unit hands down to it, where `total` comes in.
    pub(crate) fn gradients(
        &self,
        b: &mut Builder,
        total: NodeId,
        real: &[NodeId],
    ) -> Result<Vec<Option<NodeId>>, GradError> {
        let mut terms: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::from([(self.out, vec![total])]);
        let mut found: Vec<Vec<NodeId>> = vec![Vec::new(); self.sources.len()];
        let mut active: BTreeSet<NodeId> = self.sources.iter().copied().filter(|id| real.contains(id)).collect();
        for &id in &self.inside {
            if b.graph().node(id).inputs.iter().any(|input| active.contains(input)) && b.ty(id).is_real() {
                active.insert(id);
            }
        }
        for &id in self.inside.iter().rev().filter(|id| active.contains(id)) {
            let Some(terms_here) = terms.remove(&id) else { continue };
            let grad = b.add(&terms_here)?;
            let node = b.graph().node(id).clone();
            if !node.inputs.iter().any(|input| active.contains(input)) {
                continue;
            }
            let gradients = node.op.vjp(b, graphrun::graph::At { inputs: &node.inputs, output: id, grad })?;
            for (k, (&input, gradient)) in node.inputs.iter().zip(gradients).enumerate() {
                let Some(gradient) = gradient.filter(|_| active.contains(&input)) else { continue };
                let shape = b.ty(input).shape.clone();
                let gradient = b.unbroadcast(gradient, &shape)?;
                let place = match self.is_primitive() {
                    true => Some(k),
                    false => self.sources.iter().position(|source| *source == input),
                };
                match place {
                    Some(place) => found[place].push(gradient),
                    None => terms.entry(input).or_default().push(gradient),
                }
            }
        }
        found.into_iter().map(|terms| if terms.is_empty() { Ok(None) } else { Ok(Some(b.add(&terms)?)) }).collect()
    }
}
