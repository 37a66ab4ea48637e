//! Axes of size 1 left out.
//!
//! # Formula
//! `y[.., ..] = x[.., 0, ..]`
//!
//! # Gradient
//! `dx`: `dy` with those axes back.
//!
//! # Options
//! `axes`; every axis of size 1 when omitted.
//!
//! # Shape
//! That of `x` without `axes`.
//!
//! # Example
//! `s: Squeeze(scores)`, `s: Squeeze(x: scores, axes: [1])`

use graphrun_graph::{OpDef, Sample, SampleInput, Size, ty};

use crate::axes::reduction::Axes;

pub(crate) fn def() -> OpDef {
    OpDef::new("Squeeze", |call, options: &Axes| {
        let (x, ty) = (call.input(0)?, call.ty(0)?);
        let one = Size::from(1);
        let left_out = match &options.axes {
            Some(named) => ty::axes(Some(named), ty.rank())?,
            None => (0..ty.rank()).filter(|&axis| ty.shape[axis] == one).collect(),
        };
        for &axis in &left_out {
            ty::same_size(&ty.shape[axis], &one, &format!("axis {axis} of {ty} is not of size 1"), &[0])?;
        }
        let kept = ty.shape.iter().enumerate().filter(|(axis, _)| !left_out.contains(axis));
        let kept: Vec<Size> = kept.map(|(_, size)| size.clone()).collect();
        call.b.reshape(x, &kept)
    })
    .summary("Axes of size 1 left out")
    .shape("That of `x` without `axes`")
    .formula("y = x", "dx = dy")
    .option("axes", "axis list", Some("None"), "the axes to leave out; every one of size 1 when omitted")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [2, 1], w: [2] },
    nodes: { y: Squeeze(x), z: Dot(y, w) },
    outputs: [z],
    tests: [(given: { x: [[1], [2]], w: [3, 4] }, value: { y: [1, 2], z: 11 }, grad: { x: [[3], [4]] })],
)"#,
    )
    .sample(|bytes| {
        let mut shape = bytes.shape(1, 4);
        let axis = bytes.between(0, shape.len() - 1);
        shape[axis] = 1;
        let axes = bytes.flag().then(|| vec![axis as i64]);
        Sample::new(Axes { axes }, vec![SampleInput::real(&shape)])
    })
}
