//! Repetition to a larger shape.
//!
//! # Formula
//! `y[.., i, ..] = x[.., 0, ..]` along the axes that `x` lacks or has of size 1.
//!
//! # Gradient
//! `dx`: `dy` summed over the repeated axes.
//!
//! # Options
//! `shape`.
//!
//! # Shape
//! `shape`, to which that of `x` broadcasts as in NumPy.
//!
//! # Example
//! `rows: Broadcast(x: bias, shape: [N, 10])`

use graphrun_graph::{Bytes, OpDef, Sample, SampleInput, Size};

use super::reshape::Shaped;

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let to = bytes.shape(0, 4);
    let lacking = bytes.between(0, to.len());
    let from: Vec<usize> = to[lacking..].iter().map(|&size| if bytes.flag() { 1 } else { size }).collect();
    let shape = to.into_iter().map(Size::from).collect();
    Sample::new(Shaped { shape }, vec![SampleInput::real(&from)])
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Broadcast", |call, options: &Shaped| {
        let x = call.input(0)?;
        call.b.broadcast(x, &options.shape)
    })
    .summary("Repetition to a larger shape")
    .shape("`shape`, to which that of `x` broadcasts as in NumPy")
    .formula("y = x, repeated", "dx = dy, summed over what was repeated")
    .option("shape", "shape", None, "the sizes of the result")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [2] },
    nodes: { y: Broadcast(x: x, shape: [3, 2]), z: Sum(y) },
    outputs: [z],
    tests: [(given: { x: [1, 2] }, value: { y: [[1, 2], [1, 2], [1, 2]] }, grad: { x: [3, 3] })],
)"#,
    )
    .sample(sample)
}
