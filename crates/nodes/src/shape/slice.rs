//! A part of an axis.
//!
//! # Formula
//! `y[.., k, ..] = x[.., start + k step, ..]`
//!
//! # Gradient
//! `dx`: `dy` put back where it was taken from, zeros elsewhere ([`Unslice`](super::unslice)).
//!
//! # Options
//! `axis`; `start` and `end` (not included), negative ones from the end of the axis; `step`, negative to run backwards;
//! `count`, the number of elements, in the place of `start` or `end`.
//!
//! # Shape
//! That of `x` with another size along `axis`. Where the size of the axis is a symbol that turns out too short at run
//! time, the missing elements are NaN.
//!
//! # Example
//! `first: Slice(x: h, axis: 1, end: 1)`, `back: Slice(x: h, axis: 1, step: -1)`

use graphrun_graph::{
    At, Builder, Bytes, Context, Form, GradError, NodeId, Op, OpDef, Sample, SampleInput, Size, Type, TypeError,
    size_text, ty,
};
use graphrun_tensor::{Num, View, ViewAny, ViewMut, ViewMutAny, copy_into, with_real};
use serde::Deserialize;

use super::unslice::Unslice;

/// Which elements of an axis.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Span {
    pub(crate) axis: i64,
    #[serde(default)]
    pub(crate) start: Option<i64>,
    #[serde(default)]
    pub(crate) end: Option<i64>,
    #[serde(default = "one")]
    pub(crate) step: i64,
    #[serde(default)]
    pub(crate) count: Option<Size>,
}

fn one() -> i64 {
    1
}

/// Where the elements stand on an axis of known size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) start: usize,
    pub(crate) count: usize,
}

impl Span {
    /// `count` elements from `start` on.
    pub(crate) fn from_start(axis: usize, start: i64, count: Size) -> Span {
        Span { axis: axis as i64, start: Some(start), end: None, step: 1, count: Some(count) }
    }

    /// `count` elements up to `after` elements before the end.
    pub(crate) fn to_end(axis: usize, after: usize, count: Size) -> Span {
        let end = (after > 0).then_some(-(after as i64));
        Span { axis: axis as i64, start: None, end, step: 1, count: Some(count) }
    }

    /// The whole axis backwards.
    pub(crate) fn backwards(axis: usize) -> Span {
        Span { axis: axis as i64, start: None, end: None, step: -1, count: None }
    }

    /// The axis, and the number of elements taken from one of `size`.
    ///
    /// # Errors
    /// No such axis, a step of 0, limits that leave the axis or contradict each other.
    pub(crate) fn resolve(&self, x: &Type) -> Result<(usize, Size), TypeError> {
        let axis = ty::axis(self.axis, x.rank()).map_err(|e| e.at(&[0]))?;
        let size = &x.shape[axis];
        let fail = |message: String| Err(TypeError::new(message).at(&[0]));
        if self.step == 0 {
            return fail("step is 0, and a slice moves forwards or backwards".into());
        }
        if self.count.is_some() && self.start.is_some() && self.end.is_some() {
            return fail("start, end and count are given, and any two of them say the third".into());
        }
        if self.count.is_some() && self.start.is_none() && self.step != 1 {
            return fail(format!("step is {}, and a slice by end and count has step 1", self.step));
        }
        let count = match &self.count {
            Some(count) => count.clone(),
            None => {
                let (low, high) = if self.step > 0 {
                    (self.start.map_or(Size::from(0), |k| counted(k, size)), self.end.map_or(size.clone(), |k| counted(k, size)))
                } else {
                    let last = size - &Size::from(1);
                    let high = self.start.map_or(last, |k| counted(k, size));
                    // Both limits move up by one, so that an end before the first element is 0.
                    let low = self.end.map_or(Size::from(0), |k| &counted(k, size) + &Size::from(1));
                    (low, &high + &Size::from(1))
                };
                let step = self.step.unsigned_abs() as usize;
                let rounded = &(&high - &low) + &Size::from(step.saturating_sub(1));
                if let (Some(low), Some(high)) = (low.known(), high.known())
                    && low > high
                {
                    return fail(format!("a slice from {low} to {high} of axis {axis} of {x} runs the wrong way"));
                }
                rounded.divide(&Size::from(step))
            }
        };
        if let (Some(size), Some(taken)) = (size.known(), count.known())
            && self.place(size, taken).is_none_or(|place| !self.fits(place, size))
        {
            return fail(format!("the slice {} leaves axis {axis} of {x}, which has {size} elements", self.text()));
        }
        Ok((axis, count))
    }

    /// Where `count` elements stand on an axis of `size`; none when they begin before it.
    pub(crate) fn place(&self, size: usize, count: usize) -> Option<Place> {
        let size = size as i64;
        let from_end = |k: i64| if k < 0 { size + k } else { k };
        let start = match (self.start, self.step > 0) {
            (Some(start), _) => from_end(start),
            (None, true) if self.count.is_some() => self.end.map_or(size, from_end) - count as i64,
            (None, true) => 0,
            (None, false) => size - 1,
        };
        let start = if count == 0 { start.max(0) } else { start };
        usize::try_from(start).ok().map(|start| Place { start, count })
    }

    /// Whether all elements lie on an axis of `size`.
    fn fits(&self, place: Place, size: usize) -> bool {
        let Place { start, count } = place;
        if count == 0 {
            return start <= size;
        }
        let steps = i64::try_from(count - 1).ok().and_then(|k| k.checked_mul(self.step));
        let last = steps.and_then(|steps| steps.checked_add(start as i64));
        start < size && last.is_some_and(|last| (0..size as i64).contains(&last))
    }

    /// The place of those elements that exist on an axis of `size`.
    pub(crate) fn existing(&self, size: usize, count: usize) -> Place {
        let Some(place) = self.place(size, count).filter(|place| place.start < size) else {
            return Place { start: 0, count: 0 };
        };
        let room = if self.step > 0 { size - 1 - place.start } else { place.start };
        let most = room / self.step.unsigned_abs() as usize + 1;
        Place { count: count.min(most), ..place }
    }

    /// The fields of a RON struct.
    pub(crate) fn text(&self) -> String {
        let number = |name: &str, k: Option<i64>| k.map(|k| format!("{name}: {k}"));
        let step = (self.step != 1).then(|| format!("step: {}", self.step));
        let count = self.count.as_ref().map(|count| format!("count: {}", size_text(count)));
        let fields = [Some(format!("axis: {}", self.axis)), number("start", self.start), number("end", self.end), step, count];
        fields.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// The form of an operation that changes this axis alone.
    pub(crate) fn form(&self) -> Form {
        if self.axis > 0 { Form::Rows(vec![true]) } else { Form::Opaque }
    }
}

/// `k` counted from the start of an axis of `size`, from its end when negative.
fn counted(k: i64, size: &Size) -> Size {
    let distance = Size::from(k.unsigned_abs() as usize);
    if k < 0 { size - &distance } else { distance }
}

/// The elements of the span, whose axis is not negative.
#[derive(Clone, Debug)]
pub(crate) struct Slice(pub(crate) Span);

impl Op for Slice {
    fn name(&self) -> &str {
        "Slice"
    }

    fn options(&self) -> String {
        self.0.text()
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        let x = ty::real(inputs, 0)?;
        let (axis, count) = self.0.resolve(x)?;
        let mut shape = x.shape.clone();
        shape[axis] = count;
        Ok(Type::real(shape))
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        let size = b.ty(at.inputs[0]).shape[self.0.axis as usize].clone();
        Ok(vec![Some(b.node(Unslice { span: self.0.clone(), size }, &[at.grad])?)])
    }

    fn form(&self) -> Form {
        self.0.form()
    }

    fn moves(&self) -> bool {
        true
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| take(inputs[0].real::<T>(), &self.0, out));
    }
}

fn take<T: Num>(x: View<'_, T>, span: &Span, out: ViewMut<'_, T>) {
    let axis = span.axis as usize;
    let wanted = out.shape.sizes()[axis];
    let Place { start, count } = span.existing(x.shape().sizes()[axis], wanted);
    if count < wanted {
        out.data.fill(T::from_f64(f64::NAN));
    }
    copy_into(x.sliced(axis, start, count, span.step as isize), out.strided().sliced(axis, 0, count, 1));
}

/// The elements of the span of `x`; `x` itself when those are all.
pub(crate) fn slice(b: &mut Builder, x: NodeId, mut span: Span) -> Result<NodeId, TypeError> {
    let ty = b.ty(x).clone();
    let (axis, count) = span.resolve(&ty)?;
    if span.step == 1 && count == ty.shape[axis] {
        return Ok(x);
    }
    span.axis = axis as i64;
    b.node(Slice(span), &[x])
}

/// A span of an axis of `size`, and what is left out of it.
pub(crate) fn sample_span(bytes: &mut Bytes<'_>, axis: usize, size: usize) -> Span {
    let start = bytes.between(0, size - 1);
    let end = bytes.between(start + 1, size);
    let from_end = bytes.flag();
    let place = |k: usize| if from_end && k < size { k as i64 - size as i64 } else { k as i64 };
    let step = bytes.between(1, 2) as i64;
    match bytes.between(0, 2) {
        0 => Span { axis: axis as i64, start: Some(place(start)), end: Some(place(end)), step, count: None },
        1 => Span { axis: axis as i64, start: Some(place(end - 1)), end: None, step: -step, count: None },
        _ => Span::to_end(axis, size - end, Size::from(end - start)),
    }
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Slice", |call, span: &Span| {
        let x = call.input(0)?;
        slice(call.b, x, span.clone())
    })
    .summary("A part of an axis")
    .shape(
        "That of `x` with another size along `axis`. Where the size of the axis is a symbol that turns \
         out too short at run time, the missing elements are NaN",
    )
    .formula("y[.., k, ..] = x[.., start + k step, ..]", "dx = dy where it was taken from, 0 elsewhere")
    .option("axis", "axis", None, "the axis to take from")
    .option("start", "integer", Some("None"), "the first element, from the end when negative; the first of all when omitted")
    .option("end", "integer", Some("None"), "one past the last element, from the end when negative; all when omitted")
    .option("step", "integer", Some("1"), "the distance between elements; negative runs backwards, from the last when start is omitted")
    .option("count", "size", Some("None"), "the number of elements, in the place of start or end")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [4] },
    nodes: {
        y: Slice(x: x, axis: 0, start: 1, end: -1),
        back: Slice(x: x, axis: 0, step: -2),
        z: Sum(y),
    },
    outputs: [z],
    tests: [(given: { x: [1, 2, 3, 4] }, value: { y: [2, 3], back: [4, 2] }, grad: { x: [0, 1, 1, 0] })],
)"#,
    )
    .sample(|bytes| {
        let mut shape = bytes.shape(1, 3);
        let axis = bytes.between(0, shape.len() - 1);
        shape[axis] += 2;
        Sample::new(sample_span(bytes, axis, shape[axis]), vec![SampleInput::real(&shape)])
    })
}
