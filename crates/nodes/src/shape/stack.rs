//! Arrays of one shape as the slices of a new axis.
//!
//! # Formula
//! `y[.., k, ..] = xs_k[.., ..]`, `k` along the new `axis`.
//!
//! # Gradient
//! `dxs_k`: its slice of `dy`.
//!
//! # Options
//! `axis`, where the new axis stands.
//!
//! # Shape
//! That of the inputs with one more axis, of as many elements as there are inputs.
//!
//! # Example
//! `steps: Stack(xs: [h1, h2, h3], axis: 1)`

use graphrun_graph::{Builder, Bytes, NodeId, OpDef, Sample, SampleInput, TypeError, ty};

use super::concat::{Along, concat};
use super::unsqueeze::unsqueeze;

/// `xs` as the slices of a new axis `axis`.
pub(crate) fn stack(b: &mut Builder, xs: &[NodeId], axis: usize) -> Result<NodeId, TypeError> {
    let columns = xs.iter().map(|&x| unsqueeze(b, x, &[axis])).collect::<Result<Vec<_>, _>>()?;
    concat(b, &columns, axis)
}

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let shape = bytes.shape(0, 3);
    let axis = bytes.between(0, shape.len()) as i64;
    let inputs = (0..bytes.between(1, 4)).map(|_| SampleInput::real(&shape)).collect();
    Sample::variadic(Along { axis }, inputs)
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Stack", |call, along: &Along| {
        let axis = ty::axis(along.axis, call.ty(0)?.rank() + 1)?;
        stack(call.b, &call.all_inputs(), axis)
    })
    .ports(&["xs.."])
    .summary("Arrays of one shape as the slices of a new axis")
    .shape("That of the inputs with one more axis, of as many elements as there are inputs")
    .formula("y[.., k, ..] = xs_k[.., ..]", "dxs_k = its slice of dy")
    .option("axis", "axis", Some("0"), "where the new axis stands")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { a: [2], b: [2], w: [2, 2] },
    nodes: { y: Stack(xs: [a, b], axis: 1), z: Mul(y, w), total: Sum(z) },
    outputs: [total],
    tests: [(
        given: { a: [1, 2], b: [3, 4], w: [[1, 2], [3, 4]] },
        value: { y: [[1, 3], [2, 4]] },
        grad: { a: [1, 3], b: [2, 4] },
    )],
)"#,
    )
    .sample(sample)
}
