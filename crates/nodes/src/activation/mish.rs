//! A smooth, self-gated activation of Misra (2019).
//!
//! # Formula
//! `y = x tanh(ln(1 + e^x))`
//!
//! # Gradient
//! `dx = (t + x (1 - t^2) / (1 + e^-x)) dy with t = tanh(ln(1 + e^x))`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Mish(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

/// The tanh is `p (1 + q) / (1 + q^2)` with the sigmoids p of x and q of -x: of products alone, which keep their digits
/// in both tails, and so do their slopes. Far out the product is the input or 0, also where the input is infinite.
const TEXT: &str = "if(abs(x) < 1000, x * (sigmoid(x) * (1 + sigmoid(-x)) / (1 + square(sigmoid(-x)))), max(0, x))";

pub(crate) fn def() -> OpDef {
    pointwise("Mish", &["x"], TEXT)
        .summary("The input times the tanh of its softplus")
        .formula("y = x tanh(ln(1 + e^x))", "dx = (t + x (1 - t^2) / (1 + e^-x)) dy with t = tanh(ln(1 + e^x))")
        .within(3.7, 2.2)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [2] },
    nodes: { y: Mish(x) },
    outputs: [y],
    tests: [(
        given: { x: [0, 1] },
        value: { y: [0, 0.8650983882673103] },
        grad: { x: [0.6, 1.0490362200997922] },
        upstream: [1, 1],
    )],
)",
        )
}
