//! New axes of size 1.
//!
//! # Formula
//! `y[.., 0, ..] = x[.., ..]`
//!
//! # Gradient
//! `dx`: `dy` without those axes.
//!
//! # Options
//! `axes`, where they stand in the result.
//!
//! # Shape
//! That of `x` with a size of 1 at each of `axes`.
//!
//! # Example
//! `column: Unsqueeze(x: h, axes: [-1])`

use graphrun_graph::{Builder, NodeId, OpDef, Sample, SampleInput, Size, TypeError, ty};
use serde::Deserialize;

/// Axes that must be named.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    axes: Vec<i64>,
}

/// `x` with axes of size 1 at `axes` of the result, which are sorted.
pub(crate) fn unsqueeze(b: &mut Builder, x: NodeId, axes: &[usize]) -> Result<NodeId, TypeError> {
    let mut shape = b.ty(x).shape.clone();
    axes.iter().for_each(|&axis| shape.insert(axis, Size::from(1)));
    b.reshape(x, &shape)
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Unsqueeze", |call, named: &Named| {
        let (x, rank) = (call.input(0)?, call.ty(0)?.rank());
        let axes = ty::axes(Some(&named.axes), rank + named.axes.len())?;
        unsqueeze(call.b, x, &axes)
    })
    .summary("New axes of size 1")
    .shape("That of `x` with a size of 1 at each of `axes`")
    .formula("y = x", "dx = dy")
    .option("axes", "axis list", None, "where the new axes stand in the result")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [2], w: [3] },
    nodes: { column: Unsqueeze(x: x, axes: [-1]), y: Mul(column, w), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [1, 2], w: [1, 10, 100] },
        value: { column: [[1], [2]], y: [[1, 10, 100], [2, 20, 200]] },
        grad: { x: [111, 111] },
    )],
)"#,
    )
    .sample(|bytes| {
        let shape = bytes.shape(0, 3);
        let first = bytes.between(0, shape.len()) as i64;
        let axes = if bytes.flag() { vec![first, -1] } else { vec![first] };
        let axes = if first == shape.len() as i64 + 1 { vec![first] } else { axes };
        Sample::new(Named { axes }, vec![SampleInput::real(&shape)])
    })
}
