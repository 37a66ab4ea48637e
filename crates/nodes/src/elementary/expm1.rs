//! The exponential minus one.
//!
//! # Formula
//! `y = e^x - 1`
//!
//! # Gradient
//! `dx = e^x dy`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Expm1(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Expm1", &["x"], "expm1(x)")
        .summary("The exponential minus one, exact also for small x")
        .formula("y = e^x - 1", "dx = e^x dy")
        .within(0.6, 1.1)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Expm1(x) },
    outputs: [y],
    tests: [(given: { x: 1 }, value: { y: 1.718281828459045 }, grad: { x: 2.718281828459045 })],
)",
        )
}
