//! The logarithm of the sigmoid, finite wherever the input is.
//!
//! # Formula
//! `y = -ln(1 + e^-x)`
//!
//! # Gradient
//! `dx = dy / (1 + e^x)`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: LogSigmoid(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("LogSigmoid", &["x"], "-softplus(-x)")
        .summary("The logarithm of the sigmoid")
        .formula("y = -ln(1 + e^-x)", "dx = dy / (1 + e^x)")
        .within(0.6, 0.8)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [2] },
    nodes: { y: LogSigmoid(x) },
    outputs: [y],
    tests: [(
        given: { x: [0, -1000] },
        value: { y: [-0.6931471805599453, -1000] },
        grad: { x: [0.5, 1] },
        upstream: [1, 1],
    )],
)",
        )
}
