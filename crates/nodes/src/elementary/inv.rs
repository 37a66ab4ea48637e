//! The reciprocal.
//!
//! # Formula
//! `y = 1 / x`
//!
//! # Gradient
//! `dx = -dy / x^2`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Inv(x)`

use graphrun_graph::OpDef;

use crate::pointwise::{operands, pointwise};

pub(crate) fn def() -> OpDef {
    pointwise("Inv", &["x"], "inv(x)")
        .summary("One divided by x")
        .formula("y = 1 / x", "dx = -dy / x^2")
        .within(0.5, 2.0)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Inv(x) },
    outputs: [y],
    tests: [(given: { x: 4 }, value: { y: 0.25 }, grad: { x: -0.0625 })],
)",
        )
        .sample(operands(vec![(0.5, 2.0)]))
}
