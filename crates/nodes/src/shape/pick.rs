//! One element of every row, by an integer.
//!
//! # Formula
//! `y[..] = x[.., index[..]]`
//!
//! # Gradient
//! `dx[.., k] = dy[..]` if `k = index[..]`, else 0.
//!
//! # Options
//! None.
//!
//! # Shape
//! `[.., C]` and an index `[..]` below `C` give `[..]`.
//!
//! # Example
//! `right: Pick(scores, label)`

use graphrun_graph::{
    At, Builder, Context, Form, GradError, NodeId, Op, OpDef, Sample, SampleInput, Size, Type, TypeError, ty,
};
use graphrun_tensor::{Num, View, ViewAny, ViewMut, ViewMutAny, with_real};

use super::gather::within;
use super::one_hot::OneHot;
use crate::pointwise::{NoOptions, expression};
use crate::positions::Positions;

/// The element of the last axis of the first input that the second names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pick;

impl Op for Pick {
    fn name(&self) -> &str {
        "Pick"
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        let (x, (index, below)) = (ty::real(inputs, 0)?, ty::index(inputs, 1)?);
        let Some((size, rows)) = x.shape.split_last() else {
            return Err(TypeError::new("an element picked from a scalar: rows along a last axis are wanted").at(&[0]));
        };
        if rows.len() != index.rank() {
            let message = format!("rows of {x} are picked from, and the index {index} is not one integer a row");
            return Err(TypeError::new(message).at(&[0, 1]));
        }
        for (a, b) in rows.iter().zip(&index.shape) {
            ty::same_size(a, b, &format!("the rows of {x} and the index {index} differ"), &[0, 1])?;
        }
        within(below, size, &format!("the rows of {x} and the bound of {index} differ"))?;
        Ok(Type::real(rows.to_vec()))
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        let size = b.ty(at.inputs[0]).shape.last().cloned().unwrap_or_else(|| Size::from(1));
        let hot = b.node(OneHot { size }, &at.inputs[1..])?;
        let column: Vec<Size> = b.ty(at.grad).shape.iter().cloned().chain([Size::from(1)]).collect();
        let grad = b.reshape(at.grad, &column)?;
        let gradient = b.pointwise(&expression("if(hot, grad, 0)", &["hot", "grad"]), &[hot, grad])?;
        Ok(vec![Some(gradient), None])
    }

    fn form(&self) -> Form {
        Form::Pick
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| pick(inputs[0].real::<T>(), inputs[1].index(), out));
    }
}

/// Indices are checked where they enter a graph; a wrong one that still arrives here picks zero.
fn pick<T: Num>(x: View<'_, T>, index: View<'_, i64>, out: ViewMut<'_, T>) {
    let lead = index.shape().rank();
    let (size, step) = (x.shape().from_end(0), x.strides()[lead]);
    let ((data, start), (indices, first)) = (x.parts(), index.parts());
    let rows = Positions::new(index.shape(), [&x.strides()[..lead], index.strides()], |_| true);
    for ([row, at], y) in rows.zip(out.data) {
        let place = usize::try_from(indices[(first as isize + at) as usize]).ok().filter(|&k| k < size);
        *y = place.map_or(T::ZERO, |k| data[(start as isize + row + k as isize * step) as usize]);
    }
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Pick", |call, _: &NoOptions| call.emit(Pick))
        .ports(&["x", "index"])
        .summary("One element of every row, by an integer")
        .shape("`[.., C]` and an index `[..]` below `C` give `[..]`")
        .formula("y[..] = x[.., index[..]]", "dx[.., k] = dy[..] if k = index[..], else 0")
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [2, 3], index: Index([2], 3) },
    nodes: { y: Pick(x, index), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[1, 2, 3], [4, 5, 6]], index: [2, 0] },
        value: { y: [3, 4] },
        grad: { x: [[0, 0, 1], [1, 0, 0]] },
    )],
)"#,
        )
        .sample(|bytes| {
            let shape = bytes.shape(1, 3);
            let (&below, rows) = shape.split_last().unwrap_or((&1, &[]));
            Sample::new(NoOptions {}, vec![SampleInput::real(&shape), SampleInput::index(rows, below)])
        })
}

#[cfg(test)]
mod tests {
    use graphrun_tensor::Shape;

    use super::*;

    #[test]
    fn rows_may_lie_anyhow_and_an_index_outside_picks_zero() {
        let data: Vec<f64> = (1..=6).map(f64::from).collect();
        let rows = View::new(&data, Shape::of(&[2, 3]));
        for (x, indices, expect) in [
            (rows, vec![2, 0], vec![3.0, 4.0]),
            (rows.permuted(&[1, 0]), vec![1, 0, 1], vec![4.0, 2.0, 6.0]),
            // Without a look at its size, row 0 would go on into row 1.
            (rows, vec![3, -1], vec![0.0, 0.0]),
        ] {
            let mut out = vec![f64::NAN; indices.len()];
            let shape = Shape::of(&[indices.len()]);
            pick(x, View::new(&indices, shape), ViewMut::new(&mut out, shape));
            assert_eq!(out, expect, "{indices:?}");
        }
    }
}
