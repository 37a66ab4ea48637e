//! The hyperbolic sine.
//!
//! # Formula
//! `y = (e^x - e^-x) / 2`
//!
//! # Gradient
//! `dx = dy cosh(x)`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Sinh(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Sinh", &["x"], "sinh(x)")
        .summary("The hyperbolic sine")
        .formula("y = (e^x - e^-x) / 2", "dx = dy cosh(x)")
        .within(0.6, 0.6)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Sinh(x) },
    outputs: [y],
    tests: [(given: { x: 1 }, value: { y: 1.1752011936438014 }, grad: { x: 1.5430806348152437 })],
)",
        )
}
