//! The logarithm of the softmax, finite wherever the scores are.
//!
//! # Formula
//! `y_i = x_i - ln sum_j e^(x_j)`
//!
//! # Gradient
//! `dx_i = dy_i - e^(y_i) sum_j dy_j`
//!
//! # Options
//! `axis` (the axis along which it is taken, negative ones from the end).
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `l: LogSoftmax(scores)`

use graphrun_graph::{Builder, NodeId, OpDef, TypeError, ty};

use super::softmax::Along;
use crate::pointwise::expression;

/// The logarithm of the softmax of `x` along `axis`.
pub(crate) fn log_softmax(b: &mut Builder, x: NodeId, axis: usize) -> Result<NodeId, TypeError> {
    // Shifting before the sum keeps the digits of small differences between large scores.
    let shift = b.shift(x, &[axis])?;
    let shifted = b.sub(x, shift)?;
    let powers = b.pointwise(&expression("exp(x)", &["x"]), &[shifted])?;
    let total = b.sum(powers, &[axis], true)?;
    b.pointwise(&expression("x - log(s)", &["x", "s"]), &[shifted, total])
}

pub(crate) fn def() -> OpDef {
    OpDef::new("LogSoftmax", |call, o: &Along| {
        let x = call.input(0)?;
        let axis = ty::axis(o.axis, call.b.ty(x).rank())?;
        log_softmax(call.b, x, axis)
    })
    .summary("The logarithm of the softmax along an axis")
    .shape("That of the input")
    .formula("y_i = x_i - ln sum_j e^(x_j)", "dx_i = dy_i - e^(y_i) sum_j dy_j")
    .option("axis", "integer", Some("-1"), "the axis along which it is taken, negative ones from the end")
    .example(
        "Model(
    graphrun: 1,
    inputs: { x: [2] },
    nodes: { y: LogSoftmax(x) },
    outputs: [y],
    tests: [
        (
            given: { x: [0, 1.0986122886681098] },
            value: { y: [-1.3862943611198906, -0.2876820724517809] },
            upstream: [0, 1],
            grad: { x: [-0.25, 0.25] },
        ),
        (given: { x: [10000, 0] }, value: { y: [0, -10000] }),
    ],
)",
    )
    .sample(Along::sample)
}
