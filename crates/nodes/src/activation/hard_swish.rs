//! The swish with a sigmoid of three straight pieces.
//!
//! # Formula
//! `y = x min(max(x / 6 + 1/2, 0), 1)`
//!
//! # Gradient
//! `dx = (x / 3 + 1/2) dy where -3 < x < 3, 0 below, dy above`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: HardSwish(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("HardSwish", &["x"], "if(abs(x) < 3, x * (x + 3) / 6, max(0, x))")
        .summary("The input times its hard sigmoid")
        .formula("y = x min(max(x / 6 + 1/2, 0), 1)", "dx = (x / 3 + 1/2) dy where -3 < x < 3, 0 below, dy above")
        .within(1.8, 1.0)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [4] },
    nodes: { y: HardSwish(x) },
    outputs: [y],
    tests: [(
        given: { x: [-4, 0, 1.5, 4] },
        value: { y: [0, 0, 1.125, 4] },
        grad: { x: [0, 0.5, 1, 1] },
        upstream: [1, 1, 1, 1],
    )],
)",
        )
}
