//! Each row standardised by its own mean and variance (Ba, Kiros and Hinton, 2016).
//!
//! # Formula
//! `y = (x - mean) / sqrt(var + epsilon) * weight + bias`, mean and variance over `axes`.
//!
//! # Gradient
//! `dx = (g - mean(g) - z mean(g z)) / sqrt(var + epsilon)`, `g = dy weight`, `z` the standardised row.
//!
//! # Options
//! `axes`, `epsilon`, `affine`; `weight` and `bias` may name declared parameters.
//!
//! # Shape
//! That of `x`; the parameters have its sizes along `axes`.
//!
//! # Example
//! `h: LayerNorm(x)`

use graphrun_graph::{Bytes, OpDef, Sample, SampleInput, ty};
use serde::Deserialize;

use super::standard::{affine, check_epsilon, standardise, with_epsilon};

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LayerNorm {
    axes: Vec<i64>,
    epsilon: f64,
    affine: bool,
}

impl Default for LayerNorm {
    fn default() -> LayerNorm {
        LayerNorm { axes: vec![-1], epsilon: 1e-5, affine: true }
    }
}

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let mut shape = bytes.shape(1, 3);
    let last = shape.len() - 1;
    shape[last] += 2;
    Sample::new(LayerNorm { affine: bytes.flag(), ..LayerNorm::default() }, vec![SampleInput::real(&shape)])
}

pub(crate) fn def() -> OpDef {
    let def = OpDef::new("LayerNorm", |call, o: &LayerNorm| {
        check_epsilon(o.epsilon)?;
        let x = call.input(0)?;
        let axes = ty::axes(Some(&o.axes), call.b.ty(x).rank())?;
        let y = standardise(call.b, x, &axes, o.epsilon)?;
        if o.affine { affine(call, y, &axes, true) } else { Ok(y) }
    })
    .summary("Each row standardised by its own mean and variance")
    .shape("That of `x`; the parameters have its sizes along `axes`")
    .formula(
        "y = (x - mean) / sqrt(var + epsilon) * weight + bias",
        "dx = (g - mean(g) - z mean(g z)) / sqrt(var + epsilon), g = dy weight, z = (x - mean) / sqrt(var + epsilon)",
    )
    .option("axes", "axis list", Some("[-1]"), "the axes that mean and variance are taken over");
    with_epsilon(def, "0.00001")
        .option("affine", "bool", Some("true"), "whether a learned weight and bias follow")
        .params(&["weight", "bias"])
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [1, 2] },
    nodes: { y: LayerNorm(x: x, epsilon: 0), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[1, 3]] },
        params: { "y.weight": [1, 2], "y.bias": [10, 20] },
        value: { y: [[9, 22]] },
        grad: { x: [[0, 0]], "y.weight": [-1, 1], "y.bias": [1, 1] },
    )],
)"#,
        )
        .sample(sample)
}
