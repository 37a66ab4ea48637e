//! The arithmetic mean over axes.
//!
//! # Formula
//! `y = sum_i x_i / n`, `n` the number of elements reduced; NaN when there is none.
//!
//! # Gradient
//! `dx_i = dy / n`
//!
//! # Options
//! `axes` (all when omitted), `keep`.
//!
//! # Shape
//! The reduced axes leave, or stay with size 1 when `keep`.
//!
//! # Example
//! `m: Mean(h)`, `columns: Mean(x: h, axes: [0])`

use graphrun_graph::{Builder, NodeId, OpDef, TypeError};

use super::reduction;

/// The mean of `x` over `axes`.
pub(crate) fn mean(b: &mut Builder, x: NodeId, axes: &[usize], keep: bool) -> Result<NodeId, TypeError> {
    let reduced = axes.iter().map(|&axis| b.ty(x).shape[axis].clone()).collect();
    let (total, count) = (b.sum(x, axes, keep)?, b.count(reduced)?);
    b.div(total, count)
}

pub(crate) fn def() -> OpDef {
    reduction::def("Mean", mean)
        .summary("The arithmetic mean over axes")
        .formula("y = (sum_i x_i) / n", "dx_i = dy / n")
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [2, 4] },
    nodes: { rows: Mean(x: x, axes: [-1]), all: Mean(x) },
    outputs: [all, rows],
    tests: [(
        given: { x: [[1, 2, 3, 4], [5, 6, 7, 8]] },
        value: { all: 4.5, rows: [2.5, 6.5] },
        grad: { x: [[0.125, 0.125, 0.125, 0.125], [0.125, 0.125, 0.125, 0.125]] },
    )],
)"#,
        )
}
