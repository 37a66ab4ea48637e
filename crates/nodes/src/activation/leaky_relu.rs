//! A rectifier that lets a little through where the input is negative, so that no unit dies.
//!
//! # Formula
//! `y = x where x > 0, else alpha x`
//!
//! # Gradient
//! `dx = dy where x > 0, else alpha dy`
//!
//! # Options
//! `alpha` (the slope for negative inputs).
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: LeakyRelu(x: x, alpha: 0.25)`

use graphrun_graph::{Kink, OpDef, Sample};
use serde::Deserialize;

use crate::pointwise::{broadcasting, expression, with_options};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LeakyRelu {
    alpha: f64,
}

impl Default for LeakyRelu {
    fn default() -> LeakyRelu {
        LeakyRelu { alpha: 0.01 }
    }
}

const TEXT: &str = "if(x > 0, x, alpha * x)";

pub(crate) fn def() -> OpDef {
    OpDef::new("LeakyRelu", |call, o: &LeakyRelu| {
        with_options(call, "LeakyRelu", &["x"], &[("alpha", o.alpha)], TEXT)
    })
    .summary("A rectifier with a small slope for negative inputs")
    .shape("That of the input")
    .formula("y = x where x > 0, else alpha x", "dx = dy where x > 0, else alpha dy")
    .kink(Kink::Below)
    .option("alpha", "real", Some("0.01"), "the slope for negative inputs")
    .expr(expression(TEXT, &["x", "alpha"]))
    .within(0.9, 0.1)
    .example(
        "Model(
    graphrun: 1,
    inputs: { x: [3] },
    nodes: { y: LeakyRelu(x: x, alpha: 0.25) },
    outputs: [y],
    tests: [(
        given: { x: [-4, 0, 2] },
        value: { y: [-1, 0, 2] },
        grad: { x: [0.25, 0.25, 1] },
        upstream: [1, 1, 1],
    )],
)",
    )
    .sample(|bytes| {
        let options = LeakyRelu { alpha: bytes.eighth(0.125, 0.5) };
        Sample::new(options, broadcasting(bytes, &[(-2.0, 2.0)]))
    })
}
