//! Division.
//!
//! # Formula
//! `y = a / b`
//!
//! # Gradient
//! `da = dy / b, db = -dy y / b`
//!
//! # Options
//! None.
//!
//! # Shape
//! The broadcast shape of the inputs.
//!
//! # Example
//! `y: Div(a, b)`

use graphrun_graph::OpDef;

use crate::pointwise::{operands, pointwise};

pub(crate) fn def() -> OpDef {
    pointwise("Div", &["a", "b"], "a / b")
        .summary("The first input divided by the second")
        .formula("y = a / b", "da = dy / b, db = -dy y / b")
        .within(0.5, 1.5)
        .example(
            "Model(
    graphrun: 1,
    inputs: { a: [], b: [] },
    nodes: { y: Div(a, b) },
    outputs: [y],
    tests: [(given: { a: 6, b: 2 }, value: { y: 3 }, grad: { a: 0.5, b: -1.5 })],
)",
        )
        .sample(operands(vec![(-2.0, 2.0), (0.5, 2.0)]))
}
