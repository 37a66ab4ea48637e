//! The logarithm of one plus x.
//!
//! # Formula
//! `y = ln(1 + x)`
//!
//! # Gradient
//! `dx = dy / (1 + x)`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Log1p(x)`

use graphrun_graph::OpDef;

use crate::pointwise::{operands, pointwise};

pub(crate) fn def() -> OpDef {
    pointwise("Log1p", &["x"], "log1p(x)")
        .summary("The logarithm of 1 + x, exact also for small x")
        .formula("y = ln(1 + x)", "dx = dy / (1 + x)")
        .within(0.6, 1.6)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Log1p(x) },
    outputs: [y],
    tests: [(given: { x: 1 }, value: { y: 0.6931471805599453 }, grad: { x: 0.5 })],
)",
        )
        .sample(operands(vec![(-0.5, 2.0)]))
}
