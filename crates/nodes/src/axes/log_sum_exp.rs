//! The logarithm of the sum of exponentials over axes: a smooth maximum.
//!
//! # Formula
//! `y = m + log(sum_i exp(x_i - m))`, `m = max_i x_i`, so that nothing overflows; minus infinity when there is nothing.
//!
//! # Gradient
//! `dx_i = dy * exp(x_i - y)`: the softmax. The shift `m` cancels and takes no part in it.
//!
//! # Options
//! `axes` (all when omitted), `keep`.
//!
//! # Shape
//! The reduced axes leave, or stay with size 1 when `keep`.
//!
//! # Example
//! `z: LogSumExp(x: scores, axes: [-1])`

use graphrun_graph::{Builder, NodeId, OpDef, TypeError};

use super::max::max;
use super::reduction;
use crate::elementary::stop_gradient::StopGradient;
use crate::pointwise::expression;

/// The logarithm of the sum of exponentials of `x` over `axes`.
pub(crate) fn log_sum_exp(b: &mut Builder, x: NodeId, axes: &[usize], keep: bool) -> Result<NodeId, TypeError> {
    let shift = shift(b, x, axes)?;
    let powers = b.pointwise(&expression("exp(x - m)", &["x", "m"]), &[x, shift])?;
    let total = b.sum(powers, axes, true)?;
    let y = b.pointwise(&expression("m + log(s)", &["m", "s"]), &[shift, total])?;
    match keep {
        true => Ok(y),
        false => {
            let shape = b.ty(x).shape.iter().enumerate().filter(|(k, _)| !axes.contains(k));
            let shape: Vec<_> = shape.map(|(_, size)| size.clone()).collect();
            b.reshape(y, &shape)
        }
    }
}

/// The largest of `x` over `axes`, which stay with size 1, as a constant to the reverse walk; 0 where it is infinite,
/// since infinity less infinity is no number.
pub(crate) fn shift(b: &mut Builder, x: NodeId, axes: &[usize]) -> Result<NodeId, TypeError> {
    let largest = max(b, x, axes, true)?;
    let finite = b.pointwise(&expression("if(abs(m) == 1 / 0, 0, m)", &["m"]), &[largest])?;
    b.node(StopGradient, &[finite])
}

pub(crate) fn def() -> OpDef {
    reduction::def("LogSumExp", log_sum_exp)
        .summary("The logarithm of the sum of exponentials over axes, in the form that cannot overflow")
        .formula("y = log(sum_i exp(x_i))", "dx_i = dy * exp(x_i - y)")
        .example(
            r#"Model(
    graphrun: 1,
    doc: "ten thousand does not overflow; the gradient is the softmax",
    inputs: { x: [2] },
    nodes: { y: LogSumExp(x) },
    outputs: [y],
    tests: [
        (given: { x: [0, 0] }, value: { y: 0.6931471805599453 }, grad: { x: [0.5, 0.5] }),
        (given: { x: [10000, 10000] }, value: { y: 10000.693147180559945 }, grad: { x: [0.5, 0.5] }),
    ],
)"#,
        )
}
