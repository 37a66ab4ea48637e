//! What all losses share: how the losses of rows become one number.

use graphrun_expr::Expr;
use graphrun_graph::{Builder, Bytes, Call, NodeId, OpDef, Sample, TypeError, ty};
use serde::Deserialize;

use crate::axes::mean::mean;
use crate::pointwise::{broadcasting, expression};

/// How the losses of rows become one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum Reduction {
    /// Their mean.
    #[default]
    Mean,
    /// Their sum.
    Sum,
}

impl Reduction {
    /// All elements of `losses` as one number.
    pub(crate) fn apply(self, b: &mut Builder, losses: NodeId) -> Result<NodeId, TypeError> {
        let axes: Vec<usize> = (0..b.ty(losses).rank()).collect();
        match self {
            Reduction::Mean => mean(b, losses, &axes, false),
            Reduction::Sum => b.sum(losses, &axes, false),
        }
    }

    /// One of both.
    pub(crate) fn draw(bytes: &mut Bytes<'_>) -> Reduction {
        if bytes.flag() { Reduction::Sum } else { Reduction::Mean }
    }
}

/// The options of a loss that has only this one.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Reduced {
    pub(crate) reduction: Reduction,
}

/// A loss that is `text`, an expression of its ports, for every element; samples are drawn in `ranges`.
pub(crate) fn elementwise(
    name: &'static str,
    ports: &[&'static str],
    text: &'static str,
    ranges: &'static [(f64, f64)],
) -> OpDef {
    let expr = expression(text, ports);
    let def = OpDef::new(name, move |call, o: &Reduced| of_elements(call, &expr, o.reduction))
        .ports(ports)
        .shape("A scalar: the mean or sum over all elements");
    documented(def)
        .sample(|bytes| Sample::new(Reduced { reduction: Reduction::draw(bytes) }, broadcasting(bytes, ranges)))
}

/// The same definition with the option `reduction` documented.
pub(crate) fn documented(def: OpDef) -> OpDef {
    def.option(
        "reduction",
        "Mean|Sum",
        Some("Mean"),
        "whether the losses of the rows are averaged or summed; over no rows the mean is NaN, the sum 0",
    )
}

/// The reduction of `expr` over the elements of all inputs.
///
/// Two operands that would repeat each other, `[N, 1]` against `[N]`, are refused: nobody means all pairs.
pub(crate) fn of_elements(call: &mut Call<'_>, expr: &Expr, reduction: Reduction) -> Result<NodeId, TypeError> {
    let inputs = call.all_inputs();
    let types: Vec<_> = inputs.iter().map(|&id| call.b.ty(id).clone()).collect();
    let shape = ty::broadcast(&types.iter().collect::<Vec<_>>())?;
    if types.iter().all(|ty| ty.shape != shape) {
        let all: Vec<String> = types.iter().map(ToString::to_string).collect();
        let message = format!("shapes {} would be compared in all pairs", all.join(" and "));
        let at: Vec<usize> = (0..types.len()).collect();
        return Err(TypeError::new(message).at(&at).help("reshape one of them to the shape of the other"));
    }
    let losses = call.b.pointwise(expr, &inputs)?;
    reduction.apply(call.b, losses)
}
