//! The reciprocal of the square root.
//!
//! # Formula
//! `y = 1 / sqrt(x)`
//!
//! # Gradient
//! `dx = -y^3 / 2 dy`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Rsqrt(x)`

use graphrun_graph::OpDef;

use crate::pointwise::{operands, pointwise};

pub(crate) fn def() -> OpDef {
    pointwise("Rsqrt", &["x"], "rsqrt(x)")
        .summary("One divided by the square root of x")
        .formula("y = 1 / sqrt(x)", "dx = -y^3 / 2 dy")
        .within(1.6, 5.1)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Rsqrt(x) },
    outputs: [y],
    tests: [(given: { x: 4 }, value: { y: 0.5 }, grad: { x: -0.0625 })],
)",
        )
        .sample(operands(vec![(0.25, 3.0)]))
}
