//! The mean magnitude: as a penalty on weights it drives the least useful ones to zero.
//!
//! # Formula
//! `y = mean |x|`
//!
//! # Gradient
//! `dx = sign(x) dy / n`
//!
//! # Options
//! `reduction` (whether the losses of the rows are averaged or summed).
//!
//! # Shape
//! A scalar: the mean or sum over all elements.
//!
//! # Example
//! `loss: L1(x)`

use graphrun_graph::{Kink, OpDef};

use super::reduction::elementwise;

pub(crate) fn def() -> OpDef {
    elementwise("L1", &["x"], "abs(x)", &[(-2.0, 2.0)])
        .summary("The mean of the magnitudes")
        .formula("y = mean |x|", "dx = sign(x) dy / n")
        .kink(Kink::Mean)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [2] },
    nodes: { y: L1(x) },
    outputs: [y],
    tests: [(given: { x: [1, -3] }, value: { y: 2 }, grad: { x: [0.5, -0.5] })],
)",
        )
}
