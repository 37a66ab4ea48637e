//! What comes back through MaxPool.
//!
//! # Formula
//! `y` has the shape of `x`: the sum of `dy` over the windows whose first greatest element it is, 0 where there is none.
//!
//! # Gradient
//! That of `dy`: MaxPoolPick; that of `x` is zero, since which element is greatest is constant almost everywhere.
//!
//! # Options
//! `kernel`, `stride` (the kernel when omitted), `pad`, as in MaxPool.
//!
//! # Shape
//! That of `x`, `[N, C, H, W]`; `dy` has that of its MaxPool.
//!
//! # Example
//! `dx: MaxPoolGrad(x: h, dy: dy, kernel: 2)`

use graphrun_graph::{At, Builder, Context, Form, GradError, NodeId, Op, OpDef, Sample, SampleInput, Type, TypeError};
use graphrun_tensor::{ViewAny, ViewMutAny, max_pool_grad, with_real};

use super::geometry::{elements, image};
use super::max_pool_pick::MaxPoolPick;
use super::pooling::{self, Options, Pooling};

/// The gradient of MaxPool by its images, given these and that of its output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MaxPoolGrad(pub(crate) Pooling);

impl Op for MaxPoolGrad {
    fn name(&self) -> &str {
        "MaxPoolGrad"
    }

    fn options(&self) -> String {
        self.0.text()
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        image(inputs, 0)?;
        self.0.check(&inputs[0], inputs, 1)?;
        Ok(inputs[0].clone())
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        Ok(vec![None, Some(b.node(MaxPoolPick(self.0), &[at.inputs[0], at.grad])?)])
    }

    fn form(&self) -> Form {
        Form::Rows(vec![true, true])
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| {
            let [x, dy] = [inputs[0].real::<T>(), inputs[1].real::<T>()];
            max_pool_grad(&self.0.pool(x.shape(), dy.shape()), elements(x), elements(dy), out.data);
        });
    }
}

pub(crate) fn def() -> OpDef {
    let def = OpDef::new("MaxPoolGrad", |call, o: &Options| call.emit(MaxPoolGrad(o.pooling(2)?)));
    pooling::documented(def)
        .ports(&["x", "dy"])
        .summary("What comes back through MaxPool to its images")
        .shape("That of `x`, `[N, C, H, W]`; `dy` has that of its MaxPool")
        .formula("y = sum of dy over the windows whose first greatest element it is", "that of dy: MaxPoolPick; dx = 0")
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [1, 1, 1, 4], g: [1, 1, 1, 2] },
    nodes: { y: MaxPoolGrad(x: x, dy: g, kernel: [1, 2]), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[[[1, 5, 2, 2]]]], g: [[[[10, 20]]]] },
        value: { y: [[[[0, 10, 20, 0]]]] },
        grad: { g: [[[[1, 1]]]] },
    )],
)"#,
        )
        .sample(|bytes| {
            let (options, x, y) = pooling::sample(bytes);
            Sample::new(options, vec![SampleInput::real(&x), SampleInput::real(&y)])
        })
}
