//! The sum over axes.

use graphrun_tensor::{Real, ViewAny, ViewMutAny, with_real};

use super::reference::each;
use crate::graph::{Builder, NodeId};
use crate::op::{At, Context, Form, GradError, Op, Reduce};
use crate::size::Size;
use crate::ty::{Type, TypeError, real};

/// `out = sum of x over axes`: the lecture's add node, which hands its gradient to every input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// The axes to sum over, sorted.
    pub axes: Vec<usize>,
    /// Whether those axes stay with size 1.
    pub keep: bool,
}

/// The type of any reduction of `inputs[0]` over `axes`.
///
/// # Errors
/// An integer input, or an axis that it does not have.
pub fn reduced(inputs: &[Type], axes: &[usize], keep: bool) -> Result<Type, TypeError> {
    let x = real(inputs, 0)?;
    if let Some(axis) = axes.iter().find(|&&axis| axis >= x.rank()) {
        return Err(TypeError::new(format!("axis {axis} of {x}, which has {} axes", x.rank())).at(&[0]));
    }
    let sizes = x.shape.iter().enumerate().filter(|(k, _)| keep || !axes.contains(k));
    Ok(Type::real(sizes.map(|(k, s)| if axes.contains(&k) { Size::from(1) } else { s.clone() }).collect()))
}

/// The options of any reduction, as the fields of a RON struct.
#[must_use]
pub fn reduce_options(axes: &[usize], keep: bool) -> String {
    format!("axes: {axes:?}{}", if keep { ", keep: true" } else { "" })
}

impl Op for Sum {
    fn name(&self) -> &str {
        "Sum"
    }

    fn options(&self) -> String {
        reduce_options(&self.axes, self.keep)
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        reduced(inputs, &self.axes, self.keep)
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        let shape = b.ty(at.inputs[0]).shape.clone();
        let kept = b.keep_axes(at.grad, &shape, &self.axes)?;
        Ok(vec![Some(b.broadcast(kept, &shape)?)])
    }

    fn form(&self) -> Form {
        Form::Reduce { with: Reduce::Sum, axes: self.axes.clone(), keep: self.keep }
    }

    /// The plain reference, accumulated in double precision.
    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| {
            let strides = out.shape.strides();
            let mut totals = vec![0.0; out.data.len()];
            each(inputs[0].real::<T>(), |at, x| {
                let left = at.iter().enumerate().filter(|(k, _)| !self.axes.contains(k)).map(|(_, i)| *i);
                let kept = at.iter().enumerate().map(|(k, i)| if self.axes.contains(&k) { 0 } else { *i });
                let offset = |at: &mut dyn Iterator<Item = usize>| -> usize {
                    at.zip(strides).map(|(i, s)| i * s as usize).sum()
                };
                totals[if self.keep { offset(&mut kept.into_iter()) } else { offset(&mut left.into_iter()) }] +=
                    x.to_f64();
            });
            out.data.iter_mut().zip(totals).for_each(|(slot, total)| *slot = T::from_f64(total));
        });
    }
}
