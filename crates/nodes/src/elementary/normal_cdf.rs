//! The distribution function of the standard normal distribution, exact to the last digits in both tails.
//!
//! # Formula
//! `y = (1 + erf(x / sqrt 2)) / 2`
//!
//! # Gradient
//! `dx = e^(-x^2/2) / sqrt(2 pi) dy`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: NormalCdf(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("NormalCdf", &["x"], "normal_cdf(x)")
        .summary("The chance that a standard normal number is below x")
        .formula("y = (1 + erf(x / sqrt 2)) / 2", "dx = e^(-x^2/2) / sqrt(2 pi) dy")
        .within(0.6, 0.4)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: NormalCdf(x) },
    outputs: [y],
    tests: [(given: { x: 1 }, value: { y: 0.8413447460685429 }, grad: { x: 0.24197072451914337 })],
)",
        )
}
