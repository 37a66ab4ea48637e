//! The cosine.
//!
//! # Formula
//! `y = cos(x)`
//!
//! # Gradient
//! `dx = -dy sin(x)`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Cos(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Cos", &["x"], "cos(x)")
        .summary("The cosine of an angle in radians")
        .formula("y = cos(x)", "dx = -dy sin(x)")
        .within(0.6, 0.3)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Cos(x) },
    outputs: [y],
    tests: [(given: { x: 1 }, value: { y: 0.5403023058681398 }, grad: { x: -0.8414709848078965 })],
)",
        )
}
