//! Groups of channels standardised, each example by itself (Wu and He, 2018).
//!
//! # Formula
//! `y = (x - mean) / sqrt(var + epsilon) * weight + bias`, mean and variance over a group's channels and positions.
//!
//! # Gradient
//! `dx = (g - mean(g) - z mean(g z)) / sqrt(var + epsilon)`, `g = dy weight`, `z` the standardised group.
//!
//! # Options
//! `groups`, `epsilon`; `weight` and `bias` may name declared parameters.
//!
//! # Shape
//! `[N, C, ..]` stays; `groups` divides `C`; the parameters are `[C]`.
//!
//! # Example
//! `h: GroupNorm(x: x, groups: 4)`

use graphrun_graph::{Bytes, Call, NodeId, OpDef, Sample, SampleInput, Size, TypeError};
use serde::Deserialize;

use super::standard::{affine, check_epsilon, standardise, with_epsilon};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupNorm {
    groups: usize,
    #[serde(default = "epsilon")]
    epsilon: f64,
}

fn epsilon() -> f64 {
    1e-5
}

impl GroupNorm {
    fn build(&self, call: &mut Call<'_>) -> Result<NodeId, TypeError> {
        check_epsilon(self.epsilon)?;
        let (x, ty) = (call.input(0)?, call.ty(0)?);
        let [examples, channels, positions @ ..] = ty.shape.as_slice() else {
            return Err(TypeError::new(format!("channels along the second axis are wanted, and this is {ty}")).at(&[0]));
        };
        let groups = Size::from(self.groups);
        let each = channels.divide(&groups);
        if self.groups == 0 || &each * &groups != *channels {
            let message = format!("{} groups do not divide the {channels} channels of {ty}", self.groups);
            return Err(TypeError::new(message).at(&[0]));
        }
        let apart = [&[examples.clone(), groups, each], positions].concat();
        let grouped = call.b.reshape(x, &apart)?;
        let y = standardise(call.b, grouped, &(2..apart.len()).collect::<Vec<_>>(), self.epsilon)?;
        let y = call.b.reshape(y, &ty.shape)?;
        affine(call, y, &[1], true)
    }
}

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let (groups, each) = (bytes.between(1, 3), bytes.between(2, 3));
    let mut shape = vec![bytes.between(1, 3), groups * each];
    shape.extend(bytes.shape(0, 2));
    Sample::new(GroupNorm { groups, epsilon: 1e-3 }, vec![SampleInput::real(&shape)])
}

pub(crate) fn def() -> OpDef {
    let def = OpDef::new("GroupNorm", |call, o: &GroupNorm| o.build(call))
        .summary("Groups of channels standardised, each example by itself")
        .shape("`[N, C, ..]` stays; `groups` divides `C`; the parameters are `[C]`")
        .formula(
            "y = (x - mean) / sqrt(var + epsilon) * weight + bias, over a group",
            "dx = (g - mean(g) - z mean(g z)) / sqrt(var + epsilon), g = dy weight, z = (x - mean) / sqrt(var + epsilon)",
        )
        .option("groups", "integer", None, "the number of groups that the channels are split into");
    with_epsilon(def, "0.00001")
        .params(&["weight", "bias"])
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [1, 4] },
    nodes: { y: GroupNorm(x: x, groups: 2, epsilon: 0) },
    outputs: [y],
    tests: [(given: { x: [[1, 3, 10, 30]] }, value: { y: [[-1, 1, -1, 1]] })],
)"#,
        )
        .sample(sample)
}
