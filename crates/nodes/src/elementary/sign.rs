//! The sign.
//!
//! # Formula
//! `y = sign(x)`
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
//! `y: Sign(x)`

use graphrun_graph::OpDef;

use crate::pointwise::{operands, pointwise};

pub(crate) fn def() -> OpDef {
    pointwise("Sign", &["x"], "sign(x)")
        .summary("-1, 0 or 1 by the sign of x")
        .formula("y = sign(x)", "dx = 0")
        .within(0.0, 0.0)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Sign(x) },
    outputs: [y],
    tests: [(given: { x: -3 }, value: { y: -1 }, grad: { x: 0 })],
)",
        )
        .sample(operands(vec![(0.125, 2.0)]))
        .not_differentiable()
}
