//! The error function.
//!
//! # Formula
//! `y = 2/sqrt(pi) integral of e^(-t^2) from 0 to x`
//!
//! # Gradient
//! `dx = 2/sqrt(pi) e^(-x^2) dy`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Erf(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Erf", &["x"], "erf(x)")
        .summary("The error function, odd and between -1 and 1")
        .formula("y = 2/sqrt(pi) integral of e^(-t^2) from 0 to x", "dx = 2/sqrt(pi) e^(-x^2) dy")
        .within(1.0, 1.3)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Erf(x) },
    outputs: [y],
    tests: [(given: { x: 0.5 }, value: { y: 0.5204998778130465 }, grad: { x: 0.8787825789354448 })],
)",
        )
}
