//! Images slid under a weight that is an input: what the convolution layers are made of.
//!
//! # Formula
//! `y[n, o, i, j] = bias[o] + sum_{c, u, v} weight[o, c, u, v] x[n, c, i s + u d - p, j s + v d - p]`, `c` over the
//! channels of the group of `o`; `x` is 0 outside the image. `s` is the stride, `d` the dilation, `p` the padding.
//!
//! # Gradient
//! `dx`: ConvolveInputGrad of `dy`; `dweight`: ConvolveWeightGrad; `dbias`: `dy` summed over items and places.
//!
//! # Options
//! `stride`, `pad`, `dilation`: one number, or height and width; `groups`.
//!
//! # Shape
//! `[N, C, H, W]` with `[O, C / groups, h, w]` gives `[N, O, H', W']`, `H' = (H + 2 p - d (h - 1) - 1) / s + 1` rounded down.
//!
//! # Example
//! `edges: Convolve(x: image, weight: sobel, pad: 1)`

use graphrun_graph::{At, Builder, Context, Form, GradError, NodeId, Op, OpDef, Sample, SampleInput, Type, TypeError, ty};
use graphrun_tensor::{Dtype, Num, Shape, ViewAny, ViewMut, ViewMutAny, conv, conv_scratch, with_real};
use serde::Deserialize;

use super::convolve_input_grad::ConvolveInputGrad;
use super::convolve_weight_grad::ConvolveWeightGrad;
use super::geometry::{Sides, elements, image, slid};
use super::steps::{Drawn, Steps, madds};

/// The convolution of the first input with the second, and the third added by unit where there is one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Convolve(pub(crate) Steps);

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default = "Sides::one")]
    stride: Sides,
    #[serde(default = "Sides::zero")]
    pad: Sides,
    #[serde(default = "Sides::one")]
    dilation: Sides,
    #[serde(default = "one")]
    groups: usize,
}

pub(crate) fn one() -> usize {
    1
}

impl Op for Convolve {
    fn name(&self) -> &str {
        "Convolve"
    }

    fn options(&self) -> String {
        self.0.text()
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        let (size, kernel) = (image(inputs, 0)?, Steps::kernel(inputs, 1)?);
        let [height, width] = slid(&self.0.window(kernel), size)?;
        let (x, weight) = (&inputs[0].shape, &inputs[1].shape);
        let y = vec![x[0].clone(), weight[0].clone(), height, width];
        self.0.check(x, weight, &y, &[0, 1])?;
        if inputs.len() > 2 {
            let bias = ty::real(inputs, 2)?;
            if bias.shape != y[1..2] {
                return Err(TypeError::new(format!("a bias of {} units, and this is {bias}", y[1])).at(&[2]));
            }
        }
        Ok(Type::real(y))
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        let [x, weight] = [at.inputs[0], at.inputs[1]];
        let (x_ty, kernel) = (b.ty(x).clone(), Steps::kernel(&[b.ty(weight).clone()], 0)?);
        let size = [x_ty.shape[2].clone(), x_ty.shape[3].clone()];
        let mut grads = vec![
            Some(b.node(ConvolveInputGrad { steps: self.0, size }, &[at.grad, weight])?),
            Some(b.node(ConvolveWeightGrad { steps: self.0, kernel }, &[x, at.grad])?),
        ];
        if at.inputs.len() > 2 {
            grads.push(Some(b.sum(at.grad, &[0, 2, 3], false)?));
        }
        Ok(grads)
    }

    fn form(&self) -> Form {
        Form::Rows(vec![true, false, false])
    }

    fn scratch(&self, inputs: &[Shape], out: Shape, dtype: Dtype) -> usize {
        let conv = self.0.conv(inputs[0], inputs[1], out);
        match dtype {
            Dtype::F32 => conv_scratch::<f32>(&conv),
            Dtype::F64 => conv_scratch::<f64>(&conv),
        }
    }

    fn madds(&self, inputs: &[Shape], out: Shape) -> usize {
        madds(out, inputs[1])
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, at: &mut Context<'_>) {
        with_real!(out, |out: T| self.real::<T>(inputs, out, at));
    }
}

impl Convolve {
    fn real<T: Num>(&self, inputs: &[ViewAny<'_>], out: ViewMut<'_, T>, at: &mut Context<'_>) {
        let [x, weight] = [inputs[0].real::<T>(), inputs[1].real::<T>()];
        let bias = inputs.get(2).map(|bias| elements(bias.real::<T>()));
        let geometry = self.0.conv(x.shape(), weight.shape(), out.shape);
        conv(&geometry, elements(x), elements(weight), bias, out.data, &mut at.scratch);
    }
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Convolve", |call, o: &Options| {
        let steps = Steps::new(2, &o.stride, &o.pad, &o.dilation, o.groups)?;
        call.emit(Convolve(steps))
    })
    .ports(&["x", "weight", "bias?"])
    .summary("Images slid under a weight that is an input")
    .shape(
        "`[N, C, H, W]` with `[O, C / groups, h, w]` gives `[N, O, H', W']`, `H' = (H + 2 p - d (h - 1) - \
         1) / s + 1` rounded down",
    )
    .formula(
        "y[n, o, i, j] = bias[o] + sum_{c, u, v} weight[o, c, u, v] x[n, c, i s + u d - p, j s + v d - p]",
        "dx: ConvolveInputGrad; dweight: ConvolveWeightGrad; dbias = dy summed over items and places",
    )
    .option("stride", "integer or [height, width]", Some("1"), "the distance between windows")
    .option("pad", "integer or [height, width]", Some("0"), "the zeros before and after the image")
    .option("dilation", "integer or [height, width]", Some("1"), "the distance between taps of a window")
    .option("groups", "integer", Some("1"), "the groups of channels that stay apart")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [1, 1, 3, 3], w: [1, 1, 2, 2] },
    nodes: { y: Convolve(x, w), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]], w: [[[[1, 0], [0, 10]]]] },
        value: { y: [[[[51, 62], [84, 95]]]] },
        grad: { x: [[[[1, 1, 0], [1, 11, 10], [0, 10, 10]]]], w: [[[[12, 16], [24, 28]]]] },
    )],
)"#,
    )
    .sample(|bytes| {
        let drawn = Drawn::new(bytes);
        let [stride, pad, dilation] = drawn.sides();
        let mut inputs = vec![SampleInput::real(&drawn.x), SampleInput::real(&drawn.weight)];
        if bytes.flag() {
            inputs.push(SampleInput::real(&drawn.y[1..2]));
        }
        Sample::new(Options { stride, pad, dilation, groups: drawn.steps.groups }, inputs)
    })
}
