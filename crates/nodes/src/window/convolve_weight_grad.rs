//! The gradient of Convolve by its weight.
//!
//! # Formula
//! `y[o, c, u, v] = sum_{n, i, j} dy[n, o, i, j] x[n, c, i s + u d - p, j s + v d - p]`
//!
//! # Gradient
//! `dx`: ConvolveInputGrad of `dy` with the incoming gradient as weight; that of `dy`: Convolve of `x` with the same.
//!
//! # Options
//! `kernel`: height and width of the weight; `stride`, `pad`, `dilation`, `groups` as in Convolve.
//!
//! # Shape
//! `[N, C, H, W]` and `[N, O, H', W']` give `[O, C / groups, h, w]`.
//!
//! # Example
//! `dw: ConvolveWeightGrad(x: image, dy: dy, kernel: 5, pad: 2)`

use graphrun_graph::{
    At, Builder, Context, Form, GradError, NodeId, Op, OpDef, Sample, SampleInput, Type, TypeError,
};
use graphrun_tensor::{
    Accum, Dtype, Num, Shape, ViewAny, ViewMut, ViewMutAny, conv_weight_grad, conv_weight_grad_scratch, with_real,
};
use serde::Deserialize;

use super::convolve::{Convolve, one};
use super::convolve_input_grad::ConvolveInputGrad;
use super::geometry::{Sides, elements, image, window};
use super::steps::{Drawn, Steps, madds};

/// The gradient of a convolution by its weight with this kernel, given its images and that of its output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConvolveWeightGrad {
    pub(crate) steps: Steps,
    pub(crate) kernel: [usize; 2],
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    kernel: Sides,
    #[serde(default = "Sides::one")]
    stride: Sides,
    #[serde(default = "Sides::zero")]
    pad: Sides,
    #[serde(default = "Sides::one")]
    dilation: Sides,
    #[serde(default = "one")]
    groups: usize,
}

impl Op for ConvolveWeightGrad {
    fn name(&self) -> &str {
        "ConvolveWeightGrad"
    }

    fn options(&self) -> String {
        format!("kernel: {:?}, {}", self.kernel, self.steps.text())
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        image(inputs, 0)?;
        image(inputs, 1)?;
        let (x, dy) = (&inputs[0].shape, &inputs[1].shape);
        let weight = self.steps.weight(&x[1], &dy[1], self.kernel)?;
        self.steps.check(x, &weight, dy, &[0, 1])?;
        Ok(Type::real(weight))
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        let [x, dy] = [at.inputs[0], at.inputs[1]];
        let size = [2, 3].map(|axis| b.ty(x).shape[axis].clone());
        Ok(vec![
            Some(b.node(ConvolveInputGrad { steps: self.steps, size }, &[dy, at.grad])?),
            Some(b.node(Convolve(self.steps), &[x, at.grad])?),
        ])
    }

    fn form(&self) -> Form {
        Form::RowSum(vec![true, true])
    }

    fn scratch(&self, inputs: &[Shape], out: Shape, dtype: Dtype) -> usize {
        let conv = self.steps.conv(inputs[0], out, inputs[1]);
        match dtype {
            Dtype::F32 => conv_weight_grad_scratch::<f32>(&conv),
            Dtype::F64 => conv_weight_grad_scratch::<f64>(&conv),
        }
    }

    fn madds(&self, inputs: &[Shape], out: Shape) -> usize {
        madds(inputs[1], out)
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, at: &mut Context<'_>) {
        with_real!(out, |out: T| self.real::<T>(inputs, out, at));
    }
}

impl ConvolveWeightGrad {
    fn real<T: Num>(&self, inputs: &[ViewAny<'_>], out: ViewMut<'_, T>, at: &mut Context<'_>) {
        let [x, dy] = [inputs[0].real::<T>(), inputs[1].real::<T>()];
        let conv = self.steps.conv(x.shape(), out.shape, dy.shape());
        conv_weight_grad(&conv, elements(x), elements(dy), Accum::Replace, out.data, &mut at.scratch);
    }
}

pub(crate) fn def() -> OpDef {
    OpDef::new("ConvolveWeightGrad", |call, o: &Options| {
        let steps = Steps::new(2, &o.stride, &o.pad, &o.dilation, o.groups)?;
        let kernel = window(2, &o.kernel, &Sides::one(), &Sides::zero(), &Sides::one())?.kernel;
        call.emit(ConvolveWeightGrad { steps, kernel })
    })
    .ports(&["x", "dy"])
    .summary("The gradient of Convolve by its weight")
    .shape("`[N, C, H, W]` and `[N, O, H', W']` give `[O, C / groups, h, w]`")
    .formula(
        "y[o, c, u, v] = sum_{n, i, j} dy[n, o, i, j] x[n, c, i s + u d - p, j s + v d - p]",
        "dx: ConvolveInputGrad with the incoming gradient as weight; that of dy: Convolve with the same",
    )
    .option("kernel", "integer or [height, width]", None, "the size of the window")
    .option("stride", "integer or [height, width]", Some("1"), "the distance between windows")
    .option("pad", "integer or [height, width]", Some("0"), "the zeros before and after the image")
    .option("dilation", "integer or [height, width]", Some("1"), "the distance between taps of a window")
    .option("groups", "integer", Some("1"), "the groups of channels that stay apart")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [1, 1, 1, 3], g: [1, 1, 1, 2] },
    nodes: { y: ConvolveWeightGrad(x: x, dy: g, kernel: [1, 2]), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[[[1, 2, 3]]]], g: [[[[10, 100]]]] },
        value: { y: [[[[210, 320]]]] },
        grad: { x: [[[[10, 110, 100]]]], g: [[[[3, 5]]]] },
    )],
)"#,
    )
    .sample(|bytes| {
        let drawn = Drawn::new(bytes);
        let [stride, pad, dilation] = drawn.sides();
        let kernel = Sides::Each(drawn.weight[2..].iter().map(|&n| n as u32).collect());
        let options = Options { kernel, stride, pad, dilation, groups: drawn.steps.groups };
        Sample::new(options, vec![SampleInput::real(&drawn.x), SampleInput::real(&drawn.y)])
    })
}
