//! A second look at a whole graph: what every pass must leave true.

use crate::graph::Graph;
use crate::ty::{Type, TypeError};

/// Checks that inputs come before users, that every type follows from its inputs', that the loss is a real
/// scalar and that every update writes a parameter of the same type.
///
/// # Errors
/// The first node that does not hold.
pub fn verify(graph: &Graph) -> Result<(), TypeError> {
    for (id, node) in graph.ids() {
        if let Some(late) = node.inputs.iter().find(|input| **input >= id) {
            let (user, input) = (graph.describe(id), graph.describe(*late));
            return Err(TypeError::new(format!("{user} stands before its input {input}")));
        }
        let types: Vec<Type> = node.inputs.iter().map(|&i| graph.ty(i).clone()).collect();
        let ty = node.op.ty(&types)?;
        if ty != node.ty {
            return Err(TypeError::new(format!("{} is marked {} and is {ty}", graph.describe(id), node.ty)));
        }
    }
    if let Some(loss) = graph.loss
        && (!graph.ty(loss).is_real() || graph.ty(loss).rank() != 0)
    {
        return Err(TypeError::new(format!("the loss {} is {}, no scalar", graph.describe(loss), graph.ty(loss)))
            .help("Mean or Sum over all axes makes a scalar"));
    }
    for &(parameter, value) in &graph.updates {
        if !graph.parameters().iter().any(|p| p.node == parameter) || graph.ty(parameter) != graph.ty(value) {
            let (to, from) = (graph.describe(parameter), graph.describe(value));
            return Err(TypeError::new(format!("{from} updates {to}, which is no parameter of its type")));
        }
    }
    Ok(())
}
