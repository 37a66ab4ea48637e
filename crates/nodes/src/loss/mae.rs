//! The mean absolute error.
//!
//! # Formula
//! `y = mean |a - b|`
//!
//! # Gradient
//! `da = sign(a - b) dy / n, db = -da, 0 where a = b`
//!
//! # Options
//! `reduction` (whether the losses of the rows are averaged or summed).
//!
//! # Shape
//! A scalar: the mean or sum over all elements.
//!
//! # Example
//! `loss: Mae(a, b)`

use graphrun_graph::{Kink, OpDef};

use super::reduction::elementwise;

pub(crate) fn def() -> OpDef {
    elementwise("Mae", &["a", "b"], "abs(a - b)", &[(-2.0, 2.0), (-2.0, 2.0)])
        .summary("The mean of the absolute differences")
        .formula("y = mean |a - b|", "da = sign(a - b) dy / n, db = -da, 0 where a = b")
        .kink(Kink::Mean)
        .example(
            "Model(
    graphrun: 1,
    inputs: { a: [2], b: [2] },
    nodes: { y: Mae(a, b) },
    outputs: [y],
    tests: [(given: { a: [1, 2], b: [3, -2] }, value: { y: 3 }, grad: { a: [-0.5, 0.5], b: [0.5, -0.5] })],
)",
        )
}
