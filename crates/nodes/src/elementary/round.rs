//! Rounding to the nearest integer.
//!
//! # Formula
//! `y = round(x)`
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
//! `y: Round(x)`

use graphrun_graph::OpDef;

use crate::pointwise::{operands, pointwise};

pub(crate) fn def() -> OpDef {
    pointwise("Round", &["x"], "round(x)")
        .summary("The nearest integer, halves to the even one")
        .formula("y = round(x)", "dx = 0")
        .within(0.0, 0.0)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Round(x) },
    outputs: [y],
    tests: [(given: { x: 2.5 }, value: { y: 2 }, grad: { x: 0 })],
)",
        )
        .sample(operands(vec![(-0.375, 0.375)]))
        .not_differentiable()
}
