//! The lecture's linear layer.
//!
//! # Formula
//! `s = W x + b` for every vector `x` along the last axis.
//!
//! # Gradient
//! `dx = W^T ds`, `dW = ds x^T`, `db = ds`, the last two summed over the vectors.
//!
//! # Options
//! `units`, `bias`, `init`, `bias_init`; `weight` and `bias` may name declared parameters.
//!
//! # Shape
//! `[.., in]` gives `[.., units]`; the weight is `[units, in]`, the bias `[units]`.
//!
//! # Example
//! `h: Linear(x: x, units: 128, init: He)`

use std::sync::Arc;

use graphrun_graph::{Bytes, Call, NodeId, OpDef, Sample, SampleInput, Size, TypeError};
use serde::Deserialize;

use super::mat_mul::{MatMul, product};
use crate::init::{xavier::Xavier, zeros::Zeros};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Linear {
    units: usize,
    #[serde(default = "yes")]
    bias: bool,
}

fn yes() -> bool {
    true
}

impl Linear {
    fn build(&self, call: &mut Call<'_>) -> Result<NodeId, TypeError> {
        let (x, ty) = (call.input(0)?, call.ty(0)?);
        let Some(size) = ty.shape.last() else {
            return Err(TypeError::new("a linear layer of a scalar: it wants vectors along the last axis").at(&[0]));
        };
        let units = Size::from(self.units);
        let init = call.init("init", || Arc::new(Xavier::default()));
        let weight = call.param("weight", vec![units.clone(), size.clone()], init)?;
        let s = product(call.b, x, weight, MatMul { transpose_a: false, transpose_b: true })?;
        if !self.bias {
            return Ok(s);
        }
        let init = call.init("bias_init", || Arc::new(Zeros {}));
        let bias = call.param("bias", vec![units], init)?;
        call.b.add(&[s, bias])
    }
}

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let shape = bytes.shape(1, 3);
    Sample::new(Linear { units: bytes.between(1, 5), bias: bytes.flag() }, vec![SampleInput::real(&shape)])
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Linear", |call, options: &Linear| options.build(call))
        .summary("A linear layer: a weighted sum of the inputs for each unit, and a bias")
        .shape("`[.., in]` gives `[.., units]`; the weight is `[units, in]`, the bias `[units]`")
        .formula("s = W x + b", "dx = W^T ds; dW = ds x^T; db = ds")
        .option("units", "integer", None, "the number of outputs")
        .option("bias", "bool", Some("true"), "whether a bias is added")
        .params(&["weight", "bias"])
        .init("init", "Xavier", "how the weight [units, in] begins")
        .init("bias_init", "Zeros", "how the bias [units] begins")
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [2] },
    nodes: { s: Linear(x: x, units: 2), y: Sum(s) },
    outputs: [y],
    tests: [(
        given: { x: [1, 2] },
        params: { "s.weight": [[1, 2], [3, 4]], "s.bias": [10, 20] },
        value: { s: [15, 31] },
        grad: { x: [4, 6], "s.weight": [[1, 2], [1, 2]], "s.bias": [1, 1] },
    )],
)"#,
        )
        .sample(sample)
}
