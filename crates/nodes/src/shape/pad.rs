//! A border of one value.
//!
//! # Formula
//! `y[.., before + k, ..] = x[.., k, ..]`, `value` elsewhere.
//!
//! # Gradient
//! `dx`: `dy` without the border.
//!
//! # Options
//! `before` and `after`, the width of the border at either end of each axis, of the last axes when there are fewer
//! numbers than axes; `value`.
//!
//! # Shape
//! Each size plus both its widths.
//!
//! # Example
//! `y: Pad(x: images, before: [1, 1], after: [1, 1])`

use graphrun_graph::{
    At, Builder, Bytes, Context, GradError, NodeId, Op, OpDef, OptionDoc, Sample, SampleInput, Size, Type, TypeError, ty,
};
use graphrun_tensor::{Num, Real, View, ViewAny, ViewMut, ViewMutAny, copy_into, with_real};
use serde::Deserialize;

use super::slice::{Span, slice};

/// The widths of the border and what it holds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Pad {
    before: Vec<usize>,
    after: Vec<usize>,
    value: f64,
}

impl Pad {
    /// The widths for every one of `rank` axes.
    fn aligned(&self, rank: usize) -> Result<Pad, TypeError> {
        let longest = self.before.len().max(self.after.len());
        if longest > rank {
            return Err(TypeError::new(format!("{longest} widths for {rank} axes")).at(&[0]));
        }
        let fill = |widths: &[usize]| [&vec![0; rank - widths.len()], widths].concat();
        Ok(Pad { before: fill(&self.before), after: fill(&self.after), value: self.value })
    }
}

impl Op for Pad {
    fn name(&self) -> &str {
        "Pad"
    }

    fn options(&self) -> String {
        format!("before: {:?}, after: {:?}, value: {:?}", self.before, self.after, self.value)
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        let x = ty::real(inputs, 0)?;
        let Pad { before, after, .. } = self.aligned(x.rank())?;
        let widths = before.iter().zip(&after).map(|(&a, &b)| Size::from(a.saturating_add(b)));
        Ok(Type::real(x.shape.iter().zip(widths).map(|(size, width)| size + &width).collect()))
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        let shape = b.ty(at.inputs[0]).shape.clone();
        let mut inner = at.grad;
        for (axis, size) in shape.into_iter().enumerate() {
            inner = slice(b, inner, Span::from_start(axis, self.before[axis] as i64, size))?;
        }
        Ok(vec![Some(inner)])
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| self.frame(inputs[0].real::<T>(), out));
    }
}

impl Pad {
    fn frame<T: Num>(&self, x: View<'_, T>, out: ViewMut<'_, T>) {
        out.data.fill(<T as Real>::from_f64(self.value));
        let sizes = x.shape();
        let whole = out.strided();
        let inner = sizes.sizes().iter().enumerate().fold(whole, |part, (axis, &size)| {
            part.sliced(axis, self.before[axis], size, 1)
        });
        copy_into(x, inner);
    }
}

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let shape = bytes.shape(1, 3);
    let widths = |bytes: &mut Bytes<'_>| (0..bytes.between(0, shape.len())).map(|_| bytes.between(0, 2)).collect();
    let pad = Pad { before: widths(bytes), after: widths(bytes), value: bytes.eighth(-1.0, 1.0) };
    Sample::new(pad, vec![SampleInput::real(&shape)])
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Pad", |call, pad: &Pad| {
        let pad = pad.aligned(call.ty(0)?.rank())?;
        call.emit(pad)
    })
    .summary("A border of one value")
    .shape("Each size plus both its widths")
    .formula("y[.., before + k, ..] = x[.., k, ..], value elsewhere", "dx = dy without the border")
    .option("before", "integer list", Some("[]"), "the width in front of each axis, of the last ones when fewer")
    .option("after", "integer list", Some("[]"), "the width behind each axis, of the last ones when fewer")
    .option("value", OptionDoc::REAL_OR_INF, Some("0"), "what the border holds")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [2], w: [5] },
    nodes: { y: Pad(x: x, before: [1], after: [2], value: 9), z: Dot(y, w) },
    outputs: [z],
    tests: [(
        given: { x: [1, 2], w: [1, 2, 3, 4, 5] },
        value: { y: [9, 1, 2, 9, 9] },
        grad: { x: [2, 3], w: [9, 1, 2, 9, 9] },
    )],
)"#,
    )
    .sample(sample)
}
