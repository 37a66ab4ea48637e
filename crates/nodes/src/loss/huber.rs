//! Quadratic near zero and linear beyond delta, so that outliers pull with a bounded force.
//!
//! # Formula
//! `y = mean of (a - b)^2 / 2 where |a - b| <= delta, else delta (|a - b| - delta / 2)`
//!
//! # Gradient
//! `da = (a - b) held between -delta and delta, times dy / n, db = -da`
//!
//! # Options
//! `delta` (where the quadratic part ends), `reduction` (whether the losses of the rows are averaged or summed).
//!
//! # Shape
//! A scalar: the mean or sum over all elements.
//!
//! # Example
//! `loss: Huber(a: a, b: b, delta: 2)`

use graphrun_expr::Expr;
use graphrun_graph::{Call, NodeId, OpDef, Sample, TypeError};
use serde::Deserialize;

use super::reduction::{Reduction, documented, of_elements};
use crate::pointwise::{broadcasting, expression};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Huber {
    delta: f64,
    reduction: Reduction,
}

impl Default for Huber {
    fn default() -> Huber {
        Huber { delta: 1.0, reduction: Reduction::Mean }
    }
}

fn build(call: &mut Call<'_>, o: &Huber) -> Result<NodeId, TypeError> {
    if o.delta.is_nan() || o.delta <= 0.0 {
        return Err(TypeError::new(format!("delta is {}, and must be positive", o.delta)));
    }
    let text = expression(
        "if(abs(a - b) <= delta, 0.5 * square(a - b), delta * (abs(a - b) - 0.5 * delta))",
        &["a", "b", "delta"],
    );
    let losses = text.substitute(&[Expr::var(0), Expr::var(1), Expr::constant(o.delta)]);
    of_elements(call, &losses, o.reduction)
}

pub(crate) fn def() -> OpDef {
    documented(OpDef::new("Huber", build).ports(&["a", "b"]).option(
        "delta",
        "real",
        Some("1"),
        "where the quadratic part ends",
    ))
    .summary("Half the square of small differences, linear in large ones")
    .shape("A scalar: the mean or sum over all elements")
    .formula(
        "y = mean of (a - b)^2 / 2 where |a - b| <= delta, else delta (|a - b| - delta / 2)",
        "da = (a - b) held between -delta and delta, times dy / n, db = -da",
    )
    .example(
        "Model(
    graphrun: 1,
    inputs: { a: [2], b: [2] },
    nodes: { y: Huber(a: a, b: b, delta: 2) },
    outputs: [y],
    tests: [(given: { a: [1, 5], b: [0, 0] }, value: { y: 4.25 }, grad: { a: [0.5, 1], b: [-0.5, -1] })],
)",
    )
    .sample(|bytes| {
        let options = Huber { delta: bytes.eighth(0.5, 2.0), reduction: Reduction::draw(bytes) };
        Sample::new(options, broadcasting(bytes, &[(-2.0, 2.0), (-2.0, 2.0)]))
    })
}
