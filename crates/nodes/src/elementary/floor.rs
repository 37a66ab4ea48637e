//! Rounding down.
//!
//! # Formula
//! `y = floor(x)`
//!
//! # Gradient
//! `dx = 0`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Floor(x)`

use graphrun_graph::OpDef;

use crate::pointwise::{operands, pointwise};

pub(crate) fn def() -> OpDef {
    pointwise("Floor", &["x"], "floor(x)")
        .summary("The greatest integer not above x")
        .formula("y = floor(x)", "dx = 0")
        .within(0.0, 0.0)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Floor(x) },
    outputs: [y],
    tests: [(given: { x: 1.75 }, value: { y: 1 }, grad: { x: 0 })],
)",
        )
        .sample(operands(vec![(0.125, 0.875)]))
        .not_differentiable()
}
