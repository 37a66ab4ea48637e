//! The cross-entropy of the softmax of scores, along the last axis, with labels: minus the logarithm of the
//! probability of the right class. Smoothing gives that share of the target to all classes alike.
//!
//! # Formula
//! `y = mean (ln sum_j e^(s_j) - s_label), s the scores`
//!
//! # Gradient
//! `ds = (softmax(s) - onehot(label)) dy / rows`
//!
//! # Options
//! `smoothing` (the share of the target that all classes get alike), `reduction` (whether the losses of the rows
//! are averaged or summed).
//!
//! # Shape
//! `scores` is `[.., classes]`, `labels` integers of the shape `[..]`; the result is a scalar.
//!
//! # Example
//! `loss: SoftmaxCrossEntropy(scores, label)`

use graphrun_graph::{Call, NodeId, OpDef, Sample, SampleInput, TypeError};
use serde::Deserialize;

use super::reduction::{Reduction, documented};
use crate::activation::log_softmax::log_softmax;
use crate::axes::mean::mean;
use crate::pointwise::expression;
use crate::shape::pick::Pick;

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SoftmaxCrossEntropy {
    smoothing: f64,
    reduction: Reduction,
}

fn build(call: &mut Call<'_>, o: &SoftmaxCrossEntropy) -> Result<NodeId, TypeError> {
    if !(0.0..=1.0).contains(&o.smoothing) {
        return Err(TypeError::new(format!("smoothing is {}, and is a share from 0 to 1", o.smoothing)));
    }
    let (scores, labels) = (call.input(0)?, call.input(1)?);
    let Some(axis) = call.b.ty(scores).rank().checked_sub(1) else {
        return Err(TypeError::new("the scores are a scalar, and want an axis of classes").at(&[0]));
    };
    let logs = log_softmax(call.b, scores, axis)?;
    let right = call.b.node(Pick, &[logs, labels])?;
    let losses = match o.smoothing {
        0.0 => call.b.neg(right)?,
        share => {
            let (all, share) = (mean(call.b, logs, &[axis], false)?, call.b.constant(share)?);
            call.b.pointwise(&expression("(s - 1) * right - s * all", &["right", "all", "s"]), &[right, all, share])?
        }
    };
    o.reduction.apply(call.b, losses)
}

pub(crate) fn def() -> OpDef {
    documented(OpDef::new("SoftmaxCrossEntropy", build).ports(&["scores", "labels"]).option(
        "smoothing",
        "real",
        Some("0"),
        "the share of the target that all classes get alike, 0 to 1",
    ))
    .summary("The mean over rows of -ln softmax(scores)[label]")
    .shape("`scores` is `[.., classes]`, `labels` integers of the shape `[..]`; the result is a scalar")
    .formula("y = mean (ln sum_j e^(s_j) - s_label), s the scores", "ds = (softmax(s) - onehot(label)) dy / rows")
    .example(
        r#"Model(
    graphrun: 1,
    doc: "probabilities 1/4 and 3/4, of which the second is right: the loss is ln 4/3",
    inputs: { scores: [N, 2], label: Index([N], 2) },
    nodes: { loss: SoftmaxCrossEntropy(scores, label) },
    outputs: [loss],
    tests: [(
        given: { scores: [[0, 1.0986122886681098]], label: [1] },
        value: { loss: 0.28768207245178085 },
        grad: { scores: [[0.25, -0.25]] },
    )],
)"#,
    )
    .sample(|bytes| {
        let smoothing = if bytes.flag() { 0.125 } else { 0.0 };
        let (rows, classes) = (bytes.shape(0, 2), bytes.between(1, 4));
        let options = SoftmaxCrossEntropy { smoothing, reduction: Reduction::draw(bytes) };
        let scores = [rows.clone(), vec![classes]].concat();
        Sample::new(options, vec![SampleInput::real(&scores), SampleInput::index(&rows, classes)])
    })
}
