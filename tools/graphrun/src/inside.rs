//! Every value and every gradient inside a graph, at what it is fed.

use std::collections::HashMap;
use std::path::PathBuf;

use graphrun::exec::Session;
use graphrun::graph::{Builder, Form, Leaf, NodeId, grad};
use graphrun::tensor::Dtype;
use graphrun::{Array, Graph, Model, Phase};

use crate::args::Common;
use crate::failure::Failure;
use crate::gradients::Wanted;
use crate::model::seed;
use crate::run::set_weights;
use crate::values;

/// A graph with the values and gradients of its nodes.
#[derive(Debug)]
pub(crate) struct Inside {
    pub(crate) graph: Graph,
    pub(crate) of: NodeId,
    pub(crate) values: HashMap<NodeId, Array>,
    pub(crate) grads: HashMap<NodeId, Array>,
}

impl Inside {
    /// Runs the model on what is `fed`, else on its first test, else on numbers drawn from the seed.
    pub(crate) fn new(
        model: &Model,
        mut fed: Vec<(String, Array)>,
        wanted: &Wanted,
        weights: Option<&PathBuf>,
        common: &Common,
    ) -> Result<Inside, Failure> {
        let wanted = match model.tests.first().filter(|_| fed.is_empty()) {
            Some(case) => wanted.clone().or(case)?,
            None => wanted.clone(),
        };
        complete(model, model.graph(Phase::Test), &mut fed, seed(model, common))?;
        let found = wanted.find(model.graph(Phase::Test).clone())?;
        let graph = found.graph;
        fed.extend(found.feeds);
        let ancestors = ancestors(&graph, found.of);
        let shown: Vec<NodeId> = graph.ids().map(|(id, _)| id).filter(|id| ancestors[id.index()]).collect();
        let real: Vec<NodeId> = shown.iter().copied().filter(|&id| graph.ty(id).is_real()).collect();
        let mut b = Builder::from_graph(graph.clone());
        let gradients = grad(&mut b, found.of, &real, found.upstream)?;
        let built = b.graph_mut();
        built.outputs = shown.iter().map(|id| (format!("v{}", id.index()), *id)).collect();
        built.outputs.extend(real.iter().zip(gradients).map(|(id, gradient)| (format!("g{}", id.index()), gradient)));
        built.loss = None;
        built.updates.clear();
        let mut session = Session::new(b.finish(), common.options(model, Dtype::F64)?)?;
        if let Some(path) = weights {
            set_weights(&mut session, path)?;
        }
        values::run(&mut session, &fed)?;
        let read = |letter: char, ids: &[NodeId]| {
            let array = |id: &NodeId| Some((*id, session.output(&format!("{letter}{}", id.index()))?));
            ids.iter().filter_map(array).collect()
        };
        Ok(Inside { of: found.of, values: read('v', &shown), grads: read('g', &real), graph })
    }

    /// The nodes that the differentiated one needs, constants aside, in order.
    pub(crate) fn nodes(&self) -> Vec<NodeId> {
        let constant = |id: &NodeId| matches!(self.graph.node(*id).op.form(), Form::Leaf(Leaf::Constant(_)));
        self.graph.ids().map(|(id, _)| id).filter(|id| self.values.contains_key(id) && !constant(id)).collect()
    }

    /// What a node is called: its label, or its value when it is a constant.
    pub(crate) fn name(&self, id: NodeId) -> String {
        let node = self.graph.node(id);
        match (node.op.form(), &node.label) {
            (Form::Leaf(Leaf::Constant(value)), _) => value.to_string(),
            (_, Some(label)) => label.to_string(),
            _ => format!("n{}", id.index()),
        }
    }
}

/// Feeds what is not fed: from the model's first test, else drawn from the seed.
pub(crate) fn complete(model: &Model, graph: &Graph, fed: &mut Vec<(String, Array)>, seed: u64) -> Result<(), Failure> {
    let mut sizes = crate::show::sizes(graph);
    if let Some(case) = model.tests.first().filter(|_| fed.is_empty()) {
        for (name, literal) in case.given.iter().chain(&case.params) {
            fed.push((name.clone(), values::array(literal)?));
        }
        sizes.extend(case.sizes.clone());
    }
    for (name, array) in fed.iter() {
        let Some(id) = graph.find(name) else { continue };
        for (size, &given) in graph.ty(id).shape.iter().zip(array.shape().sizes()) {
            if let Some(symbol) = size.as_symbol() {
                sizes.insert(symbol.into(), given);
            }
        }
    }
    for (name, id) in graph.inputs() {
        if !fed.iter().any(|(n, _)| **n == **name) {
            fed.push((name.to_string(), values::draw(graph, name, *id, &sizes, seed)?));
        }
    }
    Ok(())
}

fn ancestors(graph: &Graph, of: NodeId) -> Vec<bool> {
    let mut reached = vec![false; graph.nodes().len()];
    reached[of.index()] = true;
    for (id, node) in graph.ids().rev().filter(|(id, _)| *id <= of) {
        if reached[id.index()] {
            node.inputs.iter().for_each(|input| reached[input.index()] = true);
        }
    }
    reached
}
