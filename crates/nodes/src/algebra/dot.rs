//! The inner product of vectors.
//!
//! # Formula
//! `y = sum_i a_i b_i`
//!
//! # Gradient
//! `da = dy b`, `db = dy a`
//!
//! # Options
//! None.
//!
//! # Shape
//! The last axes are equal and leave; the leading ones broadcast.
//!
//! # Example
//! `s: Dot(w, x)`

use graphrun_graph::{Bytes, OpDef, Sample, SampleInput, TypeError, ty};

use crate::pointwise::NoOptions;

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let shape = bytes.shape(1, 3);
    let lacking = bytes.between(0, shape.len() - 1);
    Sample::new(NoOptions {}, vec![SampleInput::real(&shape), SampleInput::real(&shape[lacking..])])
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Dot", |call, _: &NoOptions| {
        let (a, b) = (call.ty(0)?, call.ty(1)?);
        let (Some(m), Some(n)) = (a.shape.last(), b.shape.last()) else {
            return Err(TypeError::new(format!("a product of vectors, and these are {a} and {b}")).at(&[0, 1]));
        };
        ty::same_size(m, n, &format!("the vectors {a} and {b} differ in length"), &[0, 1])?;
        let terms = call.b.mul(&call.all_inputs())?;
        let last = call.b.ty(terms).rank() - 1;
        call.b.sum(terms, &[last], false)
    })
    .ports(&["a", "b"])
    .summary("The inner product of vectors")
    .shape("The last axes are equal and leave; the leading ones broadcast")
    .formula("y = sum_i a_i b_i", "da = dy b; db = dy a")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { a: [3], b: [3] },
    nodes: { y: Dot(a, b) },
    outputs: [y],
    tests: [(given: { a: [1, 2, 3], b: [4, 5, 6] }, value: { y: 32 }, grad: { a: [4, 5, 6], b: [1, 2, 3] })],
)"#,
    )
    .sample(sample)
}
