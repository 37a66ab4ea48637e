//! Slices added into zeros by integers: the gradient of Gather.
//!
//! # Formula
//! `y[a.., k, b..]`: the sum of `x[a.., i.., b..]` over the `i..` with `index[i..] = k`.
//!
//! # Gradient
//! `dx[a.., i.., b..] = dy[a.., index[i..], b..]`
//!
//! # Options
//! `axis`, where the new axis stands; `size`, its size, the bound of the integers when omitted.
//!
//! # Shape
//! That of `x` with one axis of `size` in the place of the axes of `index`, which begin at `axis`.
//!
//! # Example
//! `totals: Scatter(x: amounts, index: accounts, size: 10)`

use graphrun_graph::{
    At, Builder, Bytes, Context, GradError, NodeId, Op, OpDef, Sample, SampleInput, Size, Type, TypeError, size_text, ty,
};
use graphrun_tensor::{Accum, Dtype, Shape, ViewAny, ViewMutAny, dense, scatter_add, with_real};
use serde::Deserialize;

use super::gather::{Gather, within};

/// The sums, along a new `axis` of `size`, of the slices of the first input by the second.
#[derive(Clone, Debug)]
pub(crate) struct Scatter {
    pub(crate) axis: usize,
    pub(crate) size: Size,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    axis: i64,
    size: Option<Size>,
}

impl Op for Scatter {
    fn name(&self) -> &str {
        "Scatter"
    }

    fn options(&self) -> String {
        format!("axis: {}, size: {}", self.axis, size_text(&self.size))
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        let (x, (index, below)) = (ty::real(inputs, 0)?, ty::index(inputs, 1)?);
        within(below, &self.size, &format!("the new axis and the bound of {index} differ"))?;
        let Some(replaced) = x.shape.get(self.axis..self.axis + index.rank()) else {
            let message = format!("{x} has no axes of the shape of {index} from axis {}", self.axis);
            return Err(TypeError::new(message).at(&[0, 1]));
        };
        for (a, b) in replaced.iter().zip(&index.shape) {
            ty::same_size(a, b, &format!("{x} from axis {} and the index {index} differ", self.axis), &[0, 1])?;
        }
        let after = &x.shape[self.axis + index.rank()..];
        let shape = [&x.shape[..self.axis], std::slice::from_ref(&self.size), after].concat();
        ty::check_rank(shape.len())?;
        Ok(Type::real(shape))
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        let gradient = b.node(Gather { axis: self.axis }, &[at.grad, at.inputs[1]])?;
        Ok(vec![Some(gradient), None])
    }

    fn scratch(&self, inputs: &[Shape], _: Shape, dtype: Dtype) -> usize {
        inputs[0].len() * dtype.bytes()
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, at: &mut Context<'_>) {
        with_real!(out, |out: T| {
            let x = inputs[0].real::<T>();
            let x = dense(x, at.scratch.take::<T>(x.shape().len()));
            scatter_add(out.data, out.shape, Accum::Replace, self.axis, inputs[1].index(), x);
        });
    }
}

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let (index, around) = (bytes.shape(0, 2), bytes.shape(0, 2));
    let axis = bytes.between(0, around.len());
    let below = bytes.between(1, 4);
    let shape = [&around[..axis], &index, &around[axis..]].concat();
    let size = bytes.flag().then(|| Size::from(below + bytes.between(0, 2)));
    let inputs = vec![SampleInput::real(&shape), SampleInput::index(&index, below)];
    Sample::new(Options { axis: axis as i64, size }, inputs)
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Scatter", |call, options: &Options| {
        let types = [call.ty(0)?, call.ty(1)?];
        let (index, below) = ty::index(&types, 1)?;
        let left = types[0].rank().checked_sub(index.rank()).ok_or_else(|| {
            TypeError::new(format!("{} has fewer axes than the index {index}", types[0])).at(&[0, 1])
        })?;
        let axis = ty::axis(options.axis, left + 1)?;
        call.emit(Scatter { axis, size: options.size.clone().unwrap_or_else(|| below.clone()) })
    })
    .ports(&["x", "index"])
    .summary("Slices added into zeros by integers")
    .shape("That of `x` with one axis of `size` in the place of the axes of `index`, which begin at `axis`")
    .formula("y[a.., k, b..] = sum of x[a.., i.., b..] where index[i..] = k", "dx[a.., i.., b..] = dy[a.., index[i..], b..]")
    .option("axis", "axis", Some("0"), "where the new axis stands in the result")
    .option("size", "size", Some("None"), "its size; the bound of the integers when omitted")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [3], index: Index([3], 2), w: [2] },
    nodes: { y: Scatter(x, index), z: Dot(y, w) },
    outputs: [z],
    tests: [(
        given: { x: [1, 2, 4], index: [1, 0, 1], w: [3, 5] },
        value: { y: [2, 5], z: 31 },
        grad: { x: [5, 3, 5] },
    )],
)"#,
    )
    .sample(sample)
}
