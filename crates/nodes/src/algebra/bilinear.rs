//! A bilinear form of two vectors for each unit.
//!
//! # Formula
//! `y_k = a^T W_k b + c_k`
//!
//! # Gradient
//! `da = sum_k dy_k W_k b`, `db = sum_k dy_k W_k^T a`, `dW_k = dy_k a b^T`, `dc = dy`, the last two summed over the rows.
//!
//! # Options
//! `units`, `bias`, `init`, `bias_init`; `weight` and `bias` may name declared parameters.
//!
//! # Shape
//! `[.., m]` and `[.., n]` of equal leading axes give `[.., units]`; the weight is `[units, m, n]`, the bias `[units]`.
//!
//! # Example
//! `y: Bilinear(a: left, b: right, units: 4)`

use std::sync::Arc;

use graphrun_graph::{Bytes, Call, NodeId, OpDef, Sample, SampleInput, Size, TypeError, ty};
use serde::Deserialize;

use super::einsum::{Named, contract};
use crate::init::{xavier::Xavier, zeros::Zeros};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bilinear {
    units: usize,
    #[serde(default = "yes")]
    bias: bool,
}

fn yes() -> bool {
    true
}

impl Bilinear {
    fn build(&self, call: &mut Call<'_>) -> Result<NodeId, TypeError> {
        let (a, b) = (call.ty(0)?, call.ty(1)?);
        let (Some((m, lead)), Some((n, other))) = (a.shape.split_last(), b.shape.split_last()) else {
            return Err(TypeError::new(format!("vectors are wanted, and these are {a} and {b}")).at(&[0, 1]));
        };
        if lead.len() != other.len() {
            return Err(TypeError::new(format!("{a} and {b} differ in the number of axes")).at(&[0, 1]));
        }
        for (x, y) in lead.iter().zip(other) {
            ty::same_size(x, y, &format!("the rows of {a} and of {b} differ"), &[0, 1])?;
        }
        let units = Size::from(self.units);
        let rows = lead.iter().fold(Size::from(1), |n, size| &n * size);
        let shape: Vec<Size> = lead.iter().cloned().chain([units.clone()]).collect();
        let init = call.init("init", || Arc::new(Xavier::default()));
        let weight = call.param("weight", vec![units.clone(), m.clone(), n.clone()], init)?;
        let (x, y) = (call.input(0)?, call.input(1)?);
        let x = call.b.reshape(x, &[rows.clone(), m.clone()])?;
        let y = call.b.reshape(y, &[rows, n.clone()])?;
        let named = |node, letters: &str| Named { node, letters: letters.chars().collect() };
        let forms = contract(call.b, vec![named(x, "ri"), named(weight, "kij"), named(y, "rj")], &['r', 'k'])?;
        let forms = call.b.reshape(forms, &shape)?;
        if !self.bias {
            return Ok(forms);
        }
        let init = call.init("bias_init", || Arc::new(Zeros {}));
        let bias = call.param("bias", vec![units], init)?;
        call.b.add(&[forms, bias])
    }
}

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let lead = bytes.shape(0, 2);
    let vector = |n: usize| SampleInput::real(&[lead.as_slice(), &[n]].concat());
    let inputs = vec![vector(bytes.between(1, 4)), vector(bytes.between(1, 4))];
    Sample::new(Bilinear { units: bytes.between(1, 3), bias: bytes.flag() }, inputs)
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Bilinear", |call, options: &Bilinear| options.build(call))
        .ports(&["a", "b"])
        .summary("A bilinear form of two vectors for each unit, and a bias")
        .shape(
            "`[.., m]` and `[.., n]` of equal leading axes give `[.., units]`; the weight is `[units, m, \
             n]`, the bias `[units]`",
        )
        .formula("y_k = a^T W_k b + c_k", "da = sum_k dy_k W_k b; db = sum_k dy_k W_k^T a; dW_k = dy_k a b^T; dc = dy")
        .option("units", "integer", None, "the number of outputs")
        .option("bias", "bool", Some("true"), "whether a bias is added")
        .params(&["weight", "bias"])
        .init("init", "Xavier", "how the weight [units, m, n] begins")
        .init("bias_init", "Zeros", "how the bias [units] begins")
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { a: [2], b: [2] },
    nodes: { y: Bilinear(a: a, b: b, units: 1), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { a: [1, 2], b: [3, 4] },
        params: { "y.weight": [[[1, 2], [0, 1]]], "y.bias": [10] },
        value: { y: [29] },
        grad: { a: [11, 4], b: [1, 4], "y.weight": [[[3, 4], [6, 8]]], "y.bias": [1] },
    )],
)"#,
        )
        .sample(sample)
}
