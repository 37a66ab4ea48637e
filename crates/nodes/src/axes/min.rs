//! The smallest element over axes.
//!
//! # Formula
//! `y = min_i x_i`; infinity when there is nothing, NaN when any element is.
//!
//! # Gradient
//! `dx_i = dy` at the first smallest element in row-major order, 0 elsewhere.
//!
//! # Options
//! `axes` (all when omitted), `keep`.
//!
//! # Shape
//! The reduced axes leave, or stay with size 1 when `keep`.
//!
//! # Example
//! `least: Min(x: distances, axes: [-1])`

use graphrun_graph::{At, Builder, Kink, NodeId, OpDef, Reduce, TypeError};

use super::max::to_first_largest;
use super::reduction::{self, Reduced};

/// The smallest of `x` over `axes`.
fn min(b: &mut Builder, x: NodeId, axes: &[usize], keep: bool) -> Result<NodeId, TypeError> {
    b.node(Reduced { name: "Min", with: Reduce::Min, axes: axes.to_vec(), keep, gradient }, &[x])
}

/// The first smallest is the first largest of the negatives.
fn gradient(b: &mut Builder, at: At<'_>, grad: NodeId, axes: &[usize]) -> Result<NodeId, TypeError> {
    let negative = b.neg(at.inputs[0])?;
    to_first_largest(b, negative, grad, axes)
}

pub(crate) fn def() -> OpDef {
    reduction::def("Min", min)
        .summary("The smallest element over axes; of equals the first gets the gradient")
        .formula("y = min_i x_i", "dx_i = dy if i is the first with x_i = y, else 0")
        .kink(Kink::First)
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [2, 2] },
    nodes: { y: Min(x: x, axes: [0]), z: Sum(y) },
    outputs: [z],
    tests: [(given: { x: [[1, 5], [1, 2]] }, value: { y: [1, 2] }, grad: { x: [[1, 0], [0, 1]] })],
)"#,
        )
}
