//! The hyperbolic cosine.
//!
//! # Formula
//! `y = (e^x + e^-x) / 2`
//!
//! # Gradient
//! `dx = dy sinh(x)`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Cosh(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Cosh", &["x"], "cosh(x)")
        .summary("The hyperbolic cosine")
        .formula("y = (e^x + e^-x) / 2", "dx = dy sinh(x)")
        .within(0.6, 0.6)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Cosh(x) },
    outputs: [y],
    tests: [(given: { x: 1 }, value: { y: 1.5430806348152437 }, grad: { x: 1.1752011936438014 })],
)",
        )
}
