//! The second power.
//!
//! # Formula
//! `y = x^2`
//!
//! # Gradient
//! `dx = 2 x dy`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Square(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Square", &["x"], "square(x)")
        .summary("The second power")
        .formula("y = x^2", "dx = 2 x dy")
        .within(0.5, 0.0)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Square(x) },
    outputs: [y],
    tests: [(given: { x: 7 }, value: { y: 49 }, grad: { x: 14 })],
)",
        )
}
