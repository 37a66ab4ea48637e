//! The Gaussian error linear unit of Hendrycks and Gimpel (2016): the input times the chance that a standard normal
//! number is below it.
//!
//! # Formula
//! `y = x (1 + erf(x / sqrt 2)) / 2`
//!
//! # Gradient
//! `dx = ((1 + erf(x / sqrt 2)) / 2 + x e^(-x^2/2) / sqrt(2 pi)) dy`
//!
//! # Options
//! `approximate` (whether erf is replaced by tanh(sqrt(2/pi) (x + 0.044715 x^3)), as early models did; within 150 ULP
//! in its lower tail, its gradient within 1.5).
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Gelu(x)`

use graphrun_graph::core::Pointwise;
use graphrun_graph::{OpDef, Sample};
use serde::Deserialize;

use crate::pointwise::{broadcasting, expression};

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Gelu {
    approximate: bool,
}

/// Far out the product is the input or 0, also where the input is infinite.
const EXACT: &str = "if(abs(x) < 1000, x * normal_cdf(x), max(0, x))";
/// With the sigmoid that `(1 + tanh(u)) / 2` is of `2 u`, which keeps its digits below 0.
const APPROXIMATE: &str =
    "if(abs(x) < 1000, x * sigmoid(1.5957691216057308 * (x + 0.044715 * cube(x))), max(0, x))";

pub(crate) fn def() -> OpDef {
    OpDef::new("Gelu", |call, o: &Gelu| {
        let (options, text) = match o.approximate {
            true => ("approximate: true", APPROXIMATE),
            false => ("", EXACT),
        };
        call.emit(Pointwise::named("Gelu", options.into(), expression(text, &["x"])))
    })
    .summary("The input times the chance that a normal number is below it")
    .shape("That of the input")
    .formula("y = x (1 + erf(x / sqrt 2)) / 2", "dx = ((1 + erf(x / sqrt 2)) / 2 + x e^(-x^2/2) / sqrt(2 pi)) dy")
    .option(
        "approximate",
        "bool",
        Some("false"),
        "whether erf is replaced by tanh(sqrt(2/pi) (x + 0.044715 x^3)), as early models did; within 150 ULP in its lower tail, its gradient within 1.5",
    )
    .expr(expression(EXACT, &["x"]))
    .within(1.6, 1.0)
    .example(
        "Model(
    graphrun: 1,
    inputs: { x: [2] },
    nodes: { y: Gelu(x) },
    outputs: [y],
    tests: [(
        given: { x: [0, 1] },
        value: { y: [0, 0.8413447460685429] },
        grad: { x: [0.5, 1.0833154705876864] },
        upstream: [1, 1],
    )],
)",
    )
    .sample(|bytes| Sample::new(Gelu { approximate: bytes.flag() }, broadcasting(bytes, &[(-2.0, 2.0)])))
}
