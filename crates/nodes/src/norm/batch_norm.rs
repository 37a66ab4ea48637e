//! Each channel standardised over the batch (Ioffe and Szegedy, 2015).
//!
//! # Formula
//! `y = (x - mean) / sqrt(var + epsilon) * weight + bias`; in training mean and variance are the batch's, over all axes
//! but that of the channels, and the running ones move towards them: `running <- (1 - momentum) running + momentum batch`.
//! In test they are the running ones.
//!
//! # Gradient
//! In training `dx = (g - mean(g) - z mean(g z)) / sqrt(var + epsilon)`, `g = dy weight`, `z` the standardised channel;
//! in test `dx = g / sqrt(var + epsilon)`.
//!
//! # Options
//! `axis`, `epsilon`, `momentum`; `weight` and `bias` may name declared parameters.
//!
//! # Shape
//! That of `x`; the parameters and the state `running_mean`, `running_var` have the size of `axis`.
//!
//! # Example
//! `h: BatchNorm(x)`

use std::sync::Arc;

use graphrun_graph::{Builder, Bytes, Call, NodeId, OpDef, Phase, Sample, SampleInput, TypeError, ty};
use serde::Deserialize;

use super::standard::{affine, aligned, check_epsilon, scaled, with_epsilon};
use crate::axes::mean::mean;
use crate::axes::var::var;
use crate::init::{ones::Ones, zeros::Zeros};
use crate::pointwise::expression;

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct BatchNorm {
    axis: i64,
    epsilon: f64,
    momentum: f64,
}

impl Default for BatchNorm {
    fn default() -> BatchNorm {
        BatchNorm { axis: 1, epsilon: 1e-5, momentum: 0.1 }
    }
}

impl BatchNorm {
    fn build(&self, call: &mut Call<'_>) -> Result<NodeId, TypeError> {
        check_epsilon(self.epsilon)?;
        if !(0.0..=1.0).contains(&self.momentum) {
            return Err(TypeError::new(format!("momentum is {}, and is a share from 0 to 1", self.momentum)));
        }
        let (x, ty) = (call.input(0)?, call.ty(0)?);
        let axis = ty::axis(self.axis, ty.rank()).map_err(|e| e.at(&[0]))?;
        let channels = vec![ty.shape[axis].clone()];
        let running_mean = call.state("running_mean", channels.clone(), Arc::new(Zeros {}))?;
        let running_var = call.state("running_var", channels, Arc::new(Ones {}))?;
        let (center, spread) = match call.phase() {
            Phase::Test => (running_mean, running_var),
            Phase::Train => {
                let others: Vec<usize> = (0..ty.rank()).filter(|&k| k != axis).collect();
                let batch = (mean(call.b, x, &others, false)?, var(call.b, x, &others, false, 0)?);
                self.follow(call.b, running_mean, batch.0)?;
                self.follow(call.b, running_var, batch.1)?;
                batch
            }
        };
        let center = aligned(call.b, center, &ty.shape, &[axis])?;
        let spread = aligned(call.b, spread, &ty.shape, &[axis])?;
        let y = scaled(call.b, x, center, spread, self.epsilon)?;
        affine(call, y, &[axis], true)
    }

    /// Moves a running statistic towards the batch's after each step.
    fn follow(&self, b: &mut Builder, running: NodeId, batch: NodeId) -> Result<(), TypeError> {
        let share = b.constant(self.momentum)?;
        let moved = b.pointwise(&expression("r + s * (x - r)", &["r", "x", "s"]), &[running, batch, share])?;
        b.graph_mut().updates.push((running, moved));
        Ok(())
    }
}

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let mut shape = bytes.shape(2, 4);
    shape[0] += 2;
    let options = BatchNorm { axis: if bytes.flag() { 1 } else { -1 }, epsilon: 1e-3, ..BatchNorm::default() };
    Sample::new(options, vec![SampleInput::real(&shape)])
}

pub(crate) fn def() -> OpDef {
    let def = OpDef::new("BatchNorm", |call, o: &BatchNorm| o.build(call))
        .summary("Each channel standardised over the batch, or by running statistics in test")
        .shape(
            "That of `x`; the parameters and the state `running_mean`, `running_var` have the size of \
             `axis`",
        )
        .formula(
            "y = (x - mean) / sqrt(var + epsilon) * weight + bias; running <- (1 - momentum) running + momentum batch",
            "training: dx = (g - mean(g) - z mean(g z)) / sqrt(var + epsilon), g = dy weight, \
             z = (x - mean) / sqrt(var + epsilon); test: dx = g / sqrt(var + epsilon)",
        )
        .option("axis", "axis", Some("1"), "the axis of the channels");
    with_epsilon(def, "0.00001")
        .option("momentum", "real", Some("0.1"), "how far the running statistics move towards the batch's in a step")
        .params(&["weight", "bias", "running_mean", "running_var"])
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [2, 1] },
    nodes: { y: BatchNorm(x: x, epsilon: 0) },
    outputs: [y],
    tests: [
        (given: { x: [[1], [3]] }, phase: Train, value: { y: [[-1], [1]] }),
        (
            given: { x: [[1], [3]] },
            params: { "y.running_mean": [1], "y.running_var": [4] },
            phase: Test,
            value: { y: [[0], [1]] },
        ),
    ],
)"#,
        )
        .sample(sample)
}
