//! Srivastava et al. (2014): in training every element is dropped with probability p and the others grow by 1 / (1
//! - p), so that the expected value stays; in test nothing happens.
//!
//! # Formula
//! `y = 0 with probability p, else x / (1 - p); y = x in test`
//!
//! # Gradient
//! `dx = 0 where dropped, else dy / (1 - p); dx = dy in test`
//!
//! # Options
//! `p` (the probability of being dropped).
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `h: Dropout(x: h0, p: 0.2)`

use graphrun_expr::Expr;
use graphrun_graph::core::Pointwise;
use graphrun_graph::{OpDef, Phase, Sample, TypeError};
use serde::Deserialize;

use super::uniform01::Uniform01;
use crate::pointwise::{broadcasting, expression};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Dropout {
    p: f64,
}

impl Default for Dropout {
    fn default() -> Dropout {
        Dropout { p: 0.5 }
    }
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Dropout", |call, o: &Dropout| {
        if !(0.0..1.0).contains(&o.p) {
            return Err(TypeError::new(format!("`p` is {}, and a probability below 1 is needed", o.p)));
        }
        let x = call.input(0)?;
        if call.phase() == Phase::Test {
            return call.emit(Pointwise::named("Identity", String::new(), Expr::var(0)));
        }
        let (shape, key) = (call.ty(0)?.shape, call.name.clone());
        let share = call.b.node(Uniform01 { shape, key }, &[])?;
        let kept = expression("if(u < p, 0, x * (1 / (1 - p)))", &["x", "u", "p"]);
        let kept = kept.substitute(&[Expr::var(0), Expr::var(1), Expr::constant(o.p)]);
        call.b.pointwise(&kept, &[x, share])
    })
    .summary("Drops elements at random in training, and nothing in test")
    .shape("That of the input")
    .formula(
        "y = 0 with probability p, else x / (1 - p); y = x in test",
        "dx = 0 where dropped, else dy / (1 - p); dx = dy in test",
    )
    .option("p", "real", Some("0.5"), "the probability of being dropped")
    .example(
        r#"Model(
    graphrun: 1,
    doc: "in test nothing is dropped",
    inputs: { x: [3] },
    nodes: { y: Dropout(x: x, p: 0.5) },
    outputs: [y],
    tests: [(given: { x: [1, 2, 3] }, value: { y: [1, 2, 3] }, grad: { x: [1, 1, 1] }, upstream: [1, 1, 1])],
)"#,
    )
    .sample(|bytes| Sample::new(Dropout { p: bytes.eighth(0.0, 0.875) }, broadcasting(bytes, &[(-2.0, 2.0)])))
}

#[cfg(test)]
mod tests {
    use graphrun_graph::{Options, Phase};

    use super::*;
    use crate::testing::{Applied, given};

    fn train(p: f64) -> Applied {
        let x = vec![vec![given(&[100, 10], &[1.0; 1000])]];
        Applied::new(&def(), &Options::new(Dropout { p }), &x, Phase::Train)
    }

    #[test]
    fn a_share_is_dropped_and_the_rest_grows() {
        let y = train(0.25).value();
        let dropped = y.iter().filter(|y| **y == 0.0).count();
        // Four deviations of a binomial count of 1000 at 0.25.
        assert!((195..=305).contains(&dropped), "{dropped}");
        assert!(y.iter().all(|&y| y == 0.0 || (y - 4.0 / 3.0).abs() < 1e-15));
    }

    #[test]
    fn the_gradient_is_dropped_where_the_value_is() {
        let applied = train(0.5);
        let (y, gradients) = (applied.value(), applied.gradients(&[1.0; 1000]));
        assert_eq!(gradients[0].1, y);
    }

    #[test]
    fn every_step_drops_others() {
        let applied = train(0.5);
        let at = |step| applied.run(&[], step)[applied.y.index()].clone();
        assert_eq!(at(3), at(3));
        assert_ne!(at(3), at(4));
    }
}
