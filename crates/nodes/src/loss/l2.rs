//! The mean square: as a penalty on weights it keeps them all small.
//!
//! # Formula
//! `y = mean x^2`
//!
//! # Gradient
//! `dx = 2 x dy / n`
//!
//! # Options
//! `reduction` (whether the losses of the rows are averaged or summed).
//!
//! # Shape
//! A scalar: the mean or sum over all elements.
//!
//! # Example
//! `loss: L2(x)`

use graphrun_graph::OpDef;

use super::reduction::elementwise;

pub(crate) fn def() -> OpDef {
    elementwise("L2", &["x"], "square(x)", &[(-2.0, 2.0)])
        .summary("The mean of the squares")
        .formula("y = mean x^2", "dx = 2 x dy / n")
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [2] },
    nodes: { y: L2(x) },
    outputs: [y],
    tests: [(given: { x: [1, -3] }, value: { y: 5 }, grad: { x: [1, -3] })],
)",
        )
}
