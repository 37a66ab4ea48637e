//! Comparison.
//!
//! # Formula
//! `y = 1 if a < b, else 0`
//!
//! # Gradient
//! `da = db = 0`
//!
//! # Options
//! None.
//!
//! # Shape
//! The broadcast shape of the inputs.
//!
//! # Example
//! `y: Less(a, b)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Less", &["a", "b"], "a < b")
        .summary("1 where the first input is below the second, else 0")
        .formula("y = 1 if a < b, else 0", "da = db = 0")
        .within(0.0, 0.0)
        .example(
            "Model(
    graphrun: 1,
    inputs: { a: [], b: [] },
    nodes: { y: Less(a, b) },
    outputs: [y],
    tests: [(given: { a: 3, b: 2 }, value: { y: 0 }, grad: { a: 0, b: 0 })],
)",
        )
        .not_differentiable()
}
