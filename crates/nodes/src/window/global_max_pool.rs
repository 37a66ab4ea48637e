//! The greatest element of each channel.
//!
//! # Formula
//! `y[n, c] = max_{i, j} x[n, c, i, j]`
//!
//! # Gradient
//! `dx[n, c, i, j] = dy[n, c]` at the first greatest element in row-major order, 0 elsewhere.
//!
//! # Options
//! `keep`: whether the axes of the image stay with size 1.
//!
//! # Shape
//! `[N, C, H, W]` or `[N, C, L]` gives `[N, C]`.
//!
//! # Example
//! `features: GlobalMaxPool(h)`

use graphrun_graph::{Builder, Kink, NodeId, OpDef, Sample, SampleInput, TypeError};
use serde::Deserialize;

use crate::axes::max::max;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    keep: bool,
}

/// An operation that reduces all axes of an image with `emit`.
pub(crate) fn global(
    name: &'static str,
    emit: fn(&mut Builder, NodeId, &[usize], bool) -> Result<NodeId, TypeError>,
) -> OpDef {
    OpDef::new(name, move |call, options: &Options| {
        let (x, ty) = (call.input(0)?, call.ty(0)?);
        match ty.rank() {
            3 => emit(call.b, x, &[2], options.keep),
            4 => emit(call.b, x, &[2, 3], options.keep),
            _ => Err(TypeError::new(format!("images [N, C, H, W] or rows [N, C, L] are wanted here, and this is {ty}"))
                .at(&[0])),
        }
    })
    .option("keep", "bool", Some("false"), "whether the axes of the image stay with size 1")
    .sample(|bytes| {
        let mut shape = bytes.shape(3, 4);
        shape[2] += 1;
        Sample::new(Options { keep: bytes.flag() }, vec![SampleInput::real(&shape)])
    })
}

pub(crate) fn def() -> OpDef {
    global("GlobalMaxPool", max)
        .summary("The greatest element of each channel; of equals the first gets the gradient")
        .shape("`[N, C, H, W]` or `[N, C, L]` gives `[N, C]`")
        .formula("y[n, c] = max_{i, j} x[n, c, i, j]", "dx = dy at the first greatest element, else 0")
        .kink(Kink::First)
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [1, 2, 3] },
    nodes: { y: GlobalMaxPool(x), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[[1, 7, 3], [5, 5, 0]]] },
        value: { y: [[7, 5]] },
        grad: { x: [[[0, 1, 0], [1, 0, 0]]] },
    )],
)"#,
        )
}
