//! The absolute difference with its corner rounded over a width of beta.
//!
//! # Formula
//! `y = mean of (a - b)^2 / (2 beta) where |a - b| < beta, else |a - b| - beta / 2`
//!
//! # Gradient
//! `da = (a - b) / beta held between -1 and 1, times dy / n, db = -da`
//!
//! # Options
//! `beta` (the width of the rounded corner), `reduction` (whether the losses of the rows are averaged or summed).
//!
//! # Shape
//! A scalar: the mean or sum over all elements.
//!
//! # Example
//! `loss: SmoothL1(a: a, b: b, beta: 2)`

use graphrun_expr::Expr;
use graphrun_graph::{Call, NodeId, OpDef, Sample, TypeError};
use serde::Deserialize;

use super::reduction::{Reduction, documented, of_elements};
use crate::pointwise::{broadcasting, expression};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SmoothL1 {
    beta: f64,
    reduction: Reduction,
}

impl Default for SmoothL1 {
    fn default() -> SmoothL1 {
        SmoothL1 { beta: 1.0, reduction: Reduction::Mean }
    }
}

fn build(call: &mut Call<'_>, o: &SmoothL1) -> Result<NodeId, TypeError> {
    if o.beta.is_nan() || o.beta <= 0.0 {
        return Err(TypeError::new(format!("beta is {}, and must be positive", o.beta)));
    }
    let text = expression(
        "if(abs(a - b) < beta, 0.5 * square(a - b) / beta, abs(a - b) - 0.5 * beta)",
        &["a", "b", "beta"],
    );
    let losses = text.substitute(&[Expr::var(0), Expr::var(1), Expr::constant(o.beta)]);
    of_elements(call, &losses, o.reduction)
}

pub(crate) fn def() -> OpDef {
    documented(OpDef::new("SmoothL1", build).ports(&["a", "b"]).option(
        "beta",
        "real",
        Some("1"),
        "the width of the rounded corner",
    ))
    .summary("The absolute difference with a rounded corner")
    .shape("A scalar: the mean or sum over all elements")
    .formula(
        "y = mean of (a - b)^2 / (2 beta) where |a - b| < beta, else |a - b| - beta / 2",
        "da = (a - b) / beta held between -1 and 1, times dy / n, db = -da",
    )
    .example(
        "Model(
    graphrun: 1,
    inputs: { a: [2], b: [2] },
    nodes: { y: SmoothL1(a: a, b: b, beta: 2) },
    outputs: [y],
    tests: [(
        given: { a: [1, 5], b: [0, 0] },
        value: { y: 2.125 },
        grad: { a: [0.25, 0.5], b: [-0.25, -0.5] },
    )],
)",
    )
    .sample(|bytes| {
        let options = SmoothL1 { beta: bytes.eighth(0.5, 2.0), reduction: Reduction::draw(bytes) };
        Sample::new(options, broadcasting(bytes, &[(-2.0, 2.0), (-2.0, 2.0)]))
    })
}
