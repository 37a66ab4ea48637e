//! Minus the logarithms of probabilities, given along the last axis of `a`, at the labels `b`.
//!
//! # Formula
//! `y = -mean a_label`
//!
//! # Gradient
//! `da = -onehot(label) dy / rows`
//!
//! # Options
//! `reduction` (whether the losses of the rows are averaged or summed).
//!
//! # Shape
//! `a` is `[.., classes]`, `b` integers of the shape `[..]`; the result is a scalar.
//!
//! # Example
//! `loss: NegativeLogLikelihood(logs, label)`

use graphrun_graph::{OpDef, Sample, SampleInput};

use super::reduction::{Reduced, Reduction, documented};
use crate::shape::pick::Pick;

pub(crate) fn def() -> OpDef {
    documented(OpDef::new("NegativeLogLikelihood", |call, o: &Reduced| {
        let picked = call.emit(Pick)?;
        let losses = call.b.neg(picked)?;
        o.reduction.apply(call.b, losses)
    }))
    .ports(&["a", "b"])
    .summary("The mean over rows of minus the log-probability at the label")
    .shape("`a` is `[.., classes]`, `b` integers of the shape `[..]`; the result is a scalar")
    .formula("y = -mean a_label", "da = -onehot(label) dy / rows")
    .example(
        "Model(
    graphrun: 1,
    inputs: { logs: [N, 2], label: Index([N], 2) },
    nodes: { loss: NegativeLogLikelihood(logs, label) },
    outputs: [loss],
    tests: [(
        given: { logs: [[-0.5, -1], [-3, -0.25]], label: [1, 0] },
        value: { loss: 2 },
        grad: { logs: [[0, -0.5], [-0.5, 0]] },
    )],
)",
    )
    .sample(|bytes| {
        let (rows, classes) = (bytes.shape(0, 2), bytes.between(1, 4));
        let logs = [rows.clone(), vec![classes]].concat();
        let inputs = vec![SampleInput::range(&logs, -3.0, 0.0), SampleInput::index(&rows, classes)];
        Sample::new(Reduced { reduction: Reduction::draw(bytes) }, inputs)
    })
}
