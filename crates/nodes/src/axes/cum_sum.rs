//! Running sums along an axis.
//!
//! # Formula
//! `y_i = sum_{j <= i} x_j`; `sum_{j >= i} x_j` when `reverse`.
//!
//! # Gradient
//! `dx_j = sum_{i >= j} dy_i`: the running sum from the other end.
//!
//! # Options
//! `axes` (all when omitted; along several, one after the other), `reverse`, `keep` (as for sums, and idle: no axis
//! leaves).
//!
//! # Shape
//! That of `x`.
//!
//! # Example
//! `walk: CumSum(x: steps, axes: [0])`

use graphrun_graph::{At, Builder, Context, GradError, NodeId, Op, OpDef, Sample, SampleInput, Size, Type, TypeError, ty};
use graphrun_tensor::{ViewAny, ViewMutAny, cumsum, with_real};
use serde::Deserialize;

use super::reduction::{check_axes, sample_over};

/// Running sums along `axis`, from its end when `reverse`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CumSum {
    pub(crate) axis: usize,
    pub(crate) reverse: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    axes: Option<Vec<i64>>,
    reverse: bool,
    #[serde(rename = "keep")]
    _keep: bool,
}

impl Op for CumSum {
    fn name(&self) -> &str {
        "CumSum"
    }

    fn options(&self) -> String {
        format!("axes: [{}]{}", self.axis, if self.reverse { ", reverse: true" } else { "" })
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        let x = ty::real(inputs, 0)?;
        check_axes(x, &[self.axis])?;
        Ok(x.clone())
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        let back = CumSum { reverse: !self.reverse, ..*self };
        Ok(vec![Some(b.node(back, &[at.grad])?)])
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| cumsum(inputs[0].real::<T>(), self.axis, self.reverse, out.data));
    }
}

/// The numbers 1 to `n`.
pub(crate) fn ordinals(b: &mut Builder, n: &Size) -> Result<NodeId, TypeError> {
    let one = b.constant(1.0)?;
    let ones = b.broadcast(one, std::slice::from_ref(n))?;
    b.node(CumSum { axis: 0, reverse: false }, &[ones])
}

pub(crate) fn def() -> OpDef {
    OpDef::new("CumSum", |call, options: &Options| {
        let axes = ty::axes(options.axes.as_deref(), call.ty(0)?.rank())?;
        axes.into_iter().try_fold(call.input(0)?, |x, axis| call.b.node(CumSum { axis, reverse: options.reverse }, &[x]))
    })
    .summary("Running sums along an axis")
    .shape("That of `x`")
    .formula("y_i = sum_{j <= i} x_j", "dx_j = sum_{i >= j} dy_i")
    .option("axes", "axis list", Some("None"), "the axes to sum along, one after the other; all when omitted")
    .option("keep", "bool", Some("false"), "as for sums, and idle: every axis stays as it is")
    .option("reverse", "bool", Some("false"), "whether to sum from the end")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [4] },
    nodes: { y: CumSum(x), z: CumSum(x: x, reverse: true, keep: true), total: Sum(y) },
    outputs: [total],
    tests: [(
        given: { x: [1, 2, 3, 4] },
        value: { y: [1, 3, 6, 10], z: [10, 9, 7, 4], total: 20 },
        grad: { x: [4, 3, 2, 1] },
    )],
)"#,
    )
    .sample(|bytes| {
        let (over, shape) = sample_over(bytes);
        Sample::new(Options { axes: over.axes, reverse: over.keep, _keep: over.keep }, vec![SampleInput::real(&shape)])
    })
}
