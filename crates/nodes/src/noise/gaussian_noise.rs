//! Normal noise on the input in training, which keeps a network from leaning on exact values; in test nothing
//! happens.
//!
//! # Formula
//! `y = x + std z, z a standard normal number; y = x in test`
//!
//! # Gradient
//! `dx = dy`
//!
//! # Options
//! `std` (the deviation of the noise).
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `noisy: GaussianNoise(x: x, std: 0.1)`

use graphrun_expr::Expr;
use graphrun_graph::core::Pointwise;
use graphrun_graph::{OpDef, Phase, Sample};
use serde::Deserialize;

use super::uniform01::Uniform01;
use crate::pointwise::{broadcasting, expression};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GaussianNoise {
    std: f64,
}

impl Default for GaussianNoise {
    fn default() -> GaussianNoise {
        GaussianNoise { std: 1.0 }
    }
}

pub(crate) fn def() -> OpDef {
    OpDef::new("GaussianNoise", |call, o: &GaussianNoise| {
        let x = call.input(0)?;
        if call.phase() == Phase::Test {
            return call.emit(Pointwise::named("Identity", String::new(), Expr::var(0)));
        }
        let shape = call.ty(0)?.shape;
        let mut draw = |part: &str| {
            let key = format!("{}.{part}", call.name);
            call.b.node(Uniform01 { shape: shape.clone(), key }, &[])
        };
        let (radius, angle) = (draw("radius")?, draw("angle")?);
        // The transform of Box and Muller: a normal number from two even ones.
        let noisy =
            expression("x + std * (sqrt(-2 * log1p(-u)) * cos(6.283185307179586 * v))", &["x", "u", "v", "std"]);
        let noisy = noisy.substitute(&[Expr::var(0), Expr::var(1), Expr::var(2), Expr::constant(o.std)]);
        call.b.pointwise(&noisy, &[x, radius, angle])
    })
    .summary("Adds normal noise in training, and nothing in test")
    .shape("That of the input")
    .formula("y = x + std z, z a standard normal number; y = x in test", "dx = dy")
    .option("std", "real", Some("1"), "the deviation of the noise")
    .example(
        r#"Model(
    graphrun: 1,
    doc: "in test nothing is added",
    inputs: { x: [2] },
    nodes: { y: GaussianNoise(x: x, std: 0.5) },
    outputs: [y],
    tests: [(given: { x: [1, 2] }, value: { y: [1, 2] }, grad: { x: [1, 1] }, upstream: [1, 1])],
)"#,
    )
    .sample(|bytes| Sample::new(GaussianNoise { std: bytes.eighth(0.0, 2.0) }, broadcasting(bytes, &[(-2.0, 2.0)])))
}

#[cfg(test)]
mod tests {
    use graphrun_graph::{Options, Phase};

    use super::*;
    use crate::testing::{Applied, given};

    #[test]
    fn noise_has_its_deviation() {
        let x = vec![vec![given(&[10_000], &[3.0; 10_000])]];
        let y = Applied::new(&def(), &Options::new(GaussianNoise { std: 0.5 }), &x, Phase::Train).value();
        let mean = y.iter().sum::<f64>() / 1e4;
        let variance = y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / 1e4;
        // Four deviations of the mean and of the variance of 10,000 draws.
        assert!((mean - 3.0).abs() < 0.02 && (variance - 0.25).abs() < 0.0142, "{mean} {variance}");
    }
}
