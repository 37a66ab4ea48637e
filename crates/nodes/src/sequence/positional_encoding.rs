//! Sines and cosines of the position, added to each vector of a sequence (Vaswani and others, 2017).
//!
//! # Formula
//! `y[.., t, j] = x[.., t, j] + sin(t w_j)` for even `j`, `cos` for odd, with `w_j = base^(-2 floor(j / 2) / D)`.
//!
//! # Gradient
//! `dx = dy`
//!
//! # Options
//! `base`.
//!
//! # Shape
//! `[.., T, D]` stays.
//!
//! # Example
//! `y: PositionalEncoding(embedded)`

use graphrun_graph::{Call, NodeId, OpDef, Sample, SampleInput, Size, TypeError};
use serde::Deserialize;

use crate::axes::cum_sum::ordinals;
use crate::pointwise::expression;

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PositionalEncoding {
    base: f64,
}

impl Default for PositionalEncoding {
    fn default() -> PositionalEncoding {
        PositionalEncoding { base: 10_000.0 }
    }
}

impl PositionalEncoding {
    fn build(self, call: &mut Call<'_>) -> Result<NodeId, TypeError> {
        let (x, ty) = (call.input(0)?, call.ty(0)?);
        let [.., length, width] = ty.shape.as_slice() else {
            return Err(TypeError::new(format!("vectors of a sequence [.., T, D] are wanted, and this is {ty}")).at(&[0]));
        };
        if !(self.base > 0.0 && self.base.is_finite()) {
            return Err(TypeError::new(format!("base is {}, and wants to be above 0", self.base)));
        }
        let (place, j) = (ordinals(call.b, length)?, ordinals(call.b, width)?);
        let place = call.b.reshape(place, &[length.clone(), Size::from(1)])?;
        let (scale, width) = (call.b.constant(self.base.ln())?, call.b.count(vec![width.clone()])?);
        // Ordinals count from 1; the pair of column j is floor((j - 1) / 2).
        let angle = "(t - 1) * exp(-2 * floor((j - 1) / 2) / d * base)";
        let angle = call.b.pointwise(&expression(angle, &["t", "j", "d", "base"]), &[place, j, width, scale])?;
        let wave = expression("x + if(2 * floor(j / 2) == j, cos(a), sin(a))", &["x", "j", "a"]);
        call.b.pointwise(&wave, &[x, j, angle])
    }
}

pub(crate) fn def() -> OpDef {
    OpDef::new("PositionalEncoding", |call, options: &PositionalEncoding| options.build(call))
        .summary("Sines and cosines of the position added to each vector of a sequence")
        .shape("`[.., T, D]` stays")
        .formula("y[t, j] = x[t, j] + (sin for even j, cos for odd)(t base^(-2 floor(j / 2) / D))", "dx = dy")
        .option("base", "real", Some("10000"), "how much slower the last wave is than the first")
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [2, 2] },
    nodes: { y: PositionalEncoding(x), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[1, 2], [3, 4]] },
        value: { y: [[1, 3], [3.8414709848078967, 4.540302305868140]] },
        grad: { x: [[1, 1], [1, 1]] },
    )],
)"#,
        )
        .sample(|bytes| Sample::new(PositionalEncoding::default(), vec![SampleInput::real(&bytes.shape(2, 3))]))
}
