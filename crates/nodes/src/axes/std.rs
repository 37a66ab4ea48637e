//! The standard deviation over axes.
//!
//! # Formula
//! `y = sqrt(sum_i (x_i - m)^2 / (n - correction))`, `m` the mean, `n` the number of elements reduced.
//!
//! # Gradient
//! `dx_i = dy * (x_i - m) / ((n - correction) y)`; 0 where all elements are equal, the convention at that kink.
//!
//! # Options
//! `axes` (all when omitted), `keep`, `correction` (1 for the unbiased estimate).
//!
//! # Shape
//! The reduced axes leave, or stay with size 1 when `keep`.
//!
//! # Example
//! `s: Std(x: h, axes: [0])`

use graphrun_graph::{Builder, Kink, NodeId, OpDef, TypeError};

use super::mean::mean;
use super::norm::length;
use super::var::{Spread, spread};
use crate::pointwise::expression;

/// The length of the deviations, which no square brings out of the numbers, by the root of their number.
fn std(b: &mut Builder, x: NodeId, axes: &[usize], o: &Spread) -> Result<NodeId, TypeError> {
    let middle = mean(b, x, axes, true)?;
    let deviations = b.sub(x, middle)?;
    let length = length(b, deviations, axes, o.keep)?;
    let count = b.count(axes.iter().map(|&axis| b.ty(x).shape[axis].clone()).collect())?;
    let less = b.constant(f64::from(o.correction))?;
    b.pointwise(&expression("l / sqrt(n - c)", &["l", "n", "c"]), &[length, count, less])
}

pub(crate) fn def() -> OpDef {
    spread("Std", std)
        .summary("The standard deviation over axes")
        .formula(
            "y = sqrt(sum_i (x_i - mean)^2 / (n - correction))",
            "dx_i = dy * (x_i - mean) / ((n - correction) y); 0 where y = 0",
        )
        .kink(Kink::Mean)
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [4] },
    nodes: { y: Std(x) },
    outputs: [y],
    tests: [
        (given: { x: [1, 1, 5, 5] }, value: { y: 2 }, grad: { x: [-0.25, -0.25, 0.25, 0.25] }),
        (given: { x: [3, 3, 3, 3] }, value: { y: 0 }, grad: { x: [0, 0, 0, 0] }),
    ],
)"#,
        )
}
