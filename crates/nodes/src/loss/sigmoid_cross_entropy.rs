//! The cross-entropy of the sigmoid of a score with a target t between 0 and 1, finite wherever the score is.
//!
//! # Formula
//! `y = mean (ln(1 + e^s) - t s), s the scores`
//!
//! # Gradient
//! `ds = (1 / (1 + e^-s) - t) dy / n, dt = -s dy / n`
//!
//! # Options
//! `reduction` (whether the losses of the rows are averaged or summed).
//!
//! # Shape
//! A scalar: the mean or sum over all elements.
//!
//! # Example
//! `loss: SigmoidCrossEntropy(scores, t)`

use graphrun_graph::OpDef;

use super::reduction::elementwise;

pub(crate) fn def() -> OpDef {
    elementwise("SigmoidCrossEntropy", &["scores", "t"], "softplus(scores) - t * scores", &[(-2.0, 2.0), (0.0, 1.0)])
        .summary("The cross-entropy of the sigmoids of scores with targets")
        .formula("y = mean (ln(1 + e^s) - t s), s the scores", "ds = (1 / (1 + e^-s) - t) dy / n, dt = -s dy / n")
        .example(
            "Model(
    graphrun: 1,
    inputs: { scores: [2], t: [2] },
    nodes: { y: SigmoidCrossEntropy(scores, t) },
    outputs: [y],
    tests: [(
        given: { scores: [1.3862943611198906, -1000], t: [1, 1] },
        value: { y: 500.1115717756571 },
        grad: { scores: [-0.1, -0.5], t: [-0.6931471805599453, 500] },
    )],
)",
        )
}
