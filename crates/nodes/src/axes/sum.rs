//! The sum over axes: the lecture's add node, which hands its gradient to every input.
//!
//! # Formula
//! `y = sum_i x_i`; 0 when there is nothing to add.
//!
//! # Gradient
//! `dx_i = dy`
//!
//! # Options
//! `axes` (all when omitted), `keep`.
//!
//! # Shape
//! The reduced axes leave, or stay with size 1 when `keep`.
//!
//! # Example
//! `total: Sum(h)`, `rows: Sum(x: h, axes: [1])`

use graphrun_graph::{Builder, OpDef};

use super::reduction;

pub(crate) fn def() -> OpDef {
    reduction::def("Sum", Builder::sum)
        .summary("The sum over axes")
        .formula("y = sum_i x_i", "dx_i = dy")
        .example(
            r#"Model(
    graphrun: 1,
    doc: "an add node hands its gradient to every input",
    inputs: { x: [2, 3] },
    nodes: { rows: Sum(x: x, axes: [1]), all: Sum(x) },
    outputs: [all, rows],
    tests: [(
        given: { x: [[1, 2, 3], [4, 5, 6]] },
        value: { all: 21, rows: [6, 15] },
        grad: { x: [[1, 1, 1], [1, 1, 1]] },
    )],
)"#,
        )
}
