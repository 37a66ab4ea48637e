//! He et al. (2015): a leaky rectifier that learns how much it leaks, one slope for every channel.
//!
//! # Formula
//! `y = x where x > 0, else alpha x`
//!
//! # Gradient
//! `dx = dy where x > 0, else alpha dy; dalpha = sum of x dy where x <= 0`
//!
//! # Options
//! `axis` (the axis of channels, each with a slope of its own), `init` (how the slopes [channels] begin);
//! `alpha` may name a declared parameter.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `h: PRelu(s)`

use std::sync::Arc;

use graphrun_graph::{Kink, OpDef, Sample, SampleInput, Size, ty};
use serde::Deserialize;

use crate::init::r#const::Const;
use crate::pointwise::expression;

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PRelu {
    axis: i64,
}

impl Default for PRelu {
    fn default() -> PRelu {
        PRelu { axis: 1 }
    }
}

pub(crate) fn def() -> OpDef {
    OpDef::new("PRelu", |call, o: &PRelu| {
        let (x, ty) = (call.input(0)?, call.ty(0)?);
        let axis = ty::axis(o.axis, ty.rank()).map_err(|e| e.at(&[0]))?;
        let init = call.init("init", || Arc::new(Const(0.25)));
        let alpha = call.param("alpha", vec![ty.shape[axis].clone()], init)?;
        let mut shape = vec![ty.shape[axis].clone()];
        shape.resize(ty.rank() - axis, Size::from(1));
        let alpha = call.b.reshape(alpha, &shape)?;
        call.b.pointwise(&expression("if(x > 0, x, alpha * x)", &["x", "alpha"]), &[x, alpha])
    })
    .summary("A leaky rectifier with a learned slope for each channel")
    .shape("That of the input")
    .formula("y = x where x > 0, else alpha x", "dx = dy where x > 0, else alpha dy; dalpha = sum of x dy where x <= 0")
    .kink(Kink::Below)
    .option("axis", "integer", Some("1"), "the axis of channels, each with a slope of its own")
    .params(&["alpha"])
    .init("init", "Const(0.25)", "how the slopes [channels] begin")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [N, 2] },
    nodes: { y: PRelu(x), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[-1, -2], [3, -4]] },
        params: { "y.alpha": [0.5, 0.25] },
        value: { y: [[-0.5, -0.5], [3, -1]] },
        grad: { x: [[0.5, 0.25], [1, 0.25]], "y.alpha": [-1, -6] },
    )],
)"#,
    )
    .sample(|bytes| {
        let shape = bytes.shape(1, 3);
        let axis = bytes.between(0, shape.len() - 1) as i64;
        Sample::new(PRelu { axis }, vec![SampleInput::real(&shape)])
    })
}
