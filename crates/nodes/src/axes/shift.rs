//! What exponentials are taken less of, so that their sums stay finite: Softmax and LogSumExp are made with it.
//!
//! # Formula
//! `y = max_i x_i`
//!
//! # Gradient
//! `dx = 0`: the shift cancels where it is used, and takes no part in the gradient.
//!
//! # Options
//! `axes` (all when omitted).
//!
//! # Shape
//! The reduced axes stay with size 1.
//!
//! # Example
//! `m: Shift(x: scores, axes: [-1])`

use graphrun_graph::core::Shift;
use graphrun_graph::{OpDef, Sample, SampleInput, ty};

use super::reduction::{Axes, sample_over};

pub(crate) fn def() -> OpDef {
    OpDef::new("Shift", |call, options: &Axes| {
        let axes = ty::axes(options.axes.as_deref(), call.ty(0)?.rank())?;
        call.emit(Shift { axes })
    })
    .summary("The largest over axes, which stay with size 1, as a constant to gradients")
    .shape("The reduced axes stay with size 1")
    .formula("y = max_i x_i", "dx = 0")
    .option("axes", "axis list", Some("None"), "the axes to compare over; all when omitted")
    .not_differentiable()
    .example(
        r#"Model(
    graphrun: 1,
    doc: "the shift cancels: the gradient is that of log(sum(exp(x)))",
    inputs: { x: [2] },
    nodes: { m: Shift(x), e: Formula("exp(x - m)", { x: x, m: m }), s: Sum(e), y: Formula("m + log(s)", { m: m, s: s }), z: Sum(y) },
    outputs: [z],
    tests: [(given: { x: [1000, 1000] }, value: { z: 1000.6931471805599 }, grad: { x: [0.5, 0.5] })],
)"#,
    )
    .sample(|bytes| {
        let (over, shape) = sample_over(bytes);
        Sample::new(Axes { axes: over.axes }, vec![SampleInput::real(&shape)])
    })
}
