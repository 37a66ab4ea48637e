//! The tanh in three straight pieces.
//!
//! # Formula
//! `y = min(max(x, -1), 1)`
//!
//! # Gradient
//! `dx = dy where -1 < x < 1, else 0`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: HardTanh(x)`

use graphrun_graph::{Kink, OpDef};

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("HardTanh", &["x"], "max(-1, min(1, x))")
        .summary("The input held between -1 and 1")
        .formula("y = min(max(x, -1), 1)", "dx = dy where -1 < x < 1, else 0")
        .kink(Kink::Flat)
        .within(0.0, 0.0)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [3] },
    nodes: { y: HardTanh(x) },
    outputs: [y],
    tests: [(
        given: { x: [-2, 0.5, 2] },
        value: { y: [-1, 0.5, 1] },
        grad: { x: [0, 1, 0] },
        upstream: [1, 1, 1],
    )],
)",
        )
}
