//! The hinge loss of scores `a` with real targets `b` of -1 and 1: zero for what is right by a margin of 1.
//!
//! # Formula
//! `y = mean max(0, 1 - a b)`
//!
//! # Gradient
//! `da = -b dy / n and db = -a dy / n where a b < 1, else 0`
//!
//! # Options
//! `reduction` (whether the losses of the rows are averaged or summed).
//!
//! # Shape
//! A scalar: the mean or sum over all elements.
//!
//! # Example
//! `loss: Hinge(scores, targets)`

use graphrun_graph::{Kink, OpDef};

use super::reduction::elementwise;

pub(crate) fn def() -> OpDef {
    elementwise("Hinge", &["a", "b"], "max(0, 1 - a * b)", &[(-2.0, 2.0), (-1.0, 1.0)])
        .summary("The mean of max(0, 1 - score times target)")
        .formula("y = mean max(0, 1 - a b)", "da = -b dy / n and db = -a dy / n where a b < 1, else 0")
        .kink(Kink::Flat)
        .example(
            "Model(
    graphrun: 1,
    inputs: { a: [2], b: [2] },
    nodes: { y: Hinge(a, b) },
    outputs: [y],
    tests: [(given: { a: [0.5, 3], b: [-1, 1] }, value: { y: 0.75 }, grad: { a: [0.5, 0], b: [-0.25, 0] })],
)",
        )
}
