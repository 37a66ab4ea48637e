//! Xu et al. (2015): a leaky rectifier whose slope is drawn for every element when training, and is the mean of the
//! range in test.
//!
//! # Formula
//! `y = x where x > 0, else r x, r drawn from low to high in training and their mean in test`
//!
//! # Gradient
//! `dx = dy where x > 0, else r dy`
//!
//! # Options
//! `low` (the least slope), `high` (the greatest slope).
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `h: RRelu(s)`

use graphrun_expr::Expr;
use graphrun_graph::{Kink, OpDef, Phase, Sample, TypeError};
use serde::Deserialize;

use crate::noise::uniform01::Uniform01;
use crate::pointwise::{broadcasting, expression};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RRelu {
    low: f64,
    high: f64,
}

impl Default for RRelu {
    fn default() -> RRelu {
        RRelu { low: 0.1, high: 0.5 }
    }
}

pub(crate) fn def() -> OpDef {
    OpDef::new("RRelu", |call, o: &RRelu| {
        if o.low.partial_cmp(&o.high).is_none_or(|order| order.is_gt()) {
            return Err(
                TypeError::new(format!("slopes from {} to {} are no range", o.low, o.high)).help("low is at most high")
            );
        }
        let slope = match call.phase() {
            Phase::Train => {
                let (shape, key) = (call.ty(0)?.shape, call.name.clone());
                let share = call.b.node(Uniform01 { shape, key }, &[])?;
                let expr = Expr::constant(o.low) + Expr::constant(o.high - o.low) * Expr::var(0);
                call.b.pointwise(&expr, &[share])?
            }
            Phase::Test => call.b.constant((o.low + o.high) / 2.0)?,
        };
        let x = call.input(0)?;
        call.b.pointwise(&expression("if(x > 0, x, slope * x)", &["x", "slope"]), &[x, slope])
    })
    .summary("A leaky rectifier with a random slope in training, the mean slope in test")
    .shape("That of the input")
    .formula(
        "y = x where x > 0, else r x, r drawn from low to high in training and their mean in test",
        "dx = dy where x > 0, else r dy",
    )
    .kink(Kink::Below)
    .option("low", "real", Some("0.1"), "the least slope")
    .option("high", "real", Some("0.5"), "the greatest slope")
    .example(
        "Model(
    graphrun: 1,
    inputs: { x: [3] },
    nodes: { y: RRelu(x: x, low: 0.25, high: 0.75) },
    outputs: [y],
    tests: [(given: { x: [-4, 0, 2] }, value: { y: [-2, 0, 2] }, grad: { x: [0.5, 0.5, 1] }, upstream: [1, 1, 1])],
)",
    )
    .sample(|bytes| Sample::new(RRelu::default(), broadcasting(bytes, &[(-2.0, 2.0)])))
}
