//! The sigmoid linear unit, also known as swish with beta 1.
//!
//! # Formula
//! `y = x / (1 + e^-x)`
//!
//! # Gradient
//! `dx = (s + x s (1 - s)) dy with s = 1 / (1 + e^-x)`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Silu(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

/// Far out the product is the input or 0, also where the input is infinite.
const TEXT: &str = "if(abs(x) < 1000, x * sigmoid(x), max(0, x))";

pub(crate) fn def() -> OpDef {
    pointwise("Silu", &["x"], TEXT)
        .summary("The input times its sigmoid")
        .formula("y = x / (1 + e^-x)", "dx = (s + x s (1 - s)) dy with s = 1 / (1 + e^-x)")
        .within(2.8, 1.5)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [2] },
    nodes: { y: Silu(x) },
    outputs: [y],
    tests: [(
        given: { x: [0, 1] },
        value: { y: [0, 0.7310585786300049] },
        grad: { x: [0.5, 0.9276705118714867] },
        upstream: [1, 1],
    )],
)",
        )
}
