//! The input as it is: the activation of a linear model, and a second name for a node.

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Identity", &["x"], "x")
        .summary("The input as it is")
        .formula("y = x", "dx = dy")
        .within(0.0, 0.0)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Identity(x) },
    outputs: [y],
    tests: [(given: { x: 3 }, value: { y: 3 }, grad: { x: 1 })],
)",
        )
}
