//! Running sums along an axis.
//!
//! # Formula
//! `y_i = sum_{j <= i} x_j`; `sum_{j >= i} x_j` when `reverse`.
//!
//! # Gradient
//! `dx_j = sum_{i >= j} dy_i`: the running sum from the other end.
//!
//! # Options
//! `axis`, `reverse`.
//!
//! # Shape
//! That of `x`.
//!
//! # Example
//! `walk: CumSum(x: steps, axis: 0)`

use graphrun_graph::{At, Builder, Context, GradError, NodeId, Op, OpDef, Sample, SampleInput, Type, TypeError, ty};
use graphrun_tensor::{ViewAny, ViewMutAny, cumsum, with_real};
use serde::Deserialize;

use super::reduction::check_axes;

/// Running sums along `axis`, from its end when `reverse`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CumSum {
    pub(crate) axis: usize,
    pub(crate) reverse: bool,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    axis: i64,
    reverse: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { axis: -1, reverse: false }
    }
}

impl Op for CumSum {
    fn name(&self) -> &str {
        "CumSum"
    }

    fn options(&self) -> String {
        format!("axis: {}{}", self.axis, if self.reverse { ", reverse: true" } else { "" })
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

pub(crate) fn def() -> OpDef {
    OpDef::new("CumSum", |call, options: &Options| {
        let axis = ty::axis(options.axis, call.ty(0)?.rank())?;
        call.emit(CumSum { axis, reverse: options.reverse })
    })
    .summary("Running sums along an axis")
    .formula("y_i = sum_{j <= i} x_j", "dx_j = sum_{i >= j} dy_i")
    .option("axis", "axis", Some("-1"), "the axis to sum along")
    .option("reverse", "bool", Some("false"), "whether to sum from the end")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [4] },
    nodes: { y: CumSum(x), z: CumSum(x: x, reverse: true), total: Sum(y) },
    outputs: [total],
    tests: [(
        given: { x: [1, 2, 3, 4] },
        value: { y: [1, 3, 6, 10], z: [10, 9, 7, 4], total: 20 },
        grad: { x: [4, 3, 2, 1] },
    )],
)"#,
    )
    .sample(|bytes| {
        let shape = bytes.shape(1, 3);
        let axis = bytes.between(0, shape.len() - 1) as i64;
        Sample::new(Options { axis, reverse: bytes.flag() }, vec![SampleInput::real(&shape)])
    })
}
