//! What comes back through AvgPool.
//!
//! # Formula
//! `y[n, c, k, l]` sums `x / (h w)` over the windows that hold the place `k, l`.
//!
//! # Gradient
//! `dx`: AvgPool of `dy`.
//!
//! # Options
//! `size`: height and width of the result; `kernel`, `stride` (the kernel when omitted), `pad`, as in AvgPool.
//!
//! # Shape
//! `[N, C, H', W']` gives `[N, C, H, W]`, of which AvgPool makes `[H', W']`.
//!
//! # Example
//! `dx: AvgPoolGrad(x: dy, size: [28, 28], kernel: 2)`

use graphrun_graph::{
    At, Builder, Context, Form, GradError, NodeId, Op, OpDef, Sample, SampleInput, Size, Type, TypeError, shape_text,
};
use graphrun_tensor::{ViewAny, ViewMutAny, avg_pool_grad, with_real};
use serde::Deserialize;

use super::avg_pool::AvgPool;
use super::geometry::{Sides, elements, image, size_of};
use super::pooling::{self, Pooling};

/// The gradient of AvgPool by its images of `size`, given that of its output.
#[derive(Clone, Debug)]
pub(crate) struct AvgPoolGrad {
    pub(crate) pooling: Pooling,
    pub(crate) size: [Size; 2],
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    size: Vec<Size>,
    kernel: Sides,
    stride: Option<Sides>,
    #[serde(default = "Sides::zero")]
    pad: Sides,
}

impl Op for AvgPoolGrad {
    fn name(&self) -> &str {
        "AvgPoolGrad"
    }

    fn options(&self) -> String {
        format!("size: {}, {}", shape_text(&self.size), self.pooling.text())
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        image(inputs, 0)?;
        let dy = &inputs[0].shape;
        let x = Type::real(vec![dy[0].clone(), dy[1].clone(), self.size[0].clone(), self.size[1].clone()]);
        self.pooling.check(&x, inputs, 0)?;
        Ok(x)
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        Ok(vec![Some(b.node(AvgPool(self.pooling), &[at.grad])?)])
    }

    fn form(&self) -> Form {
        Form::Rows(vec![true])
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| {
            let dy = inputs[0].real::<T>();
            avg_pool_grad(&self.pooling.pool(out.shape, dy.shape()), elements(dy), out.data);
        });
    }
}

pub(crate) fn def() -> OpDef {
    let def = OpDef::new("AvgPoolGrad", |call, o: &Options| {
        let pooling = Pooling::new(2, &o.kernel, o.stride.as_ref(), &o.pad)?;
        call.emit(AvgPoolGrad { pooling, size: size_of(&o.size)? })
    })
    .option("size", "shape", None, "height and width of the result");
    pooling::documented(def)
        .summary("What comes back through AvgPool to its images")
        .shape("`[N, C, H', W']` gives `[N, C, H, W]`, of which AvgPool makes `[H', W']`")
        .formula("y = x / (h w), summed over the windows that hold the place", "dx: AvgPool of dy")
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [1, 1, 1, 2] },
    nodes: { y: AvgPoolGrad(x: x, size: [1, 4], kernel: [1, 2]), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[[[2, 6]]]] },
        value: { y: [[[[1, 1, 3, 3]]]] },
        grad: { x: [[[[1, 1]]]] },
    )],
)"#,
        )
        .sample(|bytes| {
            let (options, x, y) = pooling::sample(bytes);
            let size = x[2..].iter().map(|&n| Size::from(n)).collect();
            let options = Options { size, kernel: options.kernel, stride: options.stride, pad: options.pad };
            Sample::new(options, vec![SampleInput::real(&y)])
        })
}
