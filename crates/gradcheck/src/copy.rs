//! Graphs copied node by node, some of them changed on the way.

use graphrun_graph::{Builder, Graph, Node, NodeId, TypeError};

/// Makes a node of the copy: told the builder, the node with its id, and the copies of its inputs.
pub(crate) type Emit<'a> = dyn FnMut(&mut Builder, NodeId, &Node, &[NodeId]) -> Result<NodeId, TypeError> + 'a;

/// Emits the nodes of `graph` in order, each as `emit` makes it, and gives the copy of each. The builder's outputs are those
/// of the graph, copied.
///
/// # Errors
/// The first of `emit`.
pub(crate) fn copy(b: &mut Builder, graph: &Graph, emit: &mut Emit<'_>) -> Result<Vec<NodeId>, TypeError> {
    let mut copies: Vec<NodeId> = Vec::with_capacity(graph.nodes().len());
    for (id, node) in graph.ids() {
        let inputs: Vec<NodeId> = node.inputs.iter().map(|input| copies[input.index()]).collect();
        copies.push(emit(b, id, node, &inputs)?);
    }
    b.graph_mut().outputs = graph.outputs.iter().map(|(name, id)| (name.clone(), copies[id.index()])).collect();
    Ok(copies)
}

/// The same operation on other inputs.
///
/// # Errors
/// As [`Builder::node_arc`].
pub(crate) fn same(b: &mut Builder, node: &Node, inputs: &[NodeId]) -> Result<NodeId, TypeError> {
    b.node_arc(node.op.clone(), inputs)
}
