//! Passes what is above a threshold, and puts a value in place of the rest.
//!
//! # Formula
//! `y = x where x > threshold, else value`
//!
//! # Gradient
//! `dx = dy where x > threshold, else 0`
//!
//! # Options
//! `threshold` (what an input must exceed), `value` (what stands in for the rest).
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Threshold(x: x, threshold: 1, value: -5)`

use graphrun_graph::{Kink, OpDef, Sample};
use serde::Deserialize;

use crate::pointwise::{broadcasting, expression, with_options};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Threshold {
    threshold: f64,
    value: f64,
}

impl Default for Threshold {
    fn default() -> Threshold {
        Threshold { threshold: 0.0, value: 0.0 }
    }
}

const TEXT: &str = "if(x <= threshold, value, x)";

pub(crate) fn def() -> OpDef {
    OpDef::new("Threshold", |call, o: &Threshold| {
        with_options(
            call,
            "Threshold",
            &["x"],
            &[("threshold", o.threshold), ("value", o.value)],
            TEXT,
        )
    })
    .summary("The input where it exceeds a threshold, else a value")
    .shape("That of the input")
    .formula("y = x where x > threshold, else value", "dx = dy where x > threshold, else 0")
    .kink(Kink::Below)
    .option("threshold", "real", Some("0"), "what an input must exceed")
    .option("value", "real", Some("0"), "what stands in for the rest")
    .expr(expression(TEXT, &["x", "threshold", "value"]))
    .within(0.0, 0.0)
    .example(
        "Model(
    graphrun: 1,
    inputs: { x: [3] },
    nodes: { y: Threshold(x: x, threshold: 1, value: -5) },
    outputs: [y],
    tests: [(
        given: { x: [0, 1, 2] },
        value: { y: [-5, -5, 2] },
        grad: { x: [0, 0, 1] },
        upstream: [1, 1, 1],
    )],
)",
    )
    .sample(|bytes| {
        let options = Threshold { threshold: bytes.eighth(-1.0, 1.0), value: bytes.eighth(-2.0, 2.0) };
        Sample::new(options, broadcasting(bytes, &[(-2.0, 2.0)]))
    })
}
