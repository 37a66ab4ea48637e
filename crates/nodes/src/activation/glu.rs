//! The gated linear unit of Dauphin et al. (2017): one half of the features, each let through as far as its partner
//! in the other half opens the gate.
//!
//! # Formula
//! `y = a sigmoid(b), a and b the halves of x`
//!
//! # Gradient
//! `da = sigmoid(b) dy, db = a s (1 - s) dy with s = sigmoid(b)`
//!
//! # Options
//! `axis` (the axis that is cut into halves, negative ones from the end).
//!
//! # Shape
//! That of the input with half the size on the axis.
//!
//! # Example
//! `y: Glu(h)`

use graphrun_graph::{OpDef, Sample, SampleInput, Size, TypeError, ty};

use super::softmax::Along;
use crate::pointwise::expression;
use crate::shape::slice::{Span, slice};

pub(crate) fn def() -> OpDef {
    OpDef::new("Glu", |call, o: &Along| {
        let (x, ty) = (call.input(0)?, call.ty(0)?);
        let axis = ty::axis(o.axis, ty.rank())?;
        let half = ty.shape[axis].divide(&Size::from(2));
        if &half * &Size::from(2) != ty.shape[axis] {
            let message = format!("axis {axis} of {ty} is cut into two halves, and {} is odd", ty.shape[axis]);
            return Err(TypeError::new(message).at(&[0]));
        }
        let value = slice(call.b, x, Span::from_start(axis, 0, half.clone()))?;
        let gate = slice(call.b, x, Span::to_end(axis, 0, half))?;
        call.b.pointwise(&expression("a * sigmoid(b)", &["a", "b"]), &[value, gate])
    })
    .summary("The first half of an axis times the sigmoid of the second")
    .shape("That of the input with half the size on the axis")
    .formula("y = a sigmoid(b), a and b the halves of x", "da = sigmoid(b) dy, db = a s (1 - s) dy with s = sigmoid(b)")
    .option("axis", "integer", Some("-1"), "the axis that is cut into halves, negative ones from the end")
    .example(
        "Model(
    graphrun: 1,
    inputs: { x: [4] },
    nodes: { y: Glu(x) },
    outputs: [y],
    tests: [(
        given: { x: [1, 2, 0, 1.3862943611198906] },
        value: { y: [0.5, 1.6] },
        grad: { x: [0.5, 0.8, 0.25, 0.32] },
        upstream: [1, 1],
    )],
)",
    )
    .sample(|bytes| {
        let mut shape = bytes.shape(1, 3);
        let axis = bytes.between(0, shape.len() - 1);
        shape[axis] *= 2;
        Sample::new(Along { axis: axis as i64 }, vec![SampleInput::real(&shape)])
    })
}
