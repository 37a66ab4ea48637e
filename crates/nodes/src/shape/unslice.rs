//! Elements put into zeros: what the gradient of Slice is.
//!
//! # Formula
//! `y[.., start + k step, ..] = x[.., k, ..]`, 0 elsewhere.
//!
//! # Gradient
//! `dx[.., k, ..] = dy[.., start + k step, ..]`
//!
//! # Options
//! Those of Slice, and `size`, the size of the axis that it was taken from.
//!
//! # Shape
//! That of `x` with `size` along `axis`.
//!
//! # Example
//! `y: Unslice(x: h, axis: 0, start: 2, size: 10)`

use graphrun_graph::{
    At, Builder, Context, Form, GradError, NodeId, Op, OpDef, Sample, SampleInput, Size, Type, TypeError, size_text, ty,
};
use graphrun_tensor::{Num, View, ViewAny, ViewMut, ViewMutAny, copy_into, with_real};
use serde::Deserialize;

use super::slice::{Place, Slice, Span, sample_span};

/// The elements of the span of an axis of `size`, which is not negative, with zeros around.
#[derive(Clone, Debug)]
pub(crate) struct Unslice {
    pub(crate) span: Span,
    pub(crate) size: Size,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    axis: i64,
    #[serde(default)]
    start: Option<i64>,
    #[serde(default)]
    end: Option<i64>,
    #[serde(default)]
    step: Option<i64>,
    #[serde(default)]
    count: Option<Size>,
    size: Size,
}

impl Options {
    fn span(&self, axis: i64) -> Span {
        let Options { start, end, step, count, .. } = self.clone();
        Span { axis, start, end, step: step.unwrap_or(1), count }
    }
}

impl Op for Unslice {
    fn name(&self) -> &str {
        "Unslice"
    }

    fn options(&self) -> String {
        format!("{}, size: {}", self.span.text(), size_text(&self.size))
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        let x = ty::real(inputs, 0)?;
        let axis = ty::axis(self.span.axis, x.rank()).map_err(|e| e.at(&[0]))?;
        let mut whole = x.clone();
        whole.shape[axis] = self.size.clone();
        let (_, count) = self.span.resolve(&whole)?;
        ty::same_size(&count, &x.shape[axis], &format!("the slice {} and axis {axis} of {x} differ", self.span.text()), &[0])?;
        Ok(whole)
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        Ok(vec![Some(b.node(Slice(self.span.clone()), &[at.grad])?)])
    }

    fn form(&self) -> Form {
        self.span.form()
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| put(inputs[0].real::<T>(), &self.span, out));
    }
}

fn put<T: Num>(x: View<'_, T>, span: &Span, out: ViewMut<'_, T>) {
    out.data.fill(T::ZERO);
    let axis = span.axis as usize;
    let Place { start, count } = span.existing(out.shape.sizes()[axis], x.shape().sizes()[axis]);
    copy_into(x.sliced(axis, 0, count, 1), out.strided().sliced(axis, start, count, span.step as isize));
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Unslice", |call, options: &Options| {
        let axis = ty::axis(options.axis, call.ty(0)?.rank())?;
        call.emit(Unslice { span: options.span(axis as i64), size: options.size.clone() })
    })
    .summary("Elements put into zeros, where Slice would take them from")
    .shape("That of `x` with `size` along `axis`")
    .formula("y[.., start + k step, ..] = x[.., k, ..], 0 elsewhere", "dx = Slice(dy)")
    .option("axis", "axis", None, "the axis to put into")
    .option("start", "integer", Some("None"), "as of Slice")
    .option("end", "integer", Some("None"), "as of Slice")
    .option("step", "integer", Some("1"), "as of Slice")
    .option("count", "size", Some("None"), "as of Slice")
    .option("size", "size", None, "the size of the axis in the result")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [2], w: [5] },
    nodes: { y: Unslice(x: x, axis: 0, start: 1, step: 2, end: 4, size: 5), z: Dot(y, w) },
    outputs: [z],
    tests: [(
        given: { x: [3, 4], w: [1, 2, 3, 4, 5] },
        value: { y: [0, 3, 0, 4, 0], z: 22 },
        grad: { x: [2, 4] },
    )],
)"#,
    )
    .sample(|bytes| {
        let mut shape = bytes.shape(1, 3);
        let axis = bytes.between(0, shape.len() - 1);
        let whole = shape[axis] + 2;
        let Span { start, end, step, count, .. } = sample_span(bytes, axis, whole);
        let span = Span { axis: axis as i64, start, end, step, count };
        let mut from = Type::real(shape.iter().map(|&size| Size::from(size)).collect());
        from.shape[axis] = Size::from(whole);
        shape[axis] = span.resolve(&from).ok().and_then(|(_, count)| count.known()).unwrap_or(whole);
        let Span { axis, start, end, step, count } = span;
        let options = Options { axis, start, end, step: Some(step), count, size: Size::from(whole) };
        Sample::new(options, vec![SampleInput::real(&shape)])
    })
}
