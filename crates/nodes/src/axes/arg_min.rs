//! Where the smallest element over axes stands.
//!
//! # Formula
//! `y`: the first `i` with `x_i = min_j x_j`, counted in row-major order over the axes; the first NaN counts as smallest.
//!
//! # Gradient
//! None: the output is integer.
//!
//! # Options
//! `axes` (all when omitted), `keep`.
//!
//! # Shape
//! The reduced axes leave, or stay with size 1 when `keep`; integers below the number of elements reduced.
//!
//! # Example
//! `nearest: ArgMin(x: distances, axes: [-1])`

use graphrun_graph::OpDef;

use super::arg_max::arg_best;

pub(crate) fn def() -> OpDef {
    arg_best("ArgMin", false)
        .summary("Where the smallest element over axes stands; of equals the first")
        .shape(
            "The reduced axes leave, or stay with size 1 when `keep`; integers below the number of \
             elements reduced",
        )
        .formula("y = first i with x_i = min_j x_j", "none: the output is integer")
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [2, 3] },
    nodes: { y: ArgMin(x: x, axes: [0]), hot: OneHot(y) },
    outputs: [hot],
    tests: [(given: { x: [[1, 5, 3], [9, 2, 3]] }, value: { y: [0, 1, 0] })],
)"#,
        )
}
