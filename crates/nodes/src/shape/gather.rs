//! Slices of an axis by integers.
//!
//! # Formula
//! `y[a.., i.., b..] = x[a.., index[i..], b..]`, `a..` the axes before `axis`, `b..` those after it.
//!
//! # Gradient
//! `dx[a.., k, b..]`: the sum of `dy[a.., i.., b..]` over the `i..` with `index[i..] = k`.
//!
//! # Options
//! `axis`.
//!
//! # Shape
//! That of `x` with the axes of `index` in the place of `axis`, whose size is the bound of the integers.
//!
//! # Example
//! `vectors: Gather(x: table, index: words, axis: 0)`

use graphrun_graph::{
    At, Builder, Bytes, Context, GradError, NodeId, Op, OpDef, Sample, SampleInput, Size, Type, TypeError, ty,
};
use graphrun_tensor::{ViewAny, ViewMutAny, gather, with_real};

use super::concat::Along;
use super::scatter::Scatter;

/// Slices of `axis` of the first input by the second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gather {
    pub(crate) axis: usize,
}

impl Op for Gather {
    fn name(&self) -> &str {
        "Gather"
    }

    fn options(&self) -> String {
        format!("axis: {}", self.axis)
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        let (x, (index, below)) = (ty::real(inputs, 0)?, ty::index(inputs, 1)?);
        let axis = ty::axis(self.axis as i64, x.rank()).map_err(|e| e.at(&[0]))?;
        within(below, &x.shape[axis], &format!("axis {axis} of {x} and the bound of {index} differ"))?;
        let shape: Vec<Size> = [&x.shape[..axis], &index.shape, &x.shape[axis + 1..]].concat();
        ty::check_rank(shape.len())?;
        Ok(Type::real(shape))
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        let size = b.ty(at.inputs[0]).shape[self.axis].clone();
        let gradient = b.node(Scatter { axis: self.axis, size }, &[at.grad, at.inputs[1]])?;
        Ok(vec![Some(gradient), None])
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| gather(inputs[0].real::<T>(), self.axis, inputs[1].index(), out.data));
    }
}

/// Demands that integers below `below` lie on an axis of `size`: that the two are equal, or the first known to be less.
///
/// # Errors
/// When that is not so; `what` says so in words.
pub(crate) fn within(below: &Size, size: &Size, what: &str) -> Result<(), TypeError> {
    match below.known().zip(size.known()).is_some_and(|(below, size)| below <= size) {
        true => Ok(()),
        false => ty::same_size(size, below, what, &[0, 1]),
    }
}

/// An array, an axis of it, and an index of up to two axes for that one.
fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let shape = bytes.shape(1, 3);
    let axis = bytes.between(0, shape.len() - 1);
    let index = bytes.shape(0, 2);
    let inputs = vec![SampleInput::real(&shape), SampleInput::index(&index, shape[axis])];
    Sample::new(Along { axis: axis as i64 }, inputs)
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Gather", |call, along: &Along| {
        let axis = ty::axis(along.axis, call.ty(0)?.rank())?;
        call.emit(Gather { axis })
    })
    .ports(&["x", "index"])
    .summary("Slices of an axis by integers")
    .shape(
        "That of `x` with the axes of `index` in the place of `axis`, whose size is the bound of the \
         integers",
    )
    .formula("y[a.., i.., b..] = x[a.., index[i..], b..]", "dx[a.., k, b..] = sum of dy[a.., i.., b..] where index[i..] = k")
    .option("axis", "axis", Some("0"), "the axis to take slices of")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [3, 2], index: Index([2], 3), w: [2, 2] },
    nodes: { y: Gather(x: x, index: index, axis: 0), z: Mul(y, w), total: Sum(z) },
    outputs: [total],
    tests: [
        (
            given: { x: [[1, 2], [3, 4], [5, 6]], index: [2, 0], w: [[1, 2], [3, 4]] },
            value: { y: [[5, 6], [1, 2]] },
            grad: { x: [[3, 4], [0, 0], [1, 2]] },
        ),
        (
            given: { x: [[1, 2], [3, 4], [5, 6]], index: [1, 1], w: [[1, 2], [3, 4]] },
            grad: { x: [[0, 0], [4, 6], [0, 0]] },
        ),
    ],
)"#,
    )
    .sample(sample)
}
