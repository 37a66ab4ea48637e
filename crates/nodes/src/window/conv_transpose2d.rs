//! A transposed convolution layer, which enlarges images.
//!
//! # Formula
//! `y[n, o, k, l] = bias[o] + sum of weight[c, o, u, v] x[n, c, i, j]` over `i s + u d - p = k`, `j s + v d - p = l`.
//!
//! # Gradient
//! `dx`: a convolution of `dy`; `dweight`: the products of `dy` with `x`; `dbias`: `dy` summed over items and places.
//!
//! # Options
//! `units`, `kernel`, `stride`, `pad`, `dilation`, `groups`, `bias`, `init`, `bias_init`; `weight` and `bias` may name
//! declared parameters.
//!
//! # Shape
//! `[N, C, H, W]` gives `[N, units, H', W']`, `H' = (H - 1) s - 2 p + d (h - 1) + 1`; the weight is
//! `[C, units / groups, h, w]`, the bias `[units]`.
//!
//! # Example
//! `y: ConvTranspose2d(x: h, units: 3, kernel: 4, stride: 2, pad: 1)`

use std::sync::Arc;

use graphrun_graph::{Call, NodeId, OpDef, Size, TypeError};

use super::conv2d::{Options, documented, sample};
use super::convolve_input_grad::ConvolveInputGrad;
use super::geometry::{Sides, over_images, window};
use super::steps::Steps;
use crate::init::{xavier::Xavier, zeros::Zeros};

fn layer(call: &mut Call<'_>, o: &Options) -> Result<NodeId, TypeError> {
    over_images(call, Some(2), |call, x, axes| {
        let steps = Steps::new(axes, &o.stride, &o.pad, &o.dilation, o.groups)?;
        let kernel = window(axes, &o.kernel, &Sides::one(), &Sides::zero(), &Sides::one())?.kernel;
        let (shape, units) = (call.b.ty(x).shape.clone(), Size::from(o.units));
        let along = |axis: usize| {
            let steps_between = &(&shape[2 + axis] - &Size::from(1)) * &Size::from(steps.stride[axis]);
            let reach = steps.dilation[axis] * (kernel[axis] - 1) + 1;
            &(&steps_between + &Size::from(reach)) - &Size::from(2 * steps.pad[axis])
        };
        let size = [along(0), along(1)];
        if let Some(negative) = size.iter().find(|s| s.known().is_none() && is_closed(s)) {
            return Err(TypeError::new(format!("an output of size {negative}")).at(&[0]).help("choose a smaller pad"));
        }
        let weight = steps.weight(&units, &shape[1], kernel)?;
        let init = call.init("init", || Arc::new(Xavier::default()));
        let weight = call.param("weight", weight, init)?;
        let y = call.b.node(ConvolveInputGrad { steps, size }, &[x, weight])?;
        if !o.bias {
            return Ok(y);
        }
        let init = call.init("bias_init", || Arc::new(Zeros {}));
        let bias = call.param("bias", vec![units.clone()], init)?;
        let bias = call.b.reshape(bias, &[units, Size::from(1), Size::from(1)])?;
        call.b.add(&[y, bias])
    })
}

/// Whether no symbol takes part in a size.
fn is_closed(size: &Size) -> bool {
    let mut closed = true;
    size.symbols(&mut |_| closed = false);
    closed
}

pub(crate) fn def() -> OpDef {
    documented(OpDef::new("ConvTranspose2d", layer))
        .summary("A transposed convolution layer: every input spreads a weighted window over the output")
        .shape(
            "`[N, C, H, W]` gives `[N, units, H', W']`, `H' = (H - 1) s - 2 p + d (h - 1) + 1`; the \
             weight is `[C, units / groups, h, w]`, the bias `[units]`",
        )
        .formula(
            "y[n, o, k, l] = bias[o] + sum of weight[c, o, u, v] x[n, c, i, j] over i s + u d - p = k, j s + v d - p = l",
            "dx: Convolve of dy; dweight: ConvolveWeightGrad of dy and x; dbias = dy summed over items and places",
        )
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [1, 1, 1, 2] },
    nodes: { y: ConvTranspose2d(x: x, units: 1, kernel: 2, stride: 2), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[[[1, 2]]]] },
        params: { "y.weight": [[[[1, 10], [100, 1000]]]], "y.bias": [0.5] },
        value: { y: [[[[1.5, 10.5, 2.5, 20.5], [100.5, 1000.5, 200.5, 2000.5]]]] },
        grad: { x: [[[[1111, 1111]]]], "y.weight": [[[[3, 3], [3, 3]]]], "y.bias": [8] },
    )],
)"#,
        )
        .sample(|bytes| sample(bytes, 2, 1))
}
