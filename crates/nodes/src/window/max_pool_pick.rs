//! The elements of one batch of images at the places where another has the maxima of its windows.
//!
//! # Formula
//! `y[n, c, i, j] = from[n, c, k, l]`, where `x[n, c, k, l]` is the first greatest element of the window at `i, j`.
//!
//! # Gradient
//! That of `from`: MaxPoolGrad of `x` and `dy`; that of `x` is zero, since the places are constant almost everywhere.
//!
//! # Options
//! `kernel`, `stride` (the kernel when omitted), `pad`, as in MaxPool.
//!
//! # Shape
//! That of MaxPool of `x`, `[N, C, H, W]`; `from` has the shape of `x`.
//!
//! # Example
//! `y: MaxPoolPick(x: h, from: direction, kernel: 2)`

use graphrun_graph::{
    At, Builder, Context, Form, GradError, NodeId, Op, OpDef, Sample, SampleInput, Type, TypeError, ty,
};
use graphrun_tensor::{ViewAny, ViewMutAny, max_pool_pick, with_real};

use super::geometry::{elements, image};
use super::max_pool_grad::MaxPoolGrad;
use super::pooling::{self, Options, Pooling};

/// The elements of the second input where the first has the maxima of its windows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MaxPoolPick(pub(crate) Pooling);

impl Op for MaxPoolPick {
    fn name(&self) -> &str {
        "MaxPoolPick"
    }

    fn options(&self) -> String {
        self.0.text()
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        image(inputs, 1)?;
        let pooled = self.0.pooled(inputs, 0)?;
        for (x, from) in inputs[0].shape.iter().zip(&inputs[1].shape) {
            ty::same_size(x, from, "the images and those to pick from", &[0, 1])?;
        }
        Ok(pooled)
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        Ok(vec![None, Some(b.node(MaxPoolGrad(self.0), &[at.inputs[0], at.grad])?)])
    }

    fn form(&self) -> Form {
        Form::Rows(vec![true, true])
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| {
            let [x, from] = [inputs[0].real::<T>(), inputs[1].real::<T>()];
            max_pool_pick(&self.0.pool(x.shape(), out.shape), elements(x), elements(from), out.data);
        });
    }
}

pub(crate) fn def() -> OpDef {
    let def = OpDef::new("MaxPoolPick", |call, o: &Options| call.emit(MaxPoolPick(o.pooling(2)?)));
    pooling::documented(def)
        .ports(&["x", "from"])
        .summary("The elements of `from` where `x` has the greatest of each window")
        .shape("That of MaxPool of `x`, `[N, C, H, W]`; `from` has the shape of `x`")
        .formula("y[n, c, i, j] = from at the first greatest x of the window", "that of from: MaxPoolGrad; dx = 0")
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [1, 1, 1, 4], d: [1, 1, 1, 4] },
    nodes: { y: MaxPoolPick(x: x, from: d, kernel: [1, 2]), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[[[1, 5, 2, 2]]]], d: [[[[10, 20, 30, 40]]]] },
        value: { y: [[[[20, 30]]]] },
        grad: { d: [[[[0, 1, 1, 0]]]] },
    )],
)"#,
        )
        .sample(|bytes| {
            let (options, x, _) = pooling::sample(bytes);
            Sample::new(options, vec![SampleInput::real(&x), SampleInput::real(&x)])
        })
}
