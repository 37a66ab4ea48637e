//! Scores turned into probabilities: positive, with sum 1 along an axis, and unchanged when all scores move
//! together. Taken of the scores less the largest, so that nothing overflows.
//!
//! # Formula
//! `y_i = e^(x_i) / sum_j e^(x_j)`
//!
//! # Gradient
//! `dx_i = y_i (dy_i - sum_j dy_j y_j)`
//!
//! # Options
//! `axis` (the axis along which it is taken, negative ones from the end).
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `p: Softmax(scores)`

use graphrun_graph::{Bytes, OpDef, Sample, SampleInput, ty};
use serde::Deserialize;

use crate::pointwise::expression;

/// Along which axis, the last by default.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Along {
    pub(crate) axis: i64,
}

impl Default for Along {
    fn default() -> Along {
        Along { axis: -1 }
    }
}

impl Along {
    /// An input of one to three axes and one of them.
    pub(crate) fn sample(bytes: &mut Bytes<'_>) -> Sample {
        let shape = bytes.shape(1, 3);
        let axis = bytes.between(0, shape.len() - 1) as i64;
        Sample::new(Along { axis }, vec![SampleInput::real(&shape)])
    }
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Softmax", |call, o: &Along| {
        let x = call.input(0)?;
        let axis = ty::axis(o.axis, call.b.ty(x).rank())?;
        let shift = call.b.shift(x, &[axis])?;
        let powers = call.b.pointwise(&expression("exp(x - m)", &["x", "m"]), &[x, shift])?;
        let total = call.b.sum(powers, &[axis], true)?;
        call.b.div(powers, total)
    })
    .summary("Positive numbers with sum 1 along an axis")
    .shape("That of the input")
    .formula("y_i = e^(x_i) / sum_j e^(x_j)", "dx_i = y_i (dy_i - sum_j dy_j y_j)")
    .option("axis", "integer", Some("-1"), "the axis along which it is taken, negative ones from the end")
    .example(
        r#"Model(
    graphrun: 1,
    doc: "scores 0, ln 2, ln 5; adding ten thousand to all changes nothing",
    inputs: { x: [3] },
    nodes: { y: Softmax(x) },
    outputs: [y],
    tests: [
        (
            given: { x: [0, 0.6931471805599453, 1.6094379124341003] },
            value: { y: [0.125, 0.25, 0.625] },
            upstream: [1, 0, 0],
            grad: { x: [0.109375, -0.03125, -0.078125] },
        ),
        (given: { x: [10000, 10000, 0] }, value: { y: [0.5, 0.5, 0] }),
    ],
)"#,
    )
    .sample(Along::sample)
}
