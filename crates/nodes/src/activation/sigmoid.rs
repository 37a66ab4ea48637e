//! The logistic function: squashes to (0, 1), and its gradient is at most 1/4.
//!
//! # Formula
//! `y = 1 / (1 + e^-x)`
//!
//! # Gradient
//! `dx = y (1 - y) dy`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Sigmoid(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Sigmoid", &["x"], "sigmoid(x)")
        .summary("The logistic function, between 0 and 1")
        .formula("y = 1 / (1 + e^-x)", "dx = y (1 - y) dy")
        .within(2.1, 0.5)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [3] },
    nodes: { y: Sigmoid(x) },
    outputs: [y],
    tests: [(
        given: { x: [0, 1.3862943611198906, -1000] },
        value: { y: [0.5, 0.8, 0] },
        grad: { x: [0.25, 0.16, 0] },
        upstream: [1, 1, 1],
    )],
)",
        )
}
