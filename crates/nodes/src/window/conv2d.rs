//! A convolution layer over images.
//!
//! # Formula
//! `y[n, o, i, j] = bias[o] + sum_{c, u, v} weight[o, c, u, v] x[n, c, i s + u d - p, j s + v d - p]`; `x` is 0 outside.
//!
//! # Gradient
//! `dx`, `dweight`: convolutions again; `dbias`: `dy` summed over items and places.
//!
//! # Options
//! `units`, `kernel`, `stride`, `pad`, `dilation`, `groups`, `bias`, `init`, `bias_init`; `weight` and `bias` may name
//! declared parameters.
//!
//! # Shape
//! `[N, C, H, W]` gives `[N, units, H', W']`, `H' = (H + 2 p - d (h - 1) - 1) / s + 1` rounded down; the weight is
//! `[units, C / groups, h, w]`, the bias `[units]`.
//!
//! # Example
//! `h: Conv2d(x: image, units: 16, kernel: 5, pad: 2, init: He)`

use std::sync::Arc;

use graphrun_graph::{Bytes, Call, NodeId, OpDef, Sample, SampleInput, Size, TypeError};
use serde::Deserialize;

use super::convolve::{Convolve, one};
use super::geometry::{Sides, over_images, window};
use super::steps::{Steps, moves};
use crate::init::{xavier::Xavier, zeros::Zeros};

/// The options of a convolution layer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Options {
    pub(crate) units: usize,
    pub(crate) kernel: Sides,
    #[serde(default = "Sides::one")]
    pub(crate) stride: Sides,
    #[serde(default = "Sides::zero")]
    pub(crate) pad: Sides,
    #[serde(default = "Sides::one")]
    pub(crate) dilation: Sides,
    #[serde(default = "one")]
    pub(crate) groups: usize,
    #[serde(default = "yes")]
    pub(crate) bias: bool,
}

pub(crate) fn yes() -> bool {
    true
}

/// Emits a layer over images of `axes` axes.
pub(crate) fn layer(call: &mut Call<'_>, axes: usize, o: &Options) -> Result<NodeId, TypeError> {
    over_images(call, Some(axes), |call, x, axes| {
        let steps = Steps::new(axes, &o.stride, &o.pad, &o.dilation, o.groups)?;
        let kernel = window(axes, &o.kernel, &Sides::one(), &Sides::zero(), &Sides::one())?.kernel;
        let units = Size::from(o.units);
        let rows = steps.weight(&call.b.ty(x).shape[1], &units, kernel)?;
        let mut declared = rows.clone();
        declared.drain(2..4 - axes);
        let init = call.init("init", || Arc::new(Xavier::default()));
        let weight = call.param("weight", declared, init)?;
        let weight = call.b.reshape(weight, &rows)?;
        let mut inputs = vec![x, weight];
        if o.bias {
            let init = call.init("bias_init", || Arc::new(Zeros {}));
            inputs.push(call.param("bias", vec![units], init)?);
        }
        call.b.node(Convolve(steps), &inputs)
    })
}

/// Documents the options and parameters of a layer.
pub(crate) fn documented(def: OpDef) -> OpDef {
    def.option("units", "integer", None, "the channels of the output")
        .option("kernel", "integer or list", None, "the size of the window")
        .option("stride", "integer or list", Some("1"), "the distance between windows")
        .option("pad", "integer or list", Some("0"), "the zeros before and after the image")
        .option("dilation", "integer or list", Some("1"), "the distance between taps of a window")
        .option("groups", "integer", Some("1"), "the groups of channels that stay apart")
        .option("bias", "bool", Some("true"), "whether a bias is added")
        .params(&["weight", "bias"])
        .init("init", "Xavier", "how the weight begins")
        .init("bias_init", "Zeros", "how the bias [units] begins")
}

/// A layer that fits an image of `axes` axes, its padding up to `most_pad`.
pub(crate) fn sample(bytes: &mut Bytes<'_>, axes: usize, most_pad: usize) -> Sample {
    let groups = bytes.between(1, 2);
    let mut shape = vec![bytes.between(1, 3), groups * bytes.between(1, 2)];
    let [kernel, stride, dilation] = moves(bytes);
    for axis in 0..axes {
        let reach = dilation[axis] * (kernel[axis] - 1) + 1;
        shape.push(reach.max(3) + bytes.between(0, 3));
    }
    let side = |each: [usize; 2]| Sides::Each(each[..axes].iter().map(|n| *n as u32).collect());
    let options = Options {
        units: groups * bytes.between(1, 2),
        kernel: side(kernel),
        stride: side(stride),
        pad: side([bytes.between(0, most_pad); 2]),
        dilation: side(dilation),
        groups,
        bias: bytes.flag(),
    };
    Sample::new(options, vec![SampleInput::real(&shape)])
}

pub(crate) fn def() -> OpDef {
    documented(OpDef::new("Conv2d", |call, options: &Options| layer(call, 2, options)))
        .summary("A convolution layer over images: a weighted sum of each window for each unit, and a bias")
        .shape(
            "`[N, C, H, W]` gives `[N, units, H', W']`, `H' = (H + 2 p - d (h - 1) - 1) / s + 1` rounded \
             down; the weight is `[units, C / groups, h, w]`, the bias `[units]`",
        )
        .formula(
            "y[n, o, i, j] = bias[o] + sum_{c, u, v} weight[o, c, u, v] x[n, c, i s + u d - p, j s + v d - p]",
            "dx, dweight: convolutions again; dbias = dy summed over items and places",
        )
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [1, 1, 2, 2] },
    nodes: { y: Conv2d(x: x, units: 1, kernel: 2, pad: [0, 1]), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[[[1, 2], [3, 4]]]] },
        params: { "y.weight": [[[[1, 10], [100, 1000]]]], "y.bias": [0.5] },
        value: { y: [[[[3010.5, 4321.5, 402.5]]]] },
        grad: { "y.weight": [[[[3, 3], [7, 7]]]], "y.bias": [3] },
    )],
)"#,
        )
        .sample(|bytes| sample(bytes, 2, 2))
}
