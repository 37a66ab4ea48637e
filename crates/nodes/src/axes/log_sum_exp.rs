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

use graphrun_graph::{Builder, OpDef};

use super::reduction;

pub(crate) fn def() -> OpDef {
    reduction::def("LogSumExp", Builder::log_sum_exp)
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
