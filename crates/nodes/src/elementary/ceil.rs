//! Rounding up.
//!
//! # Formula
//! `y = ceil(x)`
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
//! `y: Ceil(x)`

use graphrun_graph::OpDef;

use crate::pointwise::{operands, pointwise};

pub(crate) fn def() -> OpDef {
    pointwise("Ceil", &["x"], "ceil(x)")
        .summary("The least integer not below x")
        .formula("y = ceil(x)", "dx = 0")
        .within(0.0, 0.0)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Ceil(x) },
    outputs: [y],
    tests: [(given: { x: 1.25 }, value: { y: 2 }, grad: { x: 0 })],
)",
        )
        .sample(operands(vec![(0.125, 0.875)]))
        .not_differentiable()
}
