//! A smooth rectifier, finite wherever the input is.
//!
//! # Formula
//! `y = ln(1 + e^x)`
//!
//! # Gradient
//! `dx = dy / (1 + e^-x)`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Softplus(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Softplus", &["x"], "softplus(x)")
        .summary("A smooth rectifier")
        .formula("y = ln(1 + e^x)", "dx = dy / (1 + e^-x)")
        .within(0.6, 0.8)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [3] },
    nodes: { y: Softplus(x) },
    outputs: [y],
    tests: [(
        given: { x: [0, 1000, -1000] },
        value: { y: [0.6931471805599453, 1000, 0] },
        grad: { x: [0.5, 1, 0] },
        upstream: [1, 1, 1],
    )],
)",
        )
}
