//! The square root.
//!
//! # Formula
//! `y = sqrt(x)`
//!
//! # Gradient
//! `dx = dy / (2 y)`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Sqrt(x)`

use graphrun_graph::OpDef;

use crate::pointwise::{operands, pointwise};

pub(crate) fn def() -> OpDef {
    pointwise("Sqrt", &["x"], "sqrt(x)")
        .summary("The square root")
        .formula("y = sqrt(x)", "dx = dy / (2 y)")
        .within(0.5, 1.6)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Sqrt(x) },
    outputs: [y],
    tests: [(given: { x: 9 }, value: { y: 3 }, grad: { x: 0.16666666666666666 })],
)",
        )
        .sample(operands(vec![(0.25, 3.0)]))
}
