//! What all reductions share: their options, their samples, and the node of those that are one primitive.

use graphrun_graph::core::{reduce_options, reduced};
use graphrun_graph::{
    At, Builder, Bytes, Context, Form, GradError, NodeId, Op, OpDef, Reduce, Sample, SampleInput, Type, TypeError, ty,
};
use graphrun_tensor::{MAX_RANK, Reduction, ViewAny, ViewMutAny, reduce, with_real};
use serde::Deserialize;

/// Which axes a reduction runs over: all of them when omitted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Over {
    pub(crate) axes: Option<Vec<i64>>,
    pub(crate) keep: bool,
}

/// Which axes an operation looks over that keeps its input's shape: all of them when omitted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Axes {
    pub(crate) axes: Option<Vec<i64>>,
}

/// An operation with the options [`Over`] that `emit` builds from the input, its axes and `keep`.
pub(crate) fn def(
    name: &'static str,
    emit: fn(&mut Builder, NodeId, &[usize], bool) -> Result<NodeId, TypeError>,
) -> OpDef {
    let def = OpDef::new(name, move |call, over: &Over| {
        let x = call.input(0)?;
        let axes = ty::axes(over.axes.as_deref(), call.b.ty(x).rank())?;
        emit(call.b, x, &axes, over.keep)
    });
    documented(def).sample(sample)
}

/// The same definition with the options of [`Over`] documented.
pub(crate) fn documented(def: OpDef) -> OpDef {
    def.shape("The reduced axes leave, or stay with size 1 when `keep`")
        .option("axes", "axis list", Some("None"), "the axes to reduce, negative ones from the end; all when omitted")
        .option("keep", "bool", Some("false"), "whether the reduced axes stay with size 1")
}

/// An array of up to four axes, reduced over all or some of them.
pub(crate) fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let (over, shape) = sample_over(bytes);
    Sample::new(over, vec![SampleInput::real(&shape)])
}

/// Options and the shape of an input for them.
pub(crate) fn sample_over(bytes: &mut Bytes<'_>) -> (Over, Vec<usize>) {
    let mut shape = bytes.shape(1, 4);
    if bytes.between(0, 7) == 7 {
        shape[0] = 17;
    }
    let named = (0..shape.len() as i64).filter(|_| bytes.flag()).collect::<Vec<_>>();
    let axes = (!named.is_empty()).then_some(named);
    (Over { axes, keep: bytes.flag() }, shape)
}

/// Demands that `x` has every one of `axes`.
///
/// # Errors
/// The first that it has not.
pub(crate) fn check_axes(x: &Type, axes: &[usize]) -> Result<(), TypeError> {
    match axes.iter().find(|&&axis| axis >= x.rank()) {
        Some(axis) => Err(TypeError::new(format!("axis {axis} of {x}, which has {} axes", x.rank())).at(&[0])),
        None => Ok(()),
    }
}

/// A reduction that is one node; its gradient rule is given with it.
#[derive(Clone, Debug)]
pub(crate) struct Reduced {
    pub(crate) name: &'static str,
    pub(crate) with: Reduce,
    pub(crate) axes: Vec<usize>,
    pub(crate) keep: bool,
    /// The gradient with respect to the input, from the node's parts and the upstream gradient with the reduced
    /// axes put back.
    pub(crate) gradient: fn(&mut Builder, At<'_>, NodeId, &[usize]) -> Result<NodeId, TypeError>,
}

impl Op for Reduced {
    fn name(&self) -> &str {
        self.name
    }

    fn options(&self) -> String {
        reduce_options(&self.axes, self.keep)
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        reduced(inputs, &self.axes, self.keep)
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        let shape = b.ty(at.inputs[0]).shape.clone();
        let kept = b.keep_axes(at.grad, &shape, &self.axes)?;
        Ok(vec![Some((self.gradient)(b, at, kept, &self.axes)?)])
    }

    fn form(&self) -> Form {
        Form::Reduce { with: self.with, axes: self.axes.clone(), keep: self.keep }
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        let with = match self.with {
            Reduce::Sum => Reduction::Sum,
            Reduce::Prod => Reduction::Prod,
            Reduce::Max => Reduction::Max,
            Reduce::Min => Reduction::Min,
        };
        let mut marks = [false; MAX_RANK];
        self.axes.iter().for_each(|&axis| marks[axis] = true);
        with_real!(out, |out: T| {
            let x = inputs[0].real::<T>();
            reduce(with, x, &marks[..x.shape().rank()], out.data);
        });
    }
}
