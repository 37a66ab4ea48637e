//! The self-normalising exponential linear unit of Klambauer et al. (2017): with LeCun weights, activations keep
//! mean 0 and variance 1.
//!
//! # Formula
//! `y = 1.0507 x where x > 0, else 1.0507 * 1.6733 (e^x - 1)`
//!
//! # Gradient
//! `dx = 1.0507 dy where x > 0, else 1.0507 * 1.6733 e^x dy`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Selu(x)`

use graphrun_graph::{Kink, OpDef};

use crate::pointwise::pointwise;

pub(crate) fn def() -> OpDef {
    pointwise("Selu", &["x"], "if(x > 0, 1.0507009873554805 * x, 1.7580993408473766 * expm1(x))")
        .summary("The scaled exponential linear unit that keeps mean 0 and variance 1")
        .formula(
            "y = 1.0507 x where x > 0, else 1.0507 * 1.6733 (e^x - 1)",
            "dx = 1.0507 dy where x > 0, else 1.0507 * 1.6733 e^x dy",
        )
        .kink(Kink::Below)
        .within(1.6, 1.3)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [3] },
    nodes: { y: Selu(x) },
    outputs: [y],
    tests: [(
        given: { x: [-1, 0, 2] },
        value: { y: [-1.1113307378125625, 0, 2.101401974710961] },
        grad: { x: [0.646768603034814, 1.7580993408473766, 1.0507009873554805] },
        upstream: [1, 1, 1],
    )],
)",
        )
}
