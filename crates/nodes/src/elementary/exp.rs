//! The exponential function.
//!
//! # Formula
//! `y = e^x`
//!
//! # Gradient
//! `dx = y dy`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Exp(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Exp", &["x"], "exp(x)")
        .summary("The exponential function")
        .formula("y = e^x", "dx = y dy")
        .within(1.1, 1.1)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Exp(x) },
    outputs: [y],
    tests: [(given: { x: 1 }, value: { y: 2.718281828459045 }, grad: { x: 2.718281828459045 })],
)",
        )
}
