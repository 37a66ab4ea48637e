//! Negation.
//!
//! # Formula
//! `y = -x`
//!
//! # Gradient
//! `dx = -dy`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Neg(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Neg", &["x"], "-x")
        .summary("Minus x")
        .formula("y = -x", "dx = -dy")
        .within(0.0, 0.0)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Neg(x) },
    outputs: [y],
    tests: [(given: { x: 3 }, value: { y: -3 }, grad: { x: -1 })],
)",
        )
}
