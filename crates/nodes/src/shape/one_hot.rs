//! Integers as rows of zeros with a one.
//!
//! # Formula
//! `y[.., k] = 1` if `x[..] = k`, else 0.
//!
//! # Gradient
//! None: the input is integer.
//!
//! # Options
//! `size`; the bound of the integers when omitted.
//!
//! # Shape
//! That of `x` with a last axis of `size`.
//!
//! # Example
//! `target: OneHot(x: digit, size: 10)`

use graphrun_graph::{
    At, Builder, Context, Form, GradError, NodeId, Op, OpDef, Sample, SampleInput, Size, Type, TypeError, size_text, ty,
};
use graphrun_tensor::{ViewAny, ViewMutAny, one_hot, with_real};
use serde::Deserialize;

use super::gather::within;

/// A row of `size` zeros with a one at the integer.
#[derive(Clone, Debug)]
pub(crate) struct OneHot {
    pub(crate) size: Size,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    size: Option<Size>,
}

impl Op for OneHot {
    fn name(&self) -> &str {
        "OneHot"
    }

    fn options(&self) -> String {
        format!("size: {}", size_text(&self.size))
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        let (x, below) = ty::index(inputs, 0)?;
        within(below, &self.size, "the rows and the bound of the integers differ").map_err(|e| e.at(&[0]))?;
        ty::check_rank(x.rank() + 1)?;
        Ok(Type::real(x.shape.iter().cloned().chain([self.size.clone()]).collect()))
    }

    fn vjp(&self, _: &mut Builder, _: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        Ok(vec![None])
    }

    fn form(&self) -> Form {
        Form::OneHot
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| {
            let size = out.shape.from_end(0);
            one_hot::<T>(inputs[0].index(), size, out.data);
        });
    }
}

pub(crate) fn def() -> OpDef {
    OpDef::new("OneHot", |call, options: &Options| {
        let types = [call.ty(0)?];
        let (_, below) = ty::index(&types, 0)?;
        call.emit(OneHot { size: options.size.clone().unwrap_or_else(|| below.clone()) })
    })
    .summary("Integers as rows of zeros with a one")
    .shape("That of `x` with a last axis of `size`")
    .formula("y[.., k] = 1 if x[..] = k, else 0", "none: the input is integer")
    .option("size", "size", Some("None"), "the length of a row; the bound of the integers when omitted")
    .not_differentiable()
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: Index([3], 3) },
    nodes: { y: OneHot(x) },
    outputs: [y],
    tests: [(given: { x: [2, 0, 1] }, value: { y: [[0, 0, 1], [1, 0, 0], [0, 1, 0]] })],
)"#,
    )
    .sample(|bytes| {
        let (shape, below) = (bytes.shape(0, 3), bytes.between(1, 5));
        let size = bytes.flag().then(|| Size::from(below + bytes.between(0, 2)));
        Sample::new(Options { size }, vec![SampleInput::index(&shape, below)])
    })
}
