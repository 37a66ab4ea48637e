//! A power.
//!
//! # Formula
//! `y = a^b`
//!
//! # Gradient
//! `da = b a^(b-1) dy, db = y ln(a) dy, 0 where a <= 0`
//!
//! # Options
//! None.
//!
//! # Shape
//! The broadcast shape of the inputs.
//!
//! # Example
//! `y: Pow(a, b)`

use graphrun_graph::OpDef;

use crate::pointwise::{operands, pointwise};

pub(crate) fn def() -> OpDef {
    pointwise("Pow", &["a", "b"], "a ^ b")
        .summary("The first input to the power of the second")
        .formula("y = a^b", "da = b a^(b-1) dy, db = y ln(a) dy, 0 where a <= 0")
        .within(0.6, 2.0)
        .example(
            "Model(
    graphrun: 1,
    inputs: { a: [], b: [] },
    nodes: { y: Pow(a, b) },
    outputs: [y],
    tests: [(given: { a: 2, b: 3 }, value: { y: 8 }, grad: { a: 12, b: 5.545177444479562 })],
)",
        )
        .sample(operands(vec![(0.25, 3.0), (-2.0, 2.0)]))
}
