//! An array repeated side by side.
//!
//! # Formula
//! `y[.., k, ..] = x[.., k mod n, ..]` along each axis, of size `n` in `x`.
//!
//! # Gradient
//! `dx`: the sum of `dy` over the copies.
//!
//! # Options
//! `repeats`, one an axis.
//!
//! # Shape
//! Each size times its repeats.
//!
//! # Example
//! `y: Tile(x: pattern, repeats: [2, 3])`

use graphrun_graph::{Builder, NodeId, OpDef, Sample, SampleInput, Size, TypeError};
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tile {
    repeats: Vec<Size>,
}

/// Every repeated axis is broadcast along a new one before it, and the two then become one.
fn tile(b: &mut Builder, x: NodeId, repeats: &[Size]) -> Result<NodeId, TypeError> {
    let ty = b.ty(x).clone();
    if repeats.len() != ty.rank() {
        let message = format!("{} repeats for the {} axes of {ty}", repeats.len(), ty.rank());
        return Err(TypeError::new(message).at(&[0]).help("give one number an axis, 1 for none"));
    }
    let one = Size::from(1);
    let (mut apart, mut wide, mut joined) = (Vec::new(), Vec::new(), Vec::new());
    for (size, times) in ty.shape.iter().zip(repeats) {
        if *times != one {
            apart.push(one.clone());
            wide.push(times.clone());
        }
        apart.push(size.clone());
        wide.push(size.clone());
        joined.push(size * times);
    }
    let x = b.reshape(x, &apart)?;
    let x = b.broadcast(x, &wide)?;
    b.reshape(x, &joined)
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Tile", |call, options: &Tile| {
        let x = call.input(0)?;
        tile(call.b, x, &options.repeats)
    })
    .summary("An array repeated side by side")
    .shape("Each size times its repeats")
    .formula("y[.., k, ..] = x[.., k mod n, ..]", "dx = the sum of dy over the copies")
    .option("repeats", "size list", None, "how often each axis is repeated")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [2], w: [6] },
    nodes: { y: Tile(x: x, repeats: [3]), z: Dot(y, w) },
    outputs: [z],
    tests: [(
        given: { x: [1, 2], w: [1, 2, 3, 4, 5, 6] },
        value: { y: [1, 2, 1, 2, 1, 2] },
        grad: { x: [9, 12] },
    )],
)"#,
    )
    .sample(|bytes| {
        let shape = bytes.shape(1, 3);
        let repeats = shape.iter().map(|_| Size::from(bytes.between(1, 3))).collect();
        Sample::new(Tile { repeats }, vec![SampleInput::real(&shape)])
    })
}
