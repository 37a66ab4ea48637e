//! The product over axes: the lecture's multiply node.
//!
//! # Formula
//! `y = prod_i x_i`; 1 when there is nothing to multiply.
//!
//! # Gradient
//! `dx_i = dy * prod_{j != i} x_j`, right with any number of zeros among the inputs, where `y / x_i` is not.
//!
//! # Options
//! `axes` (all when omitted), `keep`.
//!
//! # Shape
//! The reduced axes leave, or stay with size 1 when `keep`.
//!
//! # Example
//! `p: Prod(h)`

use graphrun_graph::{At, Builder, NodeId, OpDef, Reduce, TypeError};

use super::prod_others::ProdOthers;
use super::reduction::{self, Reduced};

/// The product of `x` over `axes`.
pub(crate) fn prod(b: &mut Builder, x: NodeId, axes: &[usize], keep: bool) -> Result<NodeId, TypeError> {
    b.node(Reduced { name: "Prod", with: Reduce::Prod, axes: axes.to_vec(), keep, gradient }, &[x])
}

fn gradient(b: &mut Builder, at: At<'_>, grad: NodeId, axes: &[usize]) -> Result<NodeId, TypeError> {
    let others = b.node(ProdOthers { axes: axes.to_vec() }, at.inputs)?;
    b.mul(&[grad, others])
}

pub(crate) fn def() -> OpDef {
    reduction::def("Prod", prod)
        .summary("The product over axes")
        .formula("y = prod_i x_i", "dx_i = dy * prod_{j != i} x_j")
        .example(
            r#"Model(
    graphrun: 1,
    doc: "with one zero only that input has a gradient; with two there is none",
    inputs: { x: [3] },
    nodes: { y: Prod(x) },
    outputs: [y],
    tests: [
        (given: { x: [2, 3, 4] }, value: { y: 24 }, grad: { x: [12, 8, 6] }),
        (given: { x: [2, 0, 4] }, value: { y: 0 }, grad: { x: [0, 8, 0] }),
        (given: { x: [0, 0, 4] }, value: { y: 0 }, grad: { x: [0, 0, 0] }),
    ],
)"#,
        )
}
