//! Executors with bugs: wrappers around a right one.

use graphrun_exec::Array;
use graphrun_graph::{Builder, Graph, NodeId, Sizes};
use graphrun_tensor::Dtype;

use crate::array::Values;
use crate::copy::{copy, same};
use crate::engine::{Engine, Program};

/// Hands out each run's results one run late.
pub(super) struct Stale<'a>(pub(super) &'a dyn Engine);

struct StaleProgram {
    inner: Box<dyn Program>,
    before: Option<Vec<Array>>,
}

impl Engine for Stale<'_> {
    fn prepare(&self, graph: &Graph, sizes: &Sizes, dtype: Dtype) -> Result<Box<dyn Program>, String> {
        Ok(Box::new(StaleProgram { inner: self.0.prepare(graph, sizes, dtype)?, before: None }))
    }
}

impl Program for StaleProgram {
    fn run(&mut self, values: &Values) -> Result<Vec<Array>, String> {
        let now = self.inner.run(values)?;
        Ok(self.before.replace(now.clone()).unwrap_or(now))
    }
}

/// Gives a node's memory to a later one although somebody still reads it: that reader sees the later value.
pub(super) struct EarlyReuse<'a>(pub(super) &'a dyn Engine);

impl Engine for EarlyReuse<'_> {
    fn prepare(&self, graph: &Graph, sizes: &Sizes, dtype: Dtype) -> Result<Box<dyn Program>, String> {
        self.0.prepare(&overwritten(graph).unwrap_or_else(|| graph.clone()), sizes, dtype)
    }
}

/// The graph with one input of one node replaced by a value of the same type computed in between.
fn overwritten(graph: &Graph) -> Option<Graph> {
    let reached = graph.reachable();
    let computed = |id: NodeId| !graph.node(id).inputs.is_empty() && reached[id.index()];
    // From the end, where the gradient is.
    let (reader, lost, later) = graph.ids().rev().filter(|(id, _)| computed(*id)).find_map(|(reader, node)| {
        let lost = node.inputs.iter().copied().find(|i| computed(*i))?;
        let between = graph.ids().map(|(id, _)| id).find(|id| {
            *id > lost && *id < reader && computed(*id) && !node.inputs.contains(id) && graph.ty(*id) == graph.ty(lost)
        })?;
        Some((reader, lost, between))
    })?;
    // What comes before the reader keeps its place.
    let seen = graph.node(reader).inputs.iter().map(|input| if *input == lost { later } else { *input });
    let seen: Vec<NodeId> = seen.collect();
    let mut b = Builder::from_graph(graph.clone());
    let copied =
        copy(&mut b, graph, &mut |b, id, node, inputs| same(b, node, if id == reader { &seen } else { inputs }));
    copied.is_ok().then(|| b.finish())
}
