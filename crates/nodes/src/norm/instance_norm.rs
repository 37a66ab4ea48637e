//! Each channel of each example standardised over its positions (Ulyanov, Vedaldi and Lempitsky, 2016).
//!
//! # Formula
//! `y = (x - mean) / sqrt(var + epsilon) * weight + bias`, mean and variance over a channel's positions.
//!
//! # Gradient
//! `dx = (g - mean(g) - z mean(g z)) / sqrt(var + epsilon)`, `g = dy weight`, `z` the standardised channel.
//!
//! # Options
//! `epsilon`; `weight` and `bias` may name declared parameters.
//!
//! # Shape
//! `[N, C, ..]` with at least one axis of positions stays; the parameters are `[C]`.
//!
//! # Example
//! `h: InstanceNorm(images)`

use graphrun_graph::{OpDef, Sample, SampleInput, TypeError};
use serde::Deserialize;

use super::standard::{affine, check_epsilon, standardise, with_epsilon};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct InstanceNorm {
    epsilon: f64,
}

impl Default for InstanceNorm {
    fn default() -> InstanceNorm {
        InstanceNorm { epsilon: 1e-5 }
    }
}

pub(crate) fn def() -> OpDef {
    let def = OpDef::new("InstanceNorm", |call, o: &InstanceNorm| {
        check_epsilon(o.epsilon)?;
        let (x, ty) = (call.input(0)?, call.ty(0)?);
        if ty.rank() < 3 {
            let message = format!("examples, channels and positions are wanted, and this is {ty}");
            return Err(TypeError::new(message).at(&[0]));
        }
        let y = standardise(call.b, x, &(2..ty.rank()).collect::<Vec<_>>(), o.epsilon)?;
        affine(call, y, &[1], true)
    })
    .summary("Each channel of each example standardised over its positions")
    .shape("`[N, C, ..]` with at least one axis of positions stays; the parameters are `[C]`")
    .formula(
        "y = (x - mean) / sqrt(var + epsilon) * weight + bias, over the positions of a channel",
        "dx = (g - mean(g) - z mean(g z)) / sqrt(var + epsilon), g = dy weight, z = (x - mean) / sqrt(var + epsilon)",
    );
    with_epsilon(def, "0.00001")
        .params(&["weight", "bias"])
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [1, 2, 2] },
    nodes: { y: InstanceNorm(x: x, epsilon: 0) },
    outputs: [y],
    tests: [(given: { x: [[[1, 3], [30, 10]]] }, value: { y: [[[-1, 1], [1, -1]]] })],
)"#,
        )
        .sample(|bytes| {
            let shape = [bytes.between(1, 3), bytes.between(1, 3), bytes.between(2, 4), bytes.between(1, 2)];
            Sample::new(InstanceNorm { epsilon: 1e-3 }, vec![SampleInput::real(&shape)])
        })
}
