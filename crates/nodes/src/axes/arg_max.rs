//! Where the largest element over axes stands.
//!
//! # Formula
//! `y`: the first `i` with `x_i = max_j x_j`, counted in row-major order over the axes; the first NaN counts as largest.
//!
//! # Gradient
//! None: the output is integer.
//!
//! # Options
//! `axes` (all when omitted), `keep`.
//!
//! # Shape
//! The reduced axes leave, or stay with size 1 when `keep`; integers below the number of elements reduced.
//!
//! # Example
//! `digit: ArgMax(x: scores, axes: [-1])`

use graphrun_graph::core::{reduce_options, reduced};
use graphrun_graph::{At, Builder, Context, Form, GradError, NodeId, Op, OpDef, Type, TypeError, ty};
use graphrun_tensor::{Num, View, ViewAny, ViewMutAny};

use super::first::{first_of, form_over, ordinal_type};
use super::reduction::{Over, documented, sample};

/// The position of the first largest element, or smallest, over `axes`, which are sorted.
#[derive(Clone, Debug)]
pub(crate) struct ArgBest {
    pub(crate) largest: bool,
    pub(crate) axes: Vec<usize>,
    pub(crate) keep: bool,
}

impl Op for ArgBest {
    fn name(&self) -> &str {
        if self.largest { "ArgMax" } else { "ArgMin" }
    }

    fn options(&self) -> String {
        reduce_options(&self.axes, self.keep)
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        ordinal_type(&inputs[0], reduced(inputs, &self.axes, self.keep)?, &self.axes)
    }

    fn vjp(&self, _: &mut Builder, _: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        Ok(vec![None])
    }

    fn form(&self) -> Form {
        form_over(&self.axes)
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        let out = out.real::<i64>().data;
        match inputs[0] {
            ViewAny::F32(x) => self.search(x, out),
            ViewAny::F64(x) => self.search(x, out),
            ViewAny::I64(_) => unreachable!("the graph's types rule out integers here"),
        }
    }
}

impl ArgBest {
    fn search<T: Num>(&self, x: View<'_, T>, out: &mut [i64]) {
        out.fill(0);
        let beats = |x: T, best: T| if self.largest { x > best } else { x < best };
        first_of(x, &self.axes, beats).zip(out).for_each(|(first, slot)| *slot = first.ordinal as i64);
    }
}

/// The definition of the search for the largest element, or the smallest.
pub(crate) fn arg_best(name: &'static str, largest: bool) -> OpDef {
    let def = OpDef::new(name, move |call, over: &Over| {
        let axes = ty::axes(over.axes.as_deref(), call.ty(0)?.rank())?;
        call.emit(ArgBest { largest, axes, keep: over.keep })
    });
    documented(def).not_differentiable().sample(sample)
}

pub(crate) fn def() -> OpDef {
    arg_best("ArgMax", true)
        .summary("Where the largest element over axes stands; of equals the first")
        .shape(
            "The reduced axes leave, or stay with size 1 when `keep`; integers below the number of \
             elements reduced",
        )
        .formula("y = first i with x_i = max_j x_j", "none: the output is integer")
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [2, 3] },
    nodes: { y: ArgMax(x: x, axes: [1]), hot: OneHot(y) },
    outputs: [hot],
    tests: [(given: { x: [[1, 5, 5], [9, 2, 3]] }, value: { y: [1, 0], hot: [[0, 1, 0], [1, 0, 0]] })],
)"#,
        )
}
