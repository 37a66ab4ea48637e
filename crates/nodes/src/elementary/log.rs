//! The natural logarithm.

use graphrun_graph::OpDef;

use crate::pointwise::{operands, pointwise};

pub(crate) fn def() -> OpDef {
    pointwise("Log", &["x"], "log(x)")
        .summary("the natural logarithm")
        .formula("y = ln x", "dx = dy / x")
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Log(x) },
    outputs: [y],
    tests: [(given: { x: 2 }, value: { y: 0.6931471805599453 }, grad: { x: 0.5 })],
)",
        )
        .sample(operands(vec![(0.25, 3.0)]))
}
