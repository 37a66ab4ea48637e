//! The same elements under another shape.
//!
//! # Formula
//! `y` holds the elements of `x` in the same row-major order.
//!
//! # Gradient
//! `dx`: `dy` under the shape of `x`.
//!
//! # Options
//! `shape`.
//!
//! # Shape
//! `shape`, which holds as many elements as `x`.
//!
//! # Example
//! `image: Reshape(x: x, shape: [N, 1, 8, 8])`

use graphrun_graph::{Bytes, OpDef, Sample, SampleInput, Size};
use serde::Deserialize;

/// A shape given as an option.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shaped {
    pub(crate) shape: Vec<Size>,
}

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let shape = bytes.shape(0, 4);
    let mut to: Vec<usize> = shape.clone();
    to.reverse();
    if bytes.flag() {
        to = vec![shape.iter().product()];
    }
    let to = to.into_iter().map(Size::from).collect();
    Sample::new(Shaped { shape: to }, vec![SampleInput::real(&shape)])
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Reshape", |call, options: &Shaped| {
        let x = call.input(0)?;
        call.b.reshape(x, &options.shape)
    })
    .summary("The same elements in the same order under another shape")
    .shape("`shape`, which holds as many elements as `x`")
    .formula("y = x, row-major", "dx = dy, row-major")
    .option("shape", "shape", None, "the sizes of the result")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [2, 3], w: [3, 2] },
    nodes: { y: Reshape(x: x, shape: [3, 2]), z: Mul(y, w), total: Sum(z) },
    outputs: [total],
    tests: [(
        given: { x: [[1, 2, 3], [4, 5, 6]], w: [[1, 2], [3, 4], [5, 6]] },
        value: { y: [[1, 2], [3, 4], [5, 6]] },
        grad: { x: [[1, 2, 3], [4, 5, 6]] },
    )],
)"#,
    )
    .sample(sample)
}
