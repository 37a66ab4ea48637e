//! Where the first largest element over axes stands: what the gradients of Max and Min are made of.
//!
//! # Formula
//! `y_i = 1` at the first largest element in row-major order, 0 elsewhere; the first NaN counts as largest.
//!
//! # Gradient
//! Zero: the output is constant almost everywhere.
//!
//! # Options
//! `axes` (all when omitted).
//!
//! # Shape
//! That of `x`.
//!
//! # Example
//! `first: MaxMask(x: scores, axes: [-1])`

use graphrun_graph::{At, Builder, Context, Form, GradError, NodeId, Op, OpDef, Sample, SampleInput, Type, TypeError, ty};
use graphrun_tensor::{Real, ViewAny, ViewMutAny, with_real};

use super::first::{first_of, form_over};
use super::reduction::{Axes, check_axes, sample_over};

/// The mask of the first largest elements over `axes`, which are sorted.
#[derive(Clone, Debug)]
pub(crate) struct MaxMask {
    pub(crate) axes: Vec<usize>,
}

impl Op for MaxMask {
    fn name(&self) -> &str {
        "MaxMask"
    }

    fn options(&self) -> String {
        format!("axes: {:?}", self.axes)
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        let x = ty::real(inputs, 0)?;
        check_axes(x, &self.axes)?;
        Ok(x.clone())
    }

    fn vjp(&self, _: &mut Builder, _: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        Ok(vec![None])
    }

    fn form(&self) -> Form {
        form_over(&self.axes)
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| {
            out.data.fill(T::ZERO);
            let x = inputs[0].real::<T>();
            first_of(x, &self.axes, |x, best| x > best).for_each(|first| out.data[first.place] = T::ONE);
        });
    }
}

pub(crate) fn def() -> OpDef {
    OpDef::new("MaxMask", |call, options: &Axes| {
        let axes = ty::axes(options.axes.as_deref(), call.ty(0)?.rank())?;
        call.emit(MaxMask { axes })
    })
    .summary("1 at the first largest element over axes, 0 elsewhere")
    .shape("That of `x`")
    .formula("y_i = 1 if i is the first with x_i = max_j x_j, else 0", "dx = 0")
    .option("axes", "axis list", Some("None"), "the axes to compare over; all when omitted")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [2, 3] },
    nodes: { y: MaxMask(x: x, axes: [1]) },
    outputs: [y],
    tests: [(given: { x: [[3, 1, 3], [0, 2, 1]] }, value: { y: [[1, 0, 0], [0, 1, 0]] })],
)"#,
    )
    .sample(|bytes| {
        let (over, shape) = sample_over(bytes);
        Sample::new(Axes { axes: over.axes }, vec![SampleInput::real(&shape)])
    })
}
