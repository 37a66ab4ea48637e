//! The sum of the diagonal.
//!
//! # Formula
//! `y = sum_i x_ii`
//!
//! # Gradient
//! `dx_ij = dy` if `i = j`, else 0.
//!
//! # Options
//! None.
//!
//! # Shape
//! The last two axes, of one size, leave.
//!
//! # Example
//! `t: Trace(m)`

use graphrun_graph::{OpDef, Sample, SampleInput, TypeError};

use super::diagonal::diagonal;
use crate::pointwise::NoOptions;

pub(crate) fn def() -> OpDef {
    OpDef::new("Trace", |call, _: &NoOptions| {
        let (x, ty) = (call.input(0)?, call.ty(0)?);
        let Some(first) = ty.rank().checked_sub(2) else {
            return Err(TypeError::new(format!("a trace of matrices, and this is {ty}")).at(&[0]));
        };
        let on_it = diagonal(call.b, x, first, first + 1)?;
        call.b.sum(on_it, &[first], false)
    })
    .summary("The sum of the diagonal of matrices")
    .shape("The last two axes, of one size, leave")
    .formula("y = sum_i x_ii", "dx_ij = dy if i = j, else 0")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [2, 2] },
    nodes: { y: Trace(x) },
    outputs: [y],
    tests: [(given: { x: [[1, 2], [3, 4]] }, value: { y: 5 }, grad: { x: [[1, 0], [0, 1]] })],
)"#,
    )
    .sample(|bytes| {
        let mut shape = bytes.shape(0, 2);
        let size = bytes.between(1, 4);
        shape.extend([size, size]);
        Sample::new(NoOptions {}, vec![SampleInput::real(&shape)])
    })
}
