//! The input times a sigmoid of it; Silu for beta 1, near Relu for a large beta.
//!
//! # Formula
//! `y = x / (1 + e^(-beta x))`
//!
//! # Gradient
//! `dx = (s + beta x s (1 - s)) dy with s = 1 / (1 + e^(-beta x))`
//!
//! # Options
//! `beta` (how sharply the gate opens).
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Swish(x: x, beta: 2)`

use graphrun_graph::{OpDef, Sample};
use serde::Deserialize;

use crate::pointwise::{broadcasting, expression, with_options};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Swish {
    beta: f64,
}

impl Default for Swish {
    fn default() -> Swish {
        Swish { beta: 1.0 }
    }
}

/// Far out the product is the input or 0, also where the input is infinite.
const TEXT: &str = "if(abs(beta * x) < 1000, x * sigmoid(beta * x), if(beta * x < 0, 0, x))";

pub(crate) fn def() -> OpDef {
    OpDef::new("Swish", |call, o: &Swish| {
        with_options(call, "Swish", &["x"], &[("beta", o.beta)], TEXT)
    })
    .summary("The input times the sigmoid of its beta-fold")
    .shape("That of the input")
    .formula("y = x / (1 + e^(-beta x))", "dx = (s + beta x s (1 - s)) dy with s = 1 / (1 + e^(-beta x))")
    .option("beta", "real", Some("1"), "how sharply the gate opens")
    .expr(expression(TEXT, &["x", "beta"]))
    .within(2.8, 1.5)
    .example(
        "Model(
    graphrun: 1,
    inputs: { x: [2] },
    nodes: { y: Swish(x: x, beta: 2) },
    outputs: [y],
    tests: [(
        given: { x: [0, 1] },
        value: { y: [0, 0.8807970779778823] },
        grad: { x: [0.5, 1.0907842487848955] },
        upstream: [1, 1],
    )],
)",
    )
    .sample(|bytes| {
        let options = Swish { beta: bytes.eighth(0.5, 2.0) };
        Sample::new(options, broadcasting(bytes, &[(-2.0, 2.0)]))
    })
}
