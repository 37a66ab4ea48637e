//! The very leaky rectifier: a tenth passes where the input is negative.
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
//! `y: VRelu(x)`

use graphrun_graph::{Kink, OpDef, Sample};
use serde::Deserialize;

use crate::pointwise::{broadcasting, expression, with_options};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct VRelu {
    alpha: f64,
}

impl Default for VRelu {
    fn default() -> VRelu {
        VRelu { alpha: 0.1 }
    }
}

const TEXT: &str = "if(x > 0, x, alpha * x)";

pub(crate) fn def() -> OpDef {
    OpDef::new("VRelu", |call, o: &VRelu| {
        with_options(call, "VRelu", &["x"], &[("alpha", o.alpha)], TEXT)
    })
    .summary("The very leaky rectifier")
    .shape("That of the input")
    .formula("y = x where x > 0, else alpha x", "dx = dy where x > 0, else alpha dy")
    .kink(Kink::Below)
    .option("alpha", "real", Some("0.1"), "the slope for negative inputs")
    .expr(expression(TEXT, &["x", "alpha"]))
    .within(0.6, 0.1)
    .example(
        "Model(
    graphrun: 1,
    inputs: { x: [3] },
    nodes: { y: VRelu(x) },
    outputs: [y],
    tests: [(
        given: { x: [-4, 0, 2] },
        value: { y: [-0.4, 0, 2] },
        grad: { x: [0.1, 0.1, 1] },
        upstream: [1, 1, 1],
    )],
)",
    )
    .sample(|bytes| {
        let options = VRelu { alpha: bytes.eighth(0.125, 0.5) };
        Sample::new(options, broadcasting(bytes, &[(-2.0, 2.0)]))
    })
}
