//! Subtraction.
//!
//! # Formula
//! `y = a - b`
//!
//! # Gradient
//! `da = dy, db = -dy`
//!
//! # Options
//! None.
//!
//! # Shape
//! The broadcast shape of the inputs.
//!
//! # Example
//! `y: Sub(a, b)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Sub", &["a", "b"], "a - b")
        .summary("The first input minus the second")
        .formula("y = a - b", "da = dy, db = -dy")
        .within(0.5, 0.0)
        .example(
            "Model(
    graphrun: 1,
    inputs: { a: [], b: [] },
    nodes: { y: Sub(a, b) },
    outputs: [y],
    tests: [(given: { a: 5, b: 2 }, value: { y: 3 }, grad: { a: 1, b: -1 })],
)",
        )
}
