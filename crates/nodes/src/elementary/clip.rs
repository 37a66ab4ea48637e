//! Values held between two bounds.

use graphrun_graph::{Kink, OpDef, OptionDoc, Sample, TypeError};
use serde::Deserialize;

use crate::pointwise::{broadcasting, expression, with_options};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Clip {
    min: f64,
    max: f64,
}

impl Default for Clip {
    fn default() -> Clip {
        Clip { min: f64::NEG_INFINITY, max: f64::INFINITY }
    }
}

const TEXT: &str = "if(x < min, min, if(x > max, max, x))";

pub(crate) fn def() -> OpDef {
    OpDef::new("Clip", |call, o: &Clip| {
        // A bound that is NaN lies in no order.
        if o.min.partial_cmp(&o.max).is_none_or(|order| order.is_gt()) {
            return Err(
                TypeError::new(format!("the bounds {} and {} leave no room", o.min, o.max)).help("min is at most max")
            );
        }
        with_options(call, "Clip", &["x"], &[("min", o.min), ("max", o.max)], TEXT)
    })
    .summary("The input held between two bounds")
    .shape("That of the input")
    .formula("y = min(max(x, min), max)", "dx = dy where min <= x <= max, else 0")
    .kink(Kink::Steep)
    .option("min", OptionDoc::REAL_OR_INF, Some("-inf"), "the lower bound")
    .option("max", OptionDoc::REAL_OR_INF, Some("inf"), "the upper bound")
    .expr(expression(TEXT, &["x", "min", "max"]))
    .within(0.0, 0.0)
    .example(
        "Model(
    graphrun: 1,
    inputs: { x: [4] },
    nodes: { y: Clip(x: x, min: 0, max: 6), least: Clip(x: x, min: 1), z: Sum(y) },
    outputs: [z, least],
    tests: [(given: { x: [-1, 0, 5, 7] }, value: { y: [0, 0, 5, 6], least: [1, 1, 5, 7] }, grad: { x: [0, 1, 1, 0] })],
)",
    )
    .sample(|bytes| {
        Sample::new(
            Clip { min: bytes.eighth(-2.0, -0.5), max: bytes.eighth(0.5, 2.0) },
            broadcasting(bytes, &[(-2.0, 2.0)]),
        )
    })
}
