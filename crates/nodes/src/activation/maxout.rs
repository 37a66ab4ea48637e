//! Goodfellow et al. (2013): every unit is the largest of several weighted sums, and so learns its own convex
//! non-linearity.
//!
//! # Formula
//! `y_u = max over k of (w_uk . x + b_uk)`
//!
//! # Gradient
//! `dx, dw and db as of a linear layer, for the piece that won; at a tie the first`
//!
//! # Options
//! `units` (the number of outputs), `pieces` (the number of affine pieces of each), `init` (how the weight [units *
//! pieces, in] begins), `bias_init` (how the bias [units * pieces] begins); `weight` and `bias` may name
//! declared parameters.
//!
//! # Shape
//! `[.., in]` to `[.., units]`; row `unit * pieces + k` of the weight is piece k of a unit.
//!
//! # Example
//! `h: Maxout(x: x, units: 64, pieces: 2)`

use std::sync::Arc;

use graphrun_graph::{Call, NodeId, OpDef, Sample, SampleInput, Size, TypeError};
use serde::Deserialize;

use crate::algebra::mat_mul::{MatMul, product};
use crate::axes::max::max;
use crate::init::{xavier::Xavier, zeros::Zeros};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Maxout {
    units: usize,
    #[serde(default = "two")]
    pieces: usize,
}

fn two() -> usize {
    2
}

fn build(call: &mut Call<'_>, o: &Maxout) -> Result<NodeId, TypeError> {
    let (x, ty) = (call.input(0)?, call.ty(0)?);
    let Some((size, lead)) = ty.shape.split_last() else {
        return Err(TypeError::new("affine pieces of a scalar: they want vectors along the last axis").at(&[0]));
    };
    let Some(rows) = o.units.checked_mul(o.pieces).filter(|_| o.pieces > 0) else {
        return Err(TypeError::new(format!("{} units of {} pieces cannot be made", o.units, o.pieces)));
    };
    let init = call.init("init", || Arc::new(Xavier::default()));
    let weight = call.param("weight", vec![Size::from(rows), size.clone()], init)?;
    let init = call.init("bias_init", || Arc::new(Zeros {}));
    let bias = call.param("bias", vec![Size::from(rows)], init)?;
    let sums = product(call.b, x, weight, MatMul { transpose_a: false, transpose_b: true })?;
    let sums = call.b.add(&[sums, bias])?;
    let by_piece = [lead, &[Size::from(o.units), Size::from(o.pieces)]].concat();
    let sums = call.b.reshape(sums, &by_piece)?;
    max(call.b, sums, &[by_piece.len() - 1], false)
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Maxout", build)
        .summary("The largest of several affine pieces for each unit")
        .shape("`[.., in]` to `[.., units]`; row `unit * pieces + k` of the weight is piece k of a unit")
        .formula(
            "y_u = max over k of (w_uk . x + b_uk)",
            "dx, dw and db as of a linear layer, for the piece that won; at a tie the first",
        )
        .option("units", "integer", None, "the number of outputs")
        .option("pieces", "integer", Some("2"), "the number of affine pieces of each")
        .params(&["weight", "bias"])
        .init("init", "Xavier", "how the weight [units * pieces, in] begins")
        .init("bias_init", "Zeros", "how the bias [units * pieces] begins")
        .example(
            r#"Model(
    graphrun: 1,
    doc: "one unit of two pieces, x and -x: the absolute value",
    inputs: { x: [N, 1] },
    nodes: { y: Maxout(x: x, units: 1, pieces: 2), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[2], [-3]] },
        params: { "y.weight": [[1], [-1]], "y.bias": [0, 0] },
        value: { y: [[2], [3]] },
        grad: { x: [[1], [-1]], "y.weight": [[2], [-3]], "y.bias": [1, 1] },
    )],
)"#,
        )
        .sample(|bytes| {
            let options = Maxout { units: bytes.between(1, 3), pieces: bytes.between(1, 3) };
            Sample::new(options, vec![SampleInput::real(&bytes.shape(1, 3))])
        })
}
