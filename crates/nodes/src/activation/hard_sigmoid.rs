//! The sigmoid in three straight pieces.
//!
//! # Formula
//! `y = min(max(x / 6 + 1/2, 0), 1)`
//!
//! # Gradient
//! `dx = dy / 6 where -3 < x < 3, else 0`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: HardSigmoid(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("HardSigmoid", &["x"], "max(0, min(1, (x + 3) / 6))")
        .summary("A sigmoid of three straight pieces")
        .formula("y = min(max(x / 6 + 1/2, 0), 1)", "dx = dy / 6 where -3 < x < 3, else 0")
        .within(1.0, 0.1)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [4] },
    nodes: { y: HardSigmoid(x) },
    outputs: [y],
    tests: [(
        given: { x: [-4, 0, 1.5, 4] },
        value: { y: [0, 0.5, 0.75, 1] },
        grad: { x: [0, 0.16666666666666666, 0.16666666666666666, 0] },
        upstream: [1, 1, 1, 1],
    )],
)",
        )
}
