//! The outer product of vectors.
//!
//! # Formula
//! `y_ij = a_i b_j`
//!
//! # Gradient
//! `da_i = sum_j dy_ij b_j`, `db_j = sum_i dy_ij a_i`
//!
//! # Options
//! None.
//!
//! # Shape
//! `[.., m]` and `[.., n]` give `[.., m, n]`; the leading axes broadcast.
//!
//! # Example
//! `w: Outer(a, b)`

use graphrun_graph::{OpDef, Sample, SampleInput, TypeError};

use crate::pointwise::NoOptions;
use crate::shape::unsqueeze::unsqueeze;

pub(crate) fn def() -> OpDef {
    OpDef::new("Outer", |call, _: &NoOptions| {
        let ((a, ta), (b, tb)) = ((call.input(0)?, call.ty(0)?), (call.input(1)?, call.ty(1)?));
        if ta.rank() == 0 || tb.rank() == 0 {
            return Err(TypeError::new(format!("a product of vectors, and these are {ta} and {tb}")).at(&[0, 1]));
        }
        let column = unsqueeze(call.b, a, &[ta.rank()])?;
        let row = unsqueeze(call.b, b, &[tb.rank() - 1])?;
        call.b.mul(&[column, row])
    })
    .ports(&["a", "b"])
    .summary("The outer product of vectors")
    .shape("`[.., m]` and `[.., n]` give `[.., m, n]`; the leading axes broadcast")
    .formula("y_ij = a_i b_j", "da_i = sum_j dy_ij b_j; db_j = sum_i dy_ij a_i")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { a: [2], b: [3] },
    nodes: { y: Outer(a, b), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { a: [1, 2], b: [3, 4, 5] },
        value: { y: [[3, 4, 5], [6, 8, 10]] },
        grad: { a: [12, 12], b: [3, 3, 3] },
    )],
)"#,
    )
    .sample(|bytes| {
        let lead = bytes.shape(0, 1);
        let vector = |n: usize| SampleInput::real(&[lead.as_slice(), &[n]].concat());
        let inputs = vec![vector(bytes.between(1, 4)), vector(bytes.between(1, 4))];
        Sample::new(NoOptions {}, inputs)
    })
}
