//! The gradient of Convolve by its images; as a layer of its own, a transposed convolution.
//!
//! # Formula
//! `y[n, c, k, l] = sum of x[n, o, i, j] weight[o, c, u, v]` over all `o` of the group of `c`, `i s + u d - p = k`,
//! `j s + v d - p = l`.
//!
//! # Gradient
//! `dx`: Convolve of `dy` with the weight; `dweight`: ConvolveWeightGrad of `dy` and `x`.
//!
//! # Options
//! `size`: height and width of the result; `stride`, `pad`, `dilation`, `groups` as in Convolve.
//!
//! # Shape
//! `[N, O, H', W']` with `[O, C / groups, h, w]` gives `[N, C, H, W]`, where Convolve makes `[H', W']` of `size: [H, W]`.
//!
//! # Example
//! `dx: ConvolveInputGrad(x: dy, weight: w, size: [28, 28], pad: 2)`

use graphrun_graph::{
    At, Builder, Context, Form, GradError, NodeId, Op, OpDef, Sample, SampleInput, Size, Type, TypeError, shape_text,
};
use graphrun_tensor::{
    Dtype, Num, Shape, ViewAny, ViewMut, ViewMutAny, conv_input_grad, conv_input_grad_scratch, with_real,
};
use serde::Deserialize;

use super::convolve::{Convolve, one};
use super::convolve_weight_grad::ConvolveWeightGrad;
use super::geometry::{Sides, elements, image, size_of};
use super::steps::{Drawn, Steps, madds};

/// The gradient of a convolution of images of `size`, given that of its output and the weight.
#[derive(Clone, Debug)]
pub(crate) struct ConvolveInputGrad {
    pub(crate) steps: Steps,
    pub(crate) size: [Size; 2],
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    size: Vec<Size>,
    #[serde(default = "Sides::one")]
    stride: Sides,
    #[serde(default = "Sides::zero")]
    pad: Sides,
    #[serde(default = "Sides::one")]
    dilation: Sides,
    #[serde(default = "one")]
    groups: usize,
}

impl Op for ConvolveInputGrad {
    fn name(&self) -> &str {
        "ConvolveInputGrad"
    }

    fn options(&self) -> String {
        format!("size: {}, {}", shape_text(&self.size), self.steps.text())
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        image(inputs, 0)?;
        Steps::kernel(inputs, 1)?;
        let (y, weight) = (&inputs[0].shape, &inputs[1].shape);
        let channels = &weight[1] * &Size::from(self.steps.groups);
        let x = vec![y[0].clone(), channels, self.size[0].clone(), self.size[1].clone()];
        self.steps.check(&x, weight, y, &[0, 1])?;
        Ok(Type::real(x))
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        let [x, weight] = [at.inputs[0], at.inputs[1]];
        let kernel = Steps::kernel(&[b.ty(weight).clone()], 0)?;
        Ok(vec![
            Some(b.node(Convolve(self.steps), &[at.grad, weight])?),
            Some(b.node(ConvolveWeightGrad { steps: self.steps, kernel }, &[at.grad, x])?),
        ])
    }

    fn form(&self) -> Form {
        Form::Rows(vec![true, false])
    }

    fn scratch(&self, inputs: &[Shape], out: Shape, dtype: Dtype) -> usize {
        let conv = self.steps.conv(out, inputs[1], inputs[0]);
        match dtype {
            Dtype::F32 => conv_input_grad_scratch::<f32>(&conv),
            Dtype::F64 => conv_input_grad_scratch::<f64>(&conv),
        }
    }

    fn madds(&self, inputs: &[Shape], _: Shape) -> usize {
        madds(inputs[0], inputs[1])
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, at: &mut Context<'_>) {
        with_real!(out, |out: T| self.real::<T>(inputs, out, at));
    }
}

impl ConvolveInputGrad {
    fn real<T: Num>(&self, inputs: &[ViewAny<'_>], out: ViewMut<'_, T>, at: &mut Context<'_>) {
        let [dy, weight] = [inputs[0].real::<T>(), inputs[1].real::<T>()];
        let conv = self.steps.conv(out.shape, weight.shape(), dy.shape());
        conv_input_grad(&conv, elements(dy), elements(weight), out.data, &mut at.scratch);
    }
}

pub(crate) fn def() -> OpDef {
    OpDef::new("ConvolveInputGrad", |call, o: &Options| {
        let steps = Steps::new(2, &o.stride, &o.pad, &o.dilation, o.groups)?;
        call.emit(ConvolveInputGrad { steps, size: size_of(&o.size)? })
    })
    .ports(&["x", "weight"])
    .summary("The gradient of Convolve by its images: a transposed convolution")
    .shape(
        "`[N, O, H', W']` with `[O, C / groups, h, w]` gives `[N, C, H, W]`, where Convolve makes `[H', \
         W']` of `size: [H, W]`",
    )
    .formula(
        "y[n, c, k, l] = sum of x[n, o, i, j] weight[o, c, u, v] over i s + u d - p = k, j s + v d - p = l",
        "dx: Convolve of dy; dweight: ConvolveWeightGrad of dy and x",
    )
    .option("size", "shape", None, "height and width of the result")
    .option("stride", "integer or [height, width]", Some("1"), "the distance between windows")
    .option("pad", "integer or [height, width]", Some("0"), "the zeros before and after the image")
    .option("dilation", "integer or [height, width]", Some("1"), "the distance between taps of a window")
    .option("groups", "integer", Some("1"), "the groups of channels that stay apart")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [1, 1, 1, 2], w: [1, 1, 1, 2] },
    nodes: { y: ConvolveInputGrad(x: x, weight: w, size: [1, 3]), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[[[1, 2]]]], w: [[[[10, 20]]]] },
        value: { y: [[[[10, 40, 40]]]] },
        grad: { x: [[[[30, 30]]]], w: [[[[3, 3]]]] },
    )],
)"#,
    )
    .sample(|bytes| {
        let drawn = Drawn::new(bytes);
        let [stride, pad, dilation] = drawn.sides();
        let size = drawn.x[2..].iter().map(|&n| Size::from(n)).collect();
        let options = Options { size, stride, pad, dilation, groups: drawn.steps.groups };
        Sample::new(options, vec![SampleInput::real(&drawn.y), SampleInput::real(&drawn.weight)])
    })
}
