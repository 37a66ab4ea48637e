//! Each row divided by its root mean square (Zhang and Sennrich, 2019).
//!
//! # Formula
//! `y = x / sqrt(mean(x^2) + epsilon) * weight`, the mean over `axes`.
//!
//! # Gradient
//! `dx = (g - z mean(g z)) / sqrt(mean(x^2) + epsilon)`, `g = dy weight`, `z` the divided row.
//!
//! # Options
//! `axes`, `epsilon`; `weight` may name a declared parameter.
//!
//! # Shape
//! That of `x`; the weight has its sizes along `axes`.
//!
//! # Example
//! `h: RmsNorm(x)`

use graphrun_graph::{Bytes, OpDef, Sample, SampleInput, ty};
use serde::Deserialize;

use super::standard::{affine, check_epsilon, with_epsilon};
use crate::axes::mean::mean;
use crate::pointwise::expression;

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RmsNorm {
    axes: Vec<i64>,
    epsilon: f64,
}

impl Default for RmsNorm {
    fn default() -> RmsNorm {
        RmsNorm { axes: vec![-1], epsilon: 1e-5 }
    }
}

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let shape = bytes.shape(1, 3);
    Sample::new(RmsNorm::default(), vec![SampleInput::range(&shape, 0.5, 2.0)])
}

pub(crate) fn def() -> OpDef {
    let def = OpDef::new("RmsNorm", |call, o: &RmsNorm| {
        check_epsilon(o.epsilon)?;
        let x = call.input(0)?;
        let axes = ty::axes(Some(&o.axes), call.b.ty(x).rank())?;
        let squares = call.b.pointwise(&expression("square(x)", &["x"]), &[x])?;
        let square = mean(call.b, squares, &axes, true)?;
        let epsilon = call.b.constant(o.epsilon)?;
        let y = call.b.pointwise(&expression("x * rsqrt(s + e)", &["x", "s", "e"]), &[x, square, epsilon])?;
        affine(call, y, &axes, false)
    })
    .summary("Each row divided by its root mean square")
    .shape("That of `x`; the weight has its sizes along `axes`")
    .formula(
        "y = x / sqrt(mean(x^2) + epsilon) * weight",
        "dx = (g - z mean(g z)) / sqrt(mean(x^2) + epsilon), g = dy weight, z = x / sqrt(mean(x^2) + epsilon)",
    )
    .option("axes", "axis list", Some("[-1]"), "the axes that the mean is taken over");
    with_epsilon(def, "0.00001")
        .params(&["weight"])
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [1, 2] },
    nodes: { y: RmsNorm(x: x, epsilon: 0), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[7, 1]] },
        params: { "y.weight": [1, 2] },
        value: { y: [[1.4, 0.4]] },
        grad: { x: [[-0.052, 0.364]], "y.weight": [1.4, 0.2] },
    )],
)"#,
        )
        .sample(sample)
}
