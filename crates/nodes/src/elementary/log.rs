//! The natural logarithm.
//!
//! # Formula
//! `y = ln x`
//!
//! # Gradient
//! `dx = dy / x`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Log(x)`

use graphrun_graph::OpDef;

use crate::pointwise::{operands, pointwise};

pub(crate) fn def() -> OpDef {
    pointwise("Log", &["x"], "log(x)")
        .summary("The natural logarithm")
        .formula("y = ln x", "dx = dy / x")
        .within(0.8, 0.5)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Log(x) },
    outputs: [y],
    tests: [(given: { x: 2 }, value: { y: 0.6931471805599453 }, grad: { x: 0.5 })],
)",
        )
        .sample(operands(vec![(0.25, 3.0)]))
}
