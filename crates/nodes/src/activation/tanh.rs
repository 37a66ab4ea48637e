//! The hyperbolic tangent: squashes to (-1, 1) around 0.
//!
//! # Formula
//! `y = (e^x - e^-x) / (e^x + e^-x)`
//!
//! # Gradient
//! `dx = (1 - y^2) dy`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Tanh(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Tanh", &["x"], "tanh(x)")
        .summary("The hyperbolic tangent, between -1 and 1")
        .formula("y = (e^x - e^-x) / (e^x + e^-x)", "dx = (1 - y^2) dy")
        .within(2.3, 1.5)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [2] },
    nodes: { y: Tanh(x) },
    outputs: [y],
    tests: [(
        given: { x: [0, 1] },
        value: { y: [0, 0.7615941559557649] },
        grad: { x: [1, 0.41997434161402614] },
        upstream: [1, 1],
    )],
)",
        )
}
