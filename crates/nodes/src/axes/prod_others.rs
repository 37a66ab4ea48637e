//! The product of all the other elements over axes: what the gradient of Prod is made of.
//!
//! # Formula
//! `y_i = prod_{j != i} x_j`, without a division, so that zeros are right.
//!
//! # Gradient
//! `dx_k = sum_{i != k} dy_i prod_{j != i, k} x_j`: the gradient of the product over a square of copies with ones on
//! its diagonal.
//!
//! # Options
//! `axes` (all when omitted).
//!
//! # Shape
//! That of `x`.
//!
//! # Example
//! `others: ProdOthers(x: h, axes: [1])`

use graphrun_graph::{
    At, Builder, Context, Form, GradError, NodeId, Op, OpDef, Sample, SampleInput, Size, Type, TypeError, grad, ty,
};
use graphrun_tensor::{Num, View, ViewAny, ViewMut, ViewMutAny, with_real};

use super::cum_sum::ordinals;
use super::first::form_over;
use super::prod::prod;
use super::reduction::{Axes, check_axes, sample_over};
use crate::algebra::transpose::{inverse, transpose};
use crate::pointwise::expression;
use crate::positions::Positions;

/// The products of the other elements over `axes`, which are sorted.
#[derive(Clone, Debug)]
pub(crate) struct ProdOthers {
    pub(crate) axes: Vec<usize>,
}

impl Op for ProdOthers {
    fn name(&self) -> &str {
        "ProdOthers"
    }

    fn options(&self) -> String {
        format!("axes: {:?}", self.axes)
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        let x = ty::real(inputs, 0)?;
        check_axes(x, &self.axes)?;
        Ok(x.clone())
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        let expanded = expansion(b, at.inputs[0], &self.axes)?;
        Ok(grad(b, expanded, at.inputs, Some(at.grad))?.into_iter().map(Some).collect())
    }

    fn form(&self) -> Form {
        form_over(&self.axes)
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| {
            products(inputs[0].real::<T>(), &self.axes, out);
        });
    }
}

/// Every output is the product of the elements before it, written on the way there, and of those after it, multiplied
/// in on the way back.
fn products<T: Num>(x: View<'_, T>, axes: &[usize], out: ViewMut<'_, T>) {
    let (data, start) = x.parts();
    let dense = x.shape().strides();
    let strides = [x.strides(), &dense[..x.shape().rank()]];
    for outer in Positions::new(x.shape(), strides, |k| !axes.contains(&k)) {
        let inner = Positions::new(x.shape(), strides, |k| axes.contains(&k));
        let element = |at: isize| data[(start as isize + outer[0] + at) as usize];
        let mut product = T::ONE;
        for [from, to] in inner.clone() {
            out.data[(outer[1] + to) as usize] = product;
            product *= element(from);
        }
        product = T::ONE;
        for [from, to] in inner.reversed() {
            out.data[(outer[1] + to) as usize] *= product;
            product *= element(from);
        }
    }
}

/// The same values from nodes that can be differentiated: with the axes flattened to one last axis of n, the products
/// over the columns of an n by n square whose rows are copies of it with 1 on the diagonal.
fn expansion(b: &mut Builder, x: NodeId, axes: &[usize]) -> Result<NodeId, TypeError> {
    let shape = b.ty(x).shape.clone();
    let order: Vec<usize> = (0..shape.len()).filter(|k| !axes.contains(k)).chain(axes.iter().copied()).collect();
    let moved: Vec<Size> = order.iter().map(|&k| shape[k].clone()).collect();
    let (kept, reduced) = moved.split_at(shape.len() - axes.len());
    let n = reduced.iter().fold(Size::from(1), |n, size| &n * size);
    let with = |last: &[Size]| [kept, last].concat();

    let x = transpose(b, x, &order)?;
    let row = b.reshape(x, &with(&[Size::from(1), n.clone()]))?;
    let ordinals = ordinals(b, &n)?;
    let column = b.reshape(ordinals, &[n.clone(), Size::from(1)])?;
    let square = b.pointwise(&expression("if(i == j, 1, x)", &["i", "j", "x"]), &[ordinals, column, row])?;
    let others = prod(b, square, &[kept.len() + 1], false)?;
    let others = b.reshape(others, &moved)?;
    transpose(b, others, &inverse(&order))
}

pub(crate) fn def() -> OpDef {
    OpDef::new("ProdOthers", |call, options: &Axes| {
        let axes = ty::axes(options.axes.as_deref(), call.ty(0)?.rank())?;
        call.emit(ProdOthers { axes })
    })
    .summary("The product of all the other elements over axes")
    .shape("That of `x`")
    .formula("y_i = prod_{j != i} x_j", "dx_k = sum_{i != k} dy_i prod_{j != i, k} x_j")
    .option("axes", "axis list", Some("None"), "the axes to multiply over; all when omitted")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [3] },
    nodes: { y: ProdOthers(x), z: Sum(y) },
    outputs: [z],
    tests: [
        (given: { x: [2, 3, 4] }, value: { y: [12, 8, 6] }, grad: { x: [7, 6, 5] }),
        (given: { x: [0, 3, 4] }, value: { y: [12, 0, 0] }, grad: { x: [7, 4, 3] }),
    ],
)"#,
    )
    .sample(|bytes| {
        let (over, shape) = sample_over(bytes);
        Sample::new(Axes { axes: over.axes }, vec![SampleInput::real(&shape)])
    })
}
