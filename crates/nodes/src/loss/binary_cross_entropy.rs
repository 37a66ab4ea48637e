//! The cross-entropy of a probability q with a target t between 0 and 1. A term whose weight and probability are
//! both zero is zero. For scores, SigmoidCrossEntropy is exact where a sigmoid rounds to 0 or 1.
//!
//! # Formula
//! `y = -mean (t ln q + (1 - t) ln(1 - q))`
//!
//! # Gradient
//! `dq = (q - t) / (q (1 - q)) dy / n, dt = (ln(1 - q) - ln q) dy / n`
//!
//! # Options
//! `reduction` (whether the losses of the rows are averaged or summed).
//!
//! # Shape
//! A scalar: the mean or sum over all elements.
//!
//! # Example
//! `loss: BinaryCrossEntropy(q, t)`

use graphrun_graph::OpDef;

use super::reduction::elementwise;

pub(crate) fn def() -> OpDef {
    elementwise(
        "BinaryCrossEntropy",
        &["q", "t"],
        "-if((q > 0) + (t > 0), t * log(q), 0) - if((q < 1) + (t < 1), (1 - t) * log1p(-q), 0)",
        &[(0.125, 0.875), (0.0, 1.0)],
    )
    .summary("The cross-entropy of probabilities with targets")
    .formula(
        "y = -mean (t ln q + (1 - t) ln(1 - q))",
        "dq = (q - t) / (q (1 - q)) dy / n, dt = (ln(1 - q) - ln q) dy / n",
    )
    .example(
        "Model(
    graphrun: 1,
    inputs: { q: [2], t: [2] },
    nodes: { y: BinaryCrossEntropy(q, t) },
    outputs: [y],
    tests: [(
        given: { q: [0.8, 0.25], t: [1, 0] },
        value: { y: 0.2554128118829953 },
        grad: { q: [-0.625, 0.6666666666666666], t: [-0.6931471805599453, 0.5493061443340548] },
    )],
)",
    )
}
