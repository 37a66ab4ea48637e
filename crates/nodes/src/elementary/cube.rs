//! The third power.
//!
//! # Formula
//! `y = x^3`
//!
//! # Gradient
//! `dx = 3 x^2 dy`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Cube(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Cube", &["x"], "cube(x)")
        .summary("The third power")
        .formula("y = x^3", "dx = 3 x^2 dy")
        .within(1.3, 1.3)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Cube(x) },
    outputs: [y],
    tests: [(given: { x: 2 }, value: { y: 8 }, grad: { x: 12 })],
)",
        )
}
