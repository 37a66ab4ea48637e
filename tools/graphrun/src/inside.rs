//! Every value and every gradient inside a graph, at what it is fed.

use std::collections::HashMap;
use std::path::PathBuf;

use graphrun::exec::{Data, Session};
use graphrun::graph::{Builder, Form, Leaf, Node, NodeId, grad};
use graphrun::tensor::Dtype;
use graphrun::{Array, Graph, Model};

use crate::args::Common;
use crate::failure::Failure;
use crate::model::eprint;
use crate::point::Point;
use crate::run::set_weights;
use crate::unit::{Unit, units};
use crate::values;

/// A graph with the values and gradients of its nodes.
#[derive(Debug)]
pub(crate) struct Inside {
    pub(crate) graph: Graph,
    pub(crate) of: NodeId,
    pub(crate) values: HashMap<NodeId, Array>,
    /// What the file names, in order, inputs and parameters aside.
    pub(crate) units: Vec<Unit>,
    /// Along each edge into a unit the gradient that it alone carries, by the unit's node and the source's place.
    pub(crate) edges: HashMap<(NodeId, usize), Array>,
    /// The gradients by what the file names between the leaves and the differentiated node, both among them.
    pub(crate) grads: HashMap<NodeId, Array>,
    /// The leaves whose gradients are asked for; all where none is named.
    pub(crate) asked: Option<Vec<NodeId>>,
    /// How the gradients are computed.
    pub(crate) rules: Rules,
    names: HashMap<NodeId, String>,
}

/// The graph of values and gradients, and which of its nodes hold the gradients.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) graph: Graph,
    /// The whole gradients, by the nodes they are of.
    pub(crate) total: HashMap<NodeId, NodeId>,
    /// Those along edges, as in [`Inside::edges`].
    pub(crate) edges: HashMap<(NodeId, usize), NodeId>,
}

impl Inside {
    /// Runs a model at a point, with the weights of a file where one is named; without `gradients`, forward alone.
    pub(crate) fn new(
        model: &Model,
        point: Point,
        weights: Option<&PathBuf>,
        gradients: bool,
        common: &Common,
    ) -> Result<Inside, Failure> {
        let Point { graph, mut fed, wanted, .. } = point;
        let found = wanted.find(graph)?;
        let found = if gradients { found.checked()? } else { found };
        found.feed(&mut fed)?;
        let graph = found.graph;
        let asked: Option<Vec<NodeId>> =
            (!wanted.wrt.is_empty()).then(|| found.wrt.iter().map(|(_, id)| *id).collect());
        let seen = ancestors(&graph, graph.outputs.iter().map(|(_, id)| *id).chain([found.of]));
        let shown: Vec<NodeId> = graph.ids().map(|(id, _)| id).filter(|id| seen[id.index()]).collect();
        let own: Vec<NodeId> = asked.iter().flatten().copied().chain([found.of]).collect();
        let units = units(&graph, model, &shown, &own);
        let needed = ancestors(&graph, [found.of]);
        let leaf = |id: &NodeId| is_leaf(&graph, *id);
        let mut below: Vec<NodeId> = shown.iter().copied().filter(leaf).collect();
        below.extend(units.iter().map(|unit| unit.out));
        below.retain(|id| needed[id.index()]);
        below.sort();
        let real = if gradients { between(&graph, &below, asked.as_deref()) } else { Vec::new() };
        let mut b = Builder::from_graph(graph.clone());
        let gradients = if gradients { grad(&mut b, found.of, &real, found.upstream)? } else { Vec::new() };
        let total: HashMap<NodeId, NodeId> = real.iter().copied().zip(gradients).collect();
        let mut edges = Vec::new();
        for unit in &units {
            let Some(total) = total.get(&unit.out).filter(|_| needed[unit.out.index()]) else { continue };
            for (place, gradient) in unit.gradients(&mut b, *total, &real)?.into_iter().enumerate() {
                edges.extend(gradient.map(|gradient| ((unit.out, place), gradient)));
            }
        }
        let built = b.graph_mut();
        built.outputs = shown.iter().map(|id| (format!("v{}", id.index()), *id)).collect();
        built.outputs.extend(real.iter().map(|id| (format!("g{}", id.index()), total[id])));
        let edge = |(id, place): &(NodeId, usize)| format!("e{}_{place}", id.index());
        built.outputs.extend(edges.iter().map(|(key, gradient)| (edge(key), *gradient)));
        built.loss = None;
        built.updates.clear();
        let backward = b.finish();
        let mut session = Session::new(backward.clone(), common.options(model, Dtype::F64)?)?;
        if let Some(path) = weights {
            set_weights(&mut session, path)?;
        }
        values::run(&mut session, &fed)?;
        let read = |letter: char, ids: &[NodeId]| {
            let array = |id: &NodeId| Some((*id, session.output(&format!("{letter}{}", id.index()))?));
            ids.iter().filter_map(array).collect()
        };
        let (values, grads) = (read('v', &shown), read('g', &real));
        let carried = edges.iter().filter_map(|(key, _)| Some((*key, session.output(&edge(key))?))).collect();
        let rules = Rules { graph: backward, total, edges: edges.into_iter().collect() };
        Ok(Inside { of: found.of, values, units, edges: carried, grads, rules, asked, names: names(&graph), graph })
    }

    /// Tells people when numbers of finite inputs and parameters are beyond floating point, which is so where every node is
    /// taken by itself.
    pub(crate) fn tell_overflow(&self) {
        let is_finite = |array: &Array| match array.data() {
            Data::Real(values) => values.iter().all(|value| value.is_finite()),
            Data::Index(_) => true,
        };
        let (fed, computed): (Vec<_>, Vec<_>) = self.values.iter().partition(|(id, _)| is_leaf(&self.graph, **id));
        let mut arrays =
            computed.into_iter().map(|(_, array)| array).chain(self.edges.values()).chain(self.grads.values());
        if fed.into_iter().all(|(_, array)| is_finite(array)) && !arrays.all(is_finite) {
            eprint(
                "note: node by node some numbers are beyond floating point; `graphrun run --grad NODE` takes the gradient \
                 as a whole, in a form that is finite wherever the true one is",
            );
        }
    }

    /// The inputs and parameters and the units' nodes, in order.
    pub(crate) fn nodes(&self) -> Vec<NodeId> {
        let mut nodes: Vec<NodeId> = self.values.keys().copied().filter(|id| is_leaf(&self.graph, *id)).collect();
        nodes.extend(self.units.iter().map(|unit| unit.out));
        nodes.sort();
        nodes
    }

    /// The unit that a node is the result of.
    pub(crate) fn unit(&self, id: NodeId) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.out == id)
    }

    /// What a node is called: its label, with its ordinal where several have the same, or its value when it is a
    /// constant.
    pub(crate) fn name(&self, id: NodeId) -> &str {
        &self.names[&id]
    }

    /// Whether the gradient by a node is asked for.
    pub(crate) fn is_asked(&self, id: NodeId) -> bool {
        self.asked.as_ref().is_none_or(|asked| asked.contains(&id))
    }
}

fn names(graph: &Graph) -> HashMap<NodeId, String> {
    let mut labelled: HashMap<&str, usize> = HashMap::new();
    let label = |id: NodeId| graph.node(id).label.as_deref();
    graph.ids().filter_map(|(id, _)| label(id)).for_each(|label| *labelled.entry(label).or_default() += 1);
    let mut met: HashMap<&str, usize> = HashMap::new();
    let name = |(id, node): (NodeId, &Node)| {
        let name = match (node.op.form(), label(id)) {
            (Form::Leaf(Leaf::Constant(value)), _) => value.to_string(),
            (_, Some(label)) if labelled[label] == 1 || graph.find(label) == Some(id) => label.to_string(),
            (_, Some(label)) => {
                let ordinal = met.entry(label).or_default();
                *ordinal += 1;
                format!("{label}_{ordinal}")
            }
            _ => format!("n{}", id.index()),
        };
        (id, name)
    };
    graph.ids().map(name).collect()
}

/// The real nodes among `shown`; where leaves are asked for, those leaves and what depends on any of them.
fn between(graph: &Graph, shown: &[NodeId], asked: Option<&[NodeId]>) -> Vec<NodeId> {
    let mut reached = vec![asked.is_none(); graph.nodes().len()];
    asked.unwrap_or_default().iter().for_each(|id| reached[id.index()] = true);
    for (id, node) in graph.ids() {
        reached[id.index()] |= node.inputs.iter().any(|input| reached[input.index()]);
    }
    let mut nodes: Vec<NodeId> = shown.iter().copied().filter(|id| reached[id.index()]).collect();
    nodes.extend(asked.unwrap_or_default().iter().filter(|id| !shown.contains(id)));
    nodes.retain(|&id| graph.ty(id).is_real());
    nodes
}

/// Whether a node is an input or a parameter.
pub(crate) fn is_leaf(graph: &Graph, id: NodeId) -> bool {
    matches!(graph.node(id).op.form(), Form::Leaf(Leaf::Input(_) | Leaf::Parameter(_)))
}

fn ancestors(graph: &Graph, of: impl IntoIterator<Item = NodeId>) -> Vec<bool> {
    let mut reached = vec![false; graph.nodes().len()];
    of.into_iter().for_each(|id| reached[id.index()] = true);
    for (id, node) in graph.ids().rev() {
        if reached[id.index()] {
            node.inputs.iter().for_each(|input| reached[input.index()] = true);
        }
    }
    reached
}
