//! The softplus moved down so that it passes through the origin.
//!
//! # Formula
//! `y = ln(e^x + 1) - ln 2`
//!
//! # Gradient
//! `dx = dy / (1 + e^-x)`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: CenteredSoftplus(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

/// Near the origin the two logarithms would cancel.
const TEXT: &str = "if(abs(x) < 1, log1p(expm1(x) / 2), softplus(x) - 0.6931471805599453)";

pub(crate) fn def() -> OpDef {
    pointwise("CenteredSoftplus", &["x"], TEXT)
        .summary("The softplus through the origin")
        .formula("y = ln(e^x + 1) - ln 2", "dx = dy / (1 + e^-x)")
        .within(1.4, 1.1)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [2] },
    nodes: { y: CenteredSoftplus(x) },
    outputs: [y],
    tests: [(
        given: { x: [0, 1] },
        value: { y: [0, 0.6201145069582775] },
        grad: { x: [0.5, 0.7310585786300049] },
        upstream: [1, 1],
    )],
)",
        )
}
