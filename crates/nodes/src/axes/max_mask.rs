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
use graphrun_tensor::{Num, View, ViewAny, ViewMut, ViewMutAny, with_real};
use serde::Deserialize;

use super::reduction::{check_axes, sample_over};
use crate::positions::Positions;

/// The mask of the first largest elements over `axes`, which are sorted.
#[derive(Clone, Debug)]
pub(crate) struct MaxMask {
    pub(crate) axes: Vec<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    axes: Option<Vec<i64>>,
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
        if self.axes.contains(&0) { Form::Opaque } else { Form::Rows(vec![true]) }
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, at: &mut Context<'_>) {
        with_real!(out, |out: T| {
            let mut x = inputs[0].real::<T>();
            if !self.axes.contains(&0) && x.shape().rank() > 0 {
                x = x.sliced(0, at.rows.start, at.rows.len(), 1);
            }
            mask(x, &self.axes, out);
        });
    }
}

fn mask<T: Num>(x: View<'_, T>, axes: &[usize], out: ViewMut<'_, T>) {
    out.data.fill(T::ZERO);
    if x.shape().is_empty() {
        return;
    }
    let (data, start) = x.parts();
    let dense = x.shape().strides();
    let strides = [x.strides(), &dense[..x.shape().rank()]];
    for outer in Positions::new(x.shape(), strides, |k| !axes.contains(&k)) {
        let mut inner = Positions::new(x.shape(), strides, |k| axes.contains(&k));
        let element = |[at, _]: [isize; 2]| data[(start as isize + outer[0] + at) as usize];
        let mut best = inner.next().unwrap_or_default();
        for place in inner {
            let (x, y) = (element(place), element(best));
            if x > y || (x.partial_cmp(&x).is_none() && y.partial_cmp(&y).is_some()) {
                best = place;
            }
        }
        out.data[(outer[1] + best[1]) as usize] = T::ONE;
    }
}

pub(crate) fn def() -> OpDef {
    OpDef::new("MaxMask", |call, options: &Options| {
        let axes = ty::axes(options.axes.as_deref(), call.ty(0)?.rank())?;
        call.emit(MaxMask { axes })
    })
    .summary("1 at the first largest element over axes, 0 elsewhere")
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
        Sample::new(Options { axes: over.axes }, vec![SampleInput::real(&shape)])
    })
}
