//! Values that are constants by definition, such as those behind `stop_gradient`, held fixed while the function varies.

use graphrun_graph::{Builder, Graph, NodeId};
use graphrun_tensor::Dtype;

use crate::array::Values;
use crate::copy::{copy, same};
use crate::engine::{Engine, Program, sizes_of};
use crate::graph::{CheckError, Pair};

impl Pair {
    /// The program of the scalar, run at `values`, and what feeds it. Where the scalar is varied from there, detached nodes
    /// stay as they are at `values`: the function that has the gradient which the reverse walk is defined to give.
    pub(crate) fn varied(
        &self,
        values: &Values,
        engine: &dyn Engine,
    ) -> Result<(Box<dyn Program>, Values), CheckError> {
        let mut values = values.clone();
        let held = held(&self.forward)?;
        if let Some(Held { nodes, .. }) = &held {
            let mut graph = self.forward.clone();
            graph.outputs.clone_from(nodes);
            let sizes = sizes_of(&graph, &values)?;
            let fixed = engine.prepare(&graph, &sizes, Dtype::F64)?.run(&values)?;
            values.extend(nodes.iter().map(|(name, _)| name.clone()).zip(fixed));
        }
        let graph = held.as_ref().map_or(&self.forward, |held| &held.graph);
        let sizes = sizes_of(graph, &values)?;
        let mut program = engine.prepare(graph, &sizes, Dtype::F64)?;
        program.run(&values)?;
        Ok((program, values))
    }
}

/// A graph whose detached nodes are inputs.
struct Held {
    graph: Graph,
    /// The new inputs, each with the node of the graph before that it stands for.
    nodes: Vec<(String, NodeId)>,
}

/// Makes inputs of a graph's detached nodes; none where it has no such nodes.
fn held(graph: &Graph) -> Result<Option<Held>, CheckError> {
    let reached = graph.reachable();
    let found = graph.ids().filter(|(id, node)| reached[id.index()] && node.op.detached() && node.ty.is_real());
    let nodes: Vec<(String, NodeId)> = found.map(|(id, _)| (format!("{}__held", id.index()), id)).collect();
    if nodes.is_empty() {
        return Ok(None);
    }
    let mut b = Builder::from_graph(graph.clone());
    copy(&mut b, graph, &mut |b, id, node, inputs| match nodes.iter().find(|(_, held)| *held == id) {
        Some((name, _)) => b.input(name, node.ty.clone()),
        None => same(b, node, inputs),
    })?;
    Ok(Some(Held { graph: b.finish(), nodes }))
}
