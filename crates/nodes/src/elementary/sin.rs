//! The sine.
//!
//! # Formula
//! `y = sin(x)`
//!
//! # Gradient
//! `dx = dy cos(x)`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Sin(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Sin", &["x"], "sin(x)")
        .summary("The sine of an angle in radians")
        .formula("y = sin(x)", "dx = dy cos(x)")
        .within(0.6, 0.3)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Sin(x) },
    outputs: [y],
    tests: [(given: { x: 1 }, value: { y: 0.8414709848078965 }, grad: { x: 0.5403023058681398 })],
)",
        )
}
