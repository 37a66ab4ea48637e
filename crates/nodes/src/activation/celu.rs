//! The exponential linear unit with a continuous slope for every alpha.
//!
//! # Formula
//! `y = x where x > 0, else alpha (e^(x/alpha) - 1)`
//!
//! # Gradient
//! `dx = dy where x > 0, else e^(x/alpha) dy`
//!
//! # Options
//! `alpha` (minus the limit for negative inputs, not 0).
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Celu(x: x, alpha: 2)`

use graphrun_graph::{OpDef, Sample};
use serde::Deserialize;

use crate::pointwise::{broadcasting, expression, with_options};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Celu {
    alpha: f64,
}

impl Default for Celu {
    fn default() -> Celu {
        Celu { alpha: 1.0 }
    }
}

const TEXT: &str = "if(x > 0, x, alpha * expm1(x / alpha))";

pub(crate) fn def() -> OpDef {
    OpDef::new("Celu", |call, o: &Celu| {
        with_options(call, "Celu", &["x"], &[("alpha", o.alpha)], TEXT)
    })
    .summary("The exponential linear unit with a continuous slope")
    .shape("That of the input")
    .formula("y = x where x > 0, else alpha (e^(x/alpha) - 1)", "dx = dy where x > 0, else e^(x/alpha) dy")
    .option("alpha", "real", Some("1"), "minus the limit for negative inputs, not 0")
    .expr(expression(TEXT, &["x", "alpha"]))
    .within(0.6, 0.6)
    .example(
        "Model(
    graphrun: 1,
    inputs: { x: [3] },
    nodes: { y: Celu(x: x, alpha: 2) },
    outputs: [y],
    tests: [(
        given: { x: [-2, 0, 3] },
        value: { y: [-1.2642411176571153, 0, 3] },
        grad: { x: [0.36787944117144233, 1, 1] },
        upstream: [1, 1, 1],
    )],
)",
    )
    .sample(|bytes| {
        let options = Celu { alpha: bytes.eighth(0.5, 2.0) };
        Sample::new(options, broadcasting(bytes, &[(-2.0, 2.0)]))
    })
}
