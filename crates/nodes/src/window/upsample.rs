//! Images enlarged by repeating their elements.
//!
//! # Formula
//! `y[n, c, i, j] = x[n, c, i / scale, j / scale]`, rounded down.
//!
//! # Gradient
//! `dx` sums `dy` over the copies of an element.
//!
//! # Options
//! `scale`: one number, or one for each axis.
//!
//! # Shape
//! `[N, C, H, W]` gives `[N, C, H scale, W scale]`; `[N, C, L]` gives `[N, C, L scale]`.
//!
//! # Example
//! `h: Upsample(x: h, scale: 2)`

use graphrun_graph::{OpDef, Sample, SampleInput, Size};
use serde::Deserialize;

use super::geometry::{Sides, over_images, window};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    scale: Sides,
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Upsample", |call, o: &Options| {
        over_images(call, None, |call, x, axes| {
            let scale = window(axes, &Sides::one(), &o.scale, &Sides::zero(), &Sides::one())?.stride.map(Size::from);
            let [items, channels, height, width] = [0, 1, 2, 3].map(|axis| call.b.ty(x).shape[axis].clone());
            let (one, large) = (Size::from(1), [&height * &scale[0], &width * &scale[1]]);
            let [tall, wide] = scale;
            let apart = [&items, &channels, &height, &one, &width, &one].map(Clone::clone);
            let repeated = [&items, &channels, &height, &tall, &width, &wide].map(Clone::clone);
            let x = call.b.reshape(x, &apart)?;
            let x = call.b.broadcast(x, &repeated)?;
            let [height, width] = large;
            call.b.reshape(x, &[items, channels, height, width])
        })
    })
    .summary("Images enlarged by repeating their elements")
    .shape("`[N, C, H, W]` gives `[N, C, H scale, W scale]`; `[N, C, L]` gives `[N, C, L scale]`")
    .formula("y[n, c, i, j] = x[n, c, floor(i / scale), floor(j / scale)]", "dx = dy, summed over the copies")
    .option("scale", "integer or list", None, "how many times an element is repeated along each axis")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [1, 1, 1, 2] },
    nodes: { y: Upsample(x: x, scale: 2), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[[[1, 2]]]] },
        value: { y: [[[[1, 1, 2, 2], [1, 1, 2, 2]]]] },
        grad: { x: [[[[4, 4]]]] },
    )],
)"#,
    )
    .sample(|bytes| {
        let shape = bytes.shape(3, 4);
        Sample::new(Options { scale: Sides::All(bytes.between(1, 3) as u32) }, vec![SampleInput::real(&shape)])
    })
}
