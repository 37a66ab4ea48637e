//! The greatest element of each window.
//!
//! # Formula
//! `y[n, c, i, j] = max_{u, v} x[n, c, i s + u - p, j s + v - p]`; outside the image is minus infinity, NaN is greatest.
//!
//! # Gradient
//! `dx` sums `dy` where the element is the first greatest, in row-major order, of its window.
//!
//! # Options
//! `kernel`, `stride` (the kernel when omitted), `pad`: one number, or one for each axis.
//!
//! # Shape
//! `[N, C, H, W]` gives `[N, C, H', W']`, `H' = (H + 2 p - h) / s + 1` rounded down; `[N, C, L]` gives `[N, C, L']`.
//!
//! # Example
//! `h: MaxPool(x: h, kernel: 2)`

use graphrun_graph::{At, Builder, Context, Form, GradError, Kink, NodeId, Op, OpDef, Sample, SampleInput, Type, TypeError};
use graphrun_tensor::{ViewAny, ViewMutAny, max_pool, with_real};

use super::geometry::{elements, over_images};
use super::max_pool_grad::MaxPoolGrad;
use super::pooling::{self, Options, Pooling};

/// The maxima of windows.
#[derive(Clone, Copy, Debug)]
struct MaxPool(Pooling);

impl Op for MaxPool {
    fn name(&self) -> &str {
        "MaxPool"
    }

    fn options(&self) -> String {
        self.0.text()
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        self.0.pooled(inputs, 0)
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        Ok(vec![Some(b.node(MaxPoolGrad(self.0), &[at.inputs[0], at.grad])?)])
    }

    fn form(&self) -> Form {
        Form::Rows(vec![true])
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| {
            let x = inputs[0].real::<T>();
            max_pool(&self.0.pool(x.shape(), out.shape), elements(x), out.data);
        });
    }
}

pub(crate) fn def() -> OpDef {
    let def = OpDef::new("MaxPool", |call, o: &Options| {
        over_images(call, None, |call, x, axes| call.b.node(MaxPool(o.pooling(axes)?), &[x]))
    });
    pooling::documented(def)
        .summary("The greatest element of each window; of equals the first gets the gradient")
        .shape(
            "`[N, C, H, W]` gives `[N, C, H', W']`, `H' = (H + 2 p - h) / s + 1` rounded down; `[N, C, \
             L]` gives `[N, C, L']`",
        )
        .formula(
            "y[n, c, i, j] = max_{u, v} x[n, c, i s + u - p, j s + v - p]",
            "dx sums dy of the windows whose first greatest element it is",
        )
        .kink(Kink::First)
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [1, 1, 2, 4] },
    nodes: { y: MaxPool(x: x, kernel: 2), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[[[1, 5, 2, 2], [3, 4, 2, 2]]]] },
        value: { y: [[[[5, 2]]]] },
        grad: { x: [[[[0, 1, 1, 0], [0, 0, 0, 0]]]] },
    )],
)"#,
        )
        .sample(|bytes| {
            let (options, x, _) = pooling::sample(bytes);
            Sample::new(options, vec![SampleInput::real(&x)])
        })
}
