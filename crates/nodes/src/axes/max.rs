//! The largest element over axes.
//!
//! # Formula
//! `y = max_i x_i`; minus infinity when there is nothing, NaN when any element is.
//!
//! # Gradient
//! `dx_i = dy` at the first largest element in row-major order, 0 elsewhere.
//!
//! # Options
//! `axes` (all when omitted), `keep`.
//!
//! # Shape
//! The reduced axes leave, or stay with size 1 when `keep`.
//!
//! # Example
//! `top: Max(x: scores, axes: [-1])`

use graphrun_expr::Expr;
use graphrun_graph::{At, Builder, Kink, NodeId, OpDef, Reduce, TypeError};

use super::max_mask::MaxMask;
use super::reduction::{self, Reduced};

/// The largest of `x` over `axes`.
pub(crate) fn max(b: &mut Builder, x: NodeId, axes: &[usize], keep: bool) -> Result<NodeId, TypeError> {
    b.node(Reduced { name: "Max", with: Reduce::Max, axes: axes.to_vec(), keep, gradient }, &[x])
}

fn gradient(b: &mut Builder, at: At<'_>, grad: NodeId, axes: &[usize]) -> Result<NodeId, TypeError> {
    to_first_largest(b, at.inputs[0], grad, axes)
}

/// `grad` where `x` has its first largest element over `axes`, 0 elsewhere.
pub(crate) fn to_first_largest(
    b: &mut Builder,
    x: NodeId,
    grad: NodeId,
    axes: &[usize],
) -> Result<NodeId, TypeError> {
    let mask = b.node(MaxMask { axes: axes.to_vec() }, &[x])?;
    b.pointwise(&Expr::select(Expr::var(0), Expr::var(1), Expr::constant(0.0)), &[mask, grad])
}

pub(crate) fn def() -> OpDef {
    reduction::def("Max", max)
        .summary("The largest element over axes; of equals the first gets the gradient")
        .formula("y = max_i x_i", "dx_i = dy if i is the first with x_i = y, else 0")
        .kink(Kink::First)
        .example(
            r#"Model(
    graphrun: 1,
    doc: "of equal elements the first one gets the gradient",
    inputs: { x: [4] },
    nodes: { y: Max(x) },
    outputs: [y],
    tests: [(given: { x: [1, 5, 5, 2] }, value: { y: 5 }, grad: { x: [0, 1, 0, 0] })],
)"#,
        )
}
