//! Axes backwards.
//!
//! # Formula
//! `y[.., k, ..] = x[.., n - 1 - k, ..]` along each of `axes`, of size `n`.
//!
//! # Gradient
//! `dx`: `dy` backwards along the same axes.
//!
//! # Options
//! `axes` (all when omitted).
//!
//! # Shape
//! That of `x`.
//!
//! # Example
//! `mirrored: Flip(x: images, axes: [-1])`

use graphrun_graph::{OpDef, Sample, SampleInput, ty};

use super::slice::{Span, slice};
use crate::axes::reduction::{Axes, sample_over};

pub(crate) fn def() -> OpDef {
    OpDef::new("Flip", |call, options: &Axes| {
        let axes = ty::axes(options.axes.as_deref(), call.ty(0)?.rank())?;
        axes.into_iter().try_fold(call.input(0)?, |x, axis| slice(call.b, x, Span::backwards(axis)))
    })
    .summary("Axes backwards")
    .shape("That of `x`")
    .formula("y[.., k, ..] = x[.., n - 1 - k, ..]", "dx = dy backwards along the same axes")
    .option("axes", "axis list", Some("None"), "the axes to reverse; all when omitted")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [2, 3], w: [2, 3] },
    nodes: { y: Flip(x: x, axes: [1]), z: Mul(y, w), total: Sum(z) },
    outputs: [total],
    tests: [(
        given: { x: [[1, 2, 3], [4, 5, 6]], w: [[1, 2, 3], [4, 5, 6]] },
        value: { y: [[3, 2, 1], [6, 5, 4]] },
        grad: { x: [[3, 2, 1], [6, 5, 4]] },
    )],
)"#,
    )
    .sample(|bytes| {
        let (over, shape) = sample_over(bytes);
        Sample::new(Axes { axes: over.axes }, vec![SampleInput::real(&shape)])
    })
}
