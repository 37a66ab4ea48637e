//! The variance over axes.
//!
//! # Formula
//! `y = sum_i (x_i - m)^2 / (n - correction)`, `m` the mean, `n` the number of elements reduced.
//!
//! # Gradient
//! `dx_i = dy * 2 (x_i - m) / (n - correction)`
//!
//! # Options
//! `axes` (all when omitted), `keep`, `correction` (1 for the unbiased estimate).
//!
//! # Shape
//! The reduced axes leave, or stay with size 1 when `keep`.
//!
//! # Example
//! `v: Var(x: h, axes: [0])`

use graphrun_graph::{Builder, Bytes, NodeId, OpDef, Sample, SampleInput, TypeError, ty};
use serde::Deserialize;

use super::mean::mean;
use super::reduction::{documented, sample_over};
use crate::pointwise::expression;

/// Which axes, and what is taken off the number of elements.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Spread {
    pub(crate) axes: Option<Vec<i64>>,
    pub(crate) keep: bool,
    pub(crate) correction: u32,
}

/// The mean of the squared distances from the mean of `x` over `axes`.
pub(crate) fn var(
    b: &mut Builder,
    x: NodeId,
    axes: &[usize],
    keep: bool,
    correction: u32,
) -> Result<NodeId, TypeError> {
    let middle = mean(b, x, axes, true)?;
    let squares = b.pointwise(&expression("square(x - m)", &["x", "m"]), &[x, middle])?;
    if correction == 0 {
        return mean(b, squares, axes, keep);
    }
    let total = b.sum(squares, axes, keep)?;
    let count = b.count(axes.iter().map(|&axis| b.ty(x).shape[axis].clone()).collect())?;
    let less = b.constant(f64::from(correction))?;
    b.pointwise(&expression("s / (n - c)", &["s", "n", "c"]), &[total, count, less])
}

/// An operation that `emit` builds from the input, its axes and these options, with their sample.
pub(crate) fn spread(
    name: &'static str,
    emit: fn(&mut Builder, NodeId, &[usize], &Spread) -> Result<NodeId, TypeError>,
) -> OpDef {
    let def = OpDef::new(name, move |call, o: &Spread| {
        let x = call.input(0)?;
        let axes = ty::axes(o.axes.as_deref(), call.b.ty(x).rank())?;
        emit(call.b, x, &axes, o)
    });
    documented(def)
        .option("correction", "integer", Some("0"), "what is taken off the number of elements: 1 for the unbiased estimate")
        .sample(sample)
}

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let (over, mut shape) = sample_over(bytes);
    shape.iter_mut().for_each(|size| *size += 1);
    let correction = u32::from(bytes.flag());
    Sample::new(Spread { axes: over.axes, keep: over.keep, correction }, vec![SampleInput::real(&shape)])
}

pub(crate) fn def() -> OpDef {
    spread("Var", |b, x, axes, o| var(b, x, axes, o.keep, o.correction))
        .summary("The variance over axes")
        .formula("y = sum_i (x_i - mean)^2 / (n - correction)", "dx_i = dy * 2 (x_i - mean) / (n - correction)")
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [4] },
    nodes: { y: Var(x), unbiased: Var(x: x, correction: 1) },
    outputs: [y, unbiased],
    tests: [(
        given: { x: [1, 2, 3, 6] },
        value: { y: 3.5, unbiased: 4.666666666666667 },
        grad: { x: [-1, -0.5, 0, 1.5] },
    )],
)"#,
        )
}
