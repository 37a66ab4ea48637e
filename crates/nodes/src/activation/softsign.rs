//! Squashes to (-1, 1) with tails that fall as a power, where those of tanh fall exponentially.
//!
//! # Formula
//! `y = x / (1 + |x|)`
//!
//! # Gradient
//! `dx = dy / (1 + |x|)^2`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Softsign(x)`

use graphrun_graph::OpDef;

use crate::pointwise::pointwise;

/// Two forms, each with a value and a derivative that keep their digits where it stands: far out, `1 - |y|` has none.
const TEXT: &str = "if(abs(x) < 1, x / (1 + abs(x)), sign(x) * (1 - inv(1 + abs(x))))";

pub(crate) fn def() -> OpDef {
    pointwise("Softsign", &["x"], TEXT)
        .summary("The input divided by one plus its magnitude")
        .formula("y = x / (1 + |x|)", "dx = dy / (1 + |x|)^2")
        .within(1.5, 1.0)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [3] },
    nodes: { y: Softsign(x) },
    outputs: [y],
    tests: [(
        given: { x: [-1, 0, 3] },
        value: { y: [-0.5, 0, 0.75] },
        grad: { x: [0.25, 1, 0.0625] },
        upstream: [1, 1, 1],
    )],
)",
        )
}
