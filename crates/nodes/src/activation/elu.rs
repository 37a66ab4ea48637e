//! The exponential linear unit: saturates smoothly at -alpha.
//!
//! # Formula
//! `y = x where x > 0, else alpha (e^x - 1)`
//!
//! # Gradient
//! `dx = dy where x > 0, else alpha e^x dy`
//!
//! # Options
//! `alpha` (minus the limit for negative inputs).
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Elu(x: x, alpha: 2)`

use graphrun_graph::{Kink, OpDef, Sample};
use serde::Deserialize;

use crate::pointwise::{broadcasting, expression, with_options};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Elu {
    alpha: f64,
}

impl Default for Elu {
    fn default() -> Elu {
        Elu { alpha: 1.0 }
    }
}

const TEXT: &str = "if(x > 0, x, alpha * expm1(x))";

pub(crate) fn def() -> OpDef {
    OpDef::new("Elu", |call, o: &Elu| {
        with_options(call, "Elu", &["x"], &[("alpha", o.alpha)], TEXT)
    })
    .summary("The exponential linear unit")
    .shape("That of the input")
    .formula("y = x where x > 0, else alpha (e^x - 1)", "dx = dy where x > 0, else alpha e^x dy")
    .kink(Kink::Below)
    .option("alpha", "real", Some("1"), "minus the limit for negative inputs")
    .expr(expression(TEXT, &["x", "alpha"]))
    .within(0.6, 0.6)
    .example(
        "Model(
    graphrun: 1,
    inputs: { x: [3] },
    nodes: { y: Elu(x: x, alpha: 2) },
    outputs: [y],
    tests: [(
        given: { x: [-1, 0, 3] },
        value: { y: [-1.2642411176571153, 0, 3] },
        grad: { x: [0.7357588823428847, 2, 1] },
        upstream: [1, 1, 1],
    )],
)",
    )
    .sample(|bytes| {
        let options = Elu { alpha: bytes.eighth(0.5, 2.0) };
        Sample::new(options, broadcasting(bytes, &[(-2.0, 2.0)]))
    })
}
