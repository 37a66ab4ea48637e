//! The mean squared error, without a factor of one half.
//!
//! # Formula
//! `y = mean (a - b)^2`
//!
//! # Gradient
//! `da = 2 (a - b) dy / n, db = -da`
//!
//! # Options
//! `reduction` (whether the losses of the rows are averaged or summed).
//!
//! # Shape
//! A scalar: the mean or sum over all elements.
//!
//! # Example
//! `loss: Mse(a, b)`

use graphrun_graph::OpDef;

use super::reduction::elementwise;

pub(crate) fn def() -> OpDef {
    elementwise("Mse", &["a", "b"], "square(a - b)", &[(-2.0, 2.0), (-2.0, 2.0)])
        .summary("The mean of the squared differences")
        .formula("y = mean (a - b)^2", "da = 2 (a - b) dy / n, db = -da")
        .example(
            "Model(
    graphrun: 1,
    inputs: { a: [2], b: [2] },
    nodes: { y: Mse(a, b) },
    outputs: [y],
    tests: [(given: { a: [1, 2], b: [3, 5] }, value: { y: 6.5 }, grad: { a: [-2, -3], b: [2, 3] })],
)",
        )
}
