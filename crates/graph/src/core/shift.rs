//! What exponentials are taken less of, so that they stay finite.

use graphrun_tensor::{Real, ViewAny, ViewMutAny, with_real};

use super::reference::each;
use super::sum::{reduce_options, reduced};
use crate::graph::{Builder, NodeId};
use crate::op::{At, Context, Form, GradError, Op, Reduce};
use crate::ty::{Type, TypeError};

/// `out = max of x over axes`, which stay with size 1: a constant to the reverse walk, since it cancels where it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// The axes, sorted.
    pub axes: Vec<usize>,
}

impl Shift {
    /// The name in the registry.
    pub const NAME: &str = "Shift";
}

impl Op for Shift {
    fn name(&self) -> &str {
        Shift::NAME
    }

    fn options(&self) -> String {
        reduce_options(&self.axes, false)
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        reduced(inputs, &self.axes, true)
    }

    fn vjp(&self, _: &mut Builder, _: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        Ok(vec![None])
    }

    fn form(&self) -> Form {
        Form::Reduce { with: Reduce::Max, axes: self.axes.clone(), keep: true }
    }

    /// The plain reference.
    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| {
            let strides = out.shape.strides();
            out.data.fill(T::from_f64(f64::NEG_INFINITY));
            each(inputs[0].real::<T>(), |at, x| {
                let kept = at.iter().zip(strides).enumerate().filter(|(k, _)| !self.axes.contains(k));
                let most = &mut out.data[kept.map(|(_, (i, s))| i * s as usize).sum::<usize>()];
                // The first NaN stays.
                let (known, x64) = (most.to_f64(), x.to_f64());
                if !known.is_nan() && (x64 > known || x64.is_nan()) {
                    *most = x;
                }
            });
        });
    }
}
