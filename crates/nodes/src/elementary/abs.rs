//! The absolute value.
//!
//! # Formula
//! `y = |x|`
//!
//! # Gradient
//! `dx = dy sign(x), 0 at x = 0`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Abs(x)`

use graphrun_graph::{Kink, OpDef};

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Abs", &["x"], "abs(x)")
        .summary("The absolute value")
        .formula("y = |x|", "dx = dy sign(x), 0 at x = 0")
        .kink(Kink::Mean)
        .within(0.0, 0.0)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Abs(x) },
    outputs: [y],
    tests: [(given: { x: -3 }, value: { y: 3 }, grad: { x: -1 })],
)",
        )
}
