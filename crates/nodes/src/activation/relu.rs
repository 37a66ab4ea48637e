//! The rectifier: passes what is positive; where the input is not positive the unit and its gradient are 0.
//!
//! # Formula
//! `y = max(0, x)`
//!
//! # Gradient
//! `dx = dy where x > 0, else 0`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Relu(x)`

use graphrun_graph::{Kink, OpDef};

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Relu", &["x"], "max(0, x)")
        .summary("The positive part")
        .formula("y = max(0, x)", "dx = dy where x > 0, else 0")
        .kink(Kink::Below)
        .within(0.0, 0.0)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [3] },
    nodes: { y: Relu(x) },
    outputs: [y],
    tests: [(given: { x: [-1, 0, 2] }, value: { y: [0, 0, 2] }, grad: { x: [0, 0, 1] }, upstream: [1, 1, 1])],
)",
        )
}
