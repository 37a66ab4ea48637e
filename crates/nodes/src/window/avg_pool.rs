//! The mean of each window.
//!
//! # Formula
//! `y[n, c, i, j] = sum_{u, v} x[n, c, i s + u - p, j s + v - p] / (h w)`; `x` is 0 outside the image, and counts.
//!
//! # Gradient
//! `dx` sums `dy / (h w)` over the windows that hold the element.
//!
//! # Options
//! `kernel`, `stride` (the kernel when omitted), `pad`: one number, or one for each axis.
//!
//! # Shape
//! `[N, C, H, W]` gives `[N, C, H', W']`, `H' = (H + 2 p - h) / s + 1` rounded down; `[N, C, L]` gives `[N, C, L']`.
//!
//! # Example
//! `h: AvgPool(x: h, kernel: 2)`

use graphrun_graph::{At, Builder, Context, Form, GradError, NodeId, Op, OpDef, Sample, SampleInput, Type, TypeError};
use graphrun_tensor::{ViewAny, ViewMutAny, avg_pool, with_real};

use super::avg_pool_grad::AvgPoolGrad;
use super::geometry::{elements, over_images};
use super::pooling::{self, Options, Pooling};

/// The means of windows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AvgPool(pub(crate) Pooling);

impl Op for AvgPool {
    fn name(&self) -> &str {
        "AvgPool"
    }

    fn options(&self) -> String {
        self.0.text()
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        self.0.pooled(inputs, 0)
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        let size = [2, 3].map(|axis| b.ty(at.inputs[0]).shape[axis].clone());
        Ok(vec![Some(b.node(AvgPoolGrad { pooling: self.0, size }, &[at.grad])?)])
    }

    fn form(&self) -> Form {
        Form::Rows(vec![true])
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| {
            let x = inputs[0].real::<T>();
            avg_pool(&self.0.pool(x.shape(), out.shape), elements(x), out.data);
        });
    }
}

pub(crate) fn def() -> OpDef {
    let def = OpDef::new("AvgPool", |call, o: &Options| {
        over_images(call, None, |call, x, axes| call.b.node(AvgPool(o.pooling(axes)?), &[x]))
    });
    pooling::documented(def)
        .summary("The mean of each window; places outside the image count as zeros")
        .shape(
            "`[N, C, H, W]` gives `[N, C, H', W']`, `H' = (H + 2 p - h) / s + 1` rounded down; `[N, C, \
             L]` gives `[N, C, L']`",
        )
        .formula(
            "y[n, c, i, j] = sum_{u, v} x[n, c, i s + u - p, j s + v - p] / (h w)",
            "dx = dy / (h w), summed over the windows that hold the element",
        )
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [1, 1, 4] },
    nodes: { y: AvgPool(x: x, kernel: 2, stride: 1), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[[1, 3, 5, 11]]] },
        value: { y: [[[2, 4, 8]]] },
        grad: { x: [[[0.5, 1, 1, 0.5]]] },
    )],
)"#,
        )
        .sample(|bytes| {
            let (options, x, _) = pooling::sample(bytes);
            Sample::new(options, vec![SampleInput::real(&x)])
        })
}
