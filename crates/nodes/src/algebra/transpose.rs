//! The axes in another order.
//!
//! # Formula
//! `y[i_axes[0], i_axes[1], ...] = x[i_0, i_1, ...]`: axis `k` of the output is axis `axes[k]` of the input.
//!
//! # Gradient
//! `dx`: the axes of `dy` in the inverse order.
//!
//! # Options
//! `axes`; the axes backwards when omitted.
//!
//! # Shape
//! The sizes of `x` in the order `axes`.
//!
//! # Example
//! `t: Transpose(m)`, `heads: Transpose(x: h, axes: [0, 2, 1, 3])`

use graphrun_graph::{At, Builder, Context, GradError, NodeId, Op, OpDef, Sample, SampleInput, Type, TypeError, ty};
use graphrun_tensor::{ViewAny, ViewMutAny, copy, with_real};
use serde::Deserialize;

/// The input with axis `axes[k]` in place `k`.
#[derive(Clone, Debug)]
pub(crate) struct Transpose {
    pub(crate) axes: Vec<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    axes: Option<Vec<i64>>,
}

impl Op for Transpose {
    fn name(&self) -> &str {
        "Transpose"
    }

    fn options(&self) -> String {
        format!("axes: {:?}", self.axes)
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        let x = ty::real(inputs, 0)?;
        let mut sorted = self.axes.clone();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..x.rank()) {
            let (axes, rank) = (&self.axes, x.rank());
            return Err(TypeError::new(format!("axes {axes:?} are no order of the {rank} axes of {x}"))
                .at(&[0])
                .help("name every axis once"));
        }
        Ok(Type::real(self.axes.iter().map(|&axis| x.shape[axis].clone()).collect()))
    }

    fn moves(&self) -> bool {
        true
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        Ok(vec![Some(transpose(b, at.grad, &inverse(&self.axes))?)])
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| copy(inputs[0].real::<T>().permuted(&self.axes), out));
    }
}

/// `x` with axis `axes[k]` in place `k`; `x` itself when that is where they are.
pub(crate) fn transpose(b: &mut Builder, x: NodeId, axes: &[usize]) -> Result<NodeId, TypeError> {
    match axes.iter().copied().eq(0..b.ty(x).rank()) {
        true => Ok(x),
        false => b.node(Transpose { axes: axes.to_vec() }, &[x]),
    }
}

/// The order that undoes `axes`.
pub(crate) fn inverse(axes: &[usize]) -> Vec<usize> {
    let mut inverse = vec![0; axes.len()];
    axes.iter().enumerate().for_each(|(to, &from)| inverse[from] = to);
    inverse
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Transpose", |call, options: &Options| {
        let (x, rank) = (call.input(0)?, call.ty(0)?.rank());
        let axes = match &options.axes {
            Some(named) => named.iter().map(|&axis| ty::axis(axis, rank)).collect::<Result<Vec<_>, _>>()?,
            None => (0..rank).rev().collect(),
        };
        transpose(call.b, x, &axes)
    })
    .summary("The axes in another order")
    .shape("The sizes of `x` in the order `axes`")
    .formula("y[i_axes[0], i_axes[1], ...] = x[i_0, i_1, ...]", "dx = Transpose(dy) by the inverse order")
    .option("axes", "axis list", Some("None"), "the axis of x in each place; backwards when omitted")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [2, 3], w: [3, 2] },
    nodes: { y: Transpose(x), z: Mul(y, w), total: Sum(z) },
    outputs: [total],
    tests: [(
        given: { x: [[1, 2, 3], [4, 5, 6]], w: [[1, 0], [0, 2], [3, 0]] },
        value: { y: [[1, 4], [2, 5], [3, 6]], total: 20 },
        grad: { x: [[1, 0, 3], [0, 2, 0]] },
    )],
)"#,
    )
    .sample(|bytes| {
        let shape = bytes.shape(1, 4);
        let mut axes: Vec<i64> = (0..shape.len() as i64).collect();
        for k in (1..axes.len()).rev() {
            axes.swap(k, bytes.between(0, k));
        }
        Sample::new(Options { axes: Some(axes) }, vec![SampleInput::real(&shape)])
    })
}
