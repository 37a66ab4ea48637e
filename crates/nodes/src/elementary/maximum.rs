//! The larger of two.
//!
//! # Formula
//! `y = a if a >= b, else b`
//!
//! # Gradient
//! The gradient goes to the larger one, at a tie to a.
//!
//! # Options
//! None.
//!
//! # Shape
//! The broadcast shape of the inputs.
//!
//! # Example
//! `y: Maximum(a, b)`

use graphrun_graph::{Kink, OpDef};

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Maximum", &["a", "b"], "maximum(a, b)")
        .summary("The larger of a and b, by element")
        .formula("y = a if a >= b, else b", "The gradient goes to the larger one, at a tie to a")
        .kink(Kink::First)
        .within(0.0, 0.0)
        .example(
            "Model(
    graphrun: 1,
    inputs: { a: [], b: [] },
    nodes: { y: Maximum(a, b) },
    outputs: [y],
    tests: [(given: { a: 3, b: 2 }, value: { y: 3 }, grad: { a: 1, b: 0 })],
)",
        )
}
