//! The second power.

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Square", &["x"], "square(x)")
        .summary("the second power")
        .formula("y = x^2", "dx = 2 x dy")
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Square(x) },
    outputs: [y],
    tests: [(given: { x: 7 }, value: { y: 49 }, grad: { x: 14 })],
)",
        )
}
