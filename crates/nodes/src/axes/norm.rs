//! The p-norm over axes.
//!
//! # Formula
//! `y = (sum_i |x_i|^p)^(1/p)`; the largest `|x_i|` for `p: inf`, the number of nonzero elements for `p: 0`.
//!
//! # Gradient
//! `dx_i = dy * sign(x_i) (|x_i| / y)^(p - 1)`; 0 where y is 0, the convention at that kink.
//!
//! # Options
//! `p`, `axes` (all when omitted), `keep`.
//!
//! # Shape
//! The reduced axes leave, or stay with size 1 when `keep`.
//!
//! # Example
//! `n: Norm(x: h, axes: [-1])`, `n: Norm(x: h, p: 1)`

use graphrun_expr::Expr;
use graphrun_graph::{Builder, Bytes, NodeId, OpDef, OptionDoc, Sample, SampleInput, TypeError, ty};
use serde::Deserialize;

use super::max::max;
use super::reduction::{documented, sample_over};
use crate::pointwise::expression;

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Norm {
    p: f64,
    axes: Option<Vec<i64>>,
    keep: bool,
}

impl Default for Norm {
    fn default() -> Norm {
        Norm { p: 2.0, axes: None, keep: false }
    }
}

impl Norm {
    fn build(&self, b: &mut Builder, x: NodeId, axes: &[usize]) -> Result<NodeId, TypeError> {
        let mut of = |text: &'static str| b.pointwise(&expression(text, &["x"]), &[x]);
        if self.p == f64::INFINITY {
            let sizes = of("abs(x)")?;
            return max(b, sizes, axes, self.keep);
        }
        if self.p == 1.0 || self.p == 0.0 {
            let sizes = of(if self.p == 1.0 { "abs(x)" } else { "if(x == 0, 0, 1)" })?;
            return b.sum(sizes, axes, self.keep);
        }
        if self.p.is_nan() || self.p < 0.0 {
            return Err(TypeError::new(format!("p is {}, and a norm wants one of 0 or more, or inf", self.p)));
        }
        if self.p == 2.0 {
            return length(b, x, axes, self.keep);
        }
        let p = b.constant(self.p)?;
        // At 0 the power's own derivative is infinite or undefined for some p, so that branch is left out.
        let power = expression("if(x == 0, 0, (abs(x) / scale) ^ p)", &["x", "scale", "p"]);
        let root = expression("if(t == 0, 0, scale * t ^ (1 / p))", &["t", "scale", "p"]);
        scaled(b, x, axes, self.keep, &[p], [power, root])
    }
}

/// The square root of the sum of the squares over `axes`, with a gradient of 0 at 0.
pub(crate) fn length(b: &mut Builder, x: NodeId, axes: &[usize], keep: bool) -> Result<NodeId, TypeError> {
    let power = expression("square(x / scale)", &["x", "scale"]);
    let root = expression("if(t == 0, 0, scale * sqrt(t))", &["t", "scale"]);
    scaled(b, x, axes, keep, &[], [power, root])
}

/// `root` of the sum of `power` over `axes`; both are told the scale, and then `more`. The scale is the largest magnitude,
/// by which no power of a normal number overflows or vanishes; it cancels, and is a constant to the gradient.
fn scaled(
    b: &mut Builder,
    x: NodeId,
    axes: &[usize],
    keep: bool,
    more: &[NodeId],
    [power, root]: [Expr; 2],
) -> Result<NodeId, TypeError> {
    let sizes = b.pointwise(&expression("abs(x)", &["x"]), &[x])?;
    let most = b.shift(sizes, axes)?;
    // The reciprocal of an infinite one is 0.
    let scale = b.pointwise(&expression("if(m > 0, if(inv(m) > 0, m, 1), 1)", &["m"]), &[most])?;
    let powers = b.pointwise(&power, &[&[x, scale], more].concat())?;
    let total = b.sum(powers, axes, keep)?;
    let shape = b.ty(total).shape.clone();
    let scale = b.reshape(scale, &shape)?;
    b.pointwise(&root, &[&[total, scale], more].concat())
}

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let (over, shape) = sample_over(bytes);
    let p = *bytes.pick(&[2.0, 1.0, 3.0, 1.5, f64::INFINITY]);
    Sample::new(Norm { p, axes: over.axes, keep: over.keep }, vec![SampleInput::real(&shape)])
}

pub(crate) fn def() -> OpDef {
    let def = OpDef::new("Norm", |call, options: &Norm| {
        let x = call.input(0)?;
        let axes = ty::axes(options.axes.as_deref(), call.b.ty(x).rank())?;
        options.build(call.b, x, &axes)
    })
    .option("p", OptionDoc::REAL_OR_INF, Some("2"), "the power; inf for the largest magnitude");
    documented(def)
        .summary("The p-norm over axes")
        .formula("y = (sum_i |x_i|^p)^(1/p)", "dx_i = dy * sign(x_i) (|x_i| / y)^(p - 1); 0 where y = 0")
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [2] },
    nodes: { y: Norm(x), one: Norm(x: x, p: 1), most: Norm(x: x, p: inf) },
    outputs: [y, one, most],
    tests: [
        (given: { x: [3, -4] }, value: { y: 5, one: 7, most: 4 }, grad: { x: [0.6, -0.8] }),
        (given: { x: [0, 0] }, value: { y: 0 }, grad: { x: [0, 0] }),
    ],
)"#,
        )
        .sample(sample)
}
