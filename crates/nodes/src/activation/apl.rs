//! The adaptive piecewise linear unit of Agostinelli et al. (2014): a rectifier and hinges, whose places and slopes
//! every unit learns.
//!
//! # Formula
//! `y = max(0, x) + sum over s of a_s max(0, b_s - x)`
//!
//! # Gradient
//! `dx = (1 where x > 0) dy - sum of a_s dy where x < b_s; da_s = max(0, b_s - x) dy; db_s = a_s dy where x < b_s`
//!
//! # Options
//! `pieces` (the number of hinges of each unit), `a_init` (how the slopes [pieces, units] begin), `b_init` (how the
//! places of the hinges [pieces, units] begin); `a` and `b` may name declared parameters.
//!
//! # Shape
//! That of the input, whose last axis is that of units.
//!
//! # Example
//! `h: Apl(x: s, pieces: 2)`

use std::sync::Arc;

use graphrun_graph::{Call, NodeId, OpDef, Sample, SampleInput, Size, TypeError};
use serde::Deserialize;

use crate::init::uniform::Uniform;
use crate::pointwise::expression;
use crate::shape::slice::{Span, slice};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Apl {
    pieces: usize,
}

impl Default for Apl {
    fn default() -> Apl {
        Apl { pieces: 2 }
    }
}

/// The most hinges of a unit: each is a few nodes of the graph.
const MAX_PIECES: usize = 256;

fn build(call: &mut Call<'_>, o: &Apl) -> Result<NodeId, TypeError> {
    let (x, ty) = (call.input(0)?, call.ty(0)?);
    let Some(units) = ty.shape.last() else {
        return Err(TypeError::new("learned hinges of a scalar: they want units along the last axis").at(&[0]));
    };
    if o.pieces > MAX_PIECES {
        return Err(TypeError::new(format!("{} hinges a unit, and at most {MAX_PIECES} are supported", o.pieces)));
    }
    let shape = vec![Size::from(o.pieces), units.clone()];
    let init = call.init("a_init", || Arc::new(Uniform { low: -0.1, high: 0.1 }));
    let a = call.param("a", shape.clone(), init)?;
    let init = call.init("b_init", || Arc::new(Uniform::default()));
    let b = call.param("b", shape, init)?;
    let rectifier = call.b.pointwise(&expression("max(0, x)", &["x"]), &[x])?;
    let mut terms = vec![rectifier];
    // One hinge after the other: every term is pointwise, and no array of all pieces is ever made.
    for piece in 0..o.pieces {
        let mut row = |of| {
            let row = slice(call.b, of, Span::from_start(0, piece as i64, Size::from(1)))?;
            call.b.reshape(row, std::slice::from_ref(units))
        };
        let (a, b) = (row(a)?, row(b)?);
        terms.push(call.b.pointwise(&expression("a * max(0, b - x)", &["a", "b", "x"]), &[a, b, x])?);
    }
    call.b.add(&terms)
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Apl", build)
        .summary("A rectifier with learned hinges for each unit")
        .shape("That of the input, whose last axis is that of units")
        .formula(
            "y = max(0, x) + sum over s of a_s max(0, b_s - x)",
            "dx = (1 where x > 0) dy - sum of a_s dy where x < b_s; da_s = max(0, b_s - x) dy; db_s = a_s dy where x < b_s",
        )
        .option("pieces", "integer", Some("2"), "the number of hinges of each unit")
        .params(&["a", "b"])
        .init("a_init", "Uniform(low: -0.1, high: 0.1)", "how the slopes [pieces, units] begin")
        .init("b_init", "Uniform", "how the places of the hinges [pieces, units] begin")
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [N, 1] },
    nodes: { y: Apl(x: x, pieces: 2), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[3], [-1]] },
        params: { "y.a": [[0.5], [-1]], "y.b": [[0], [1]] },
        value: { y: [[3], [-1.5]] },
        grad: { x: [[1], [0.5]], "y.a": [[1], [2]], "y.b": [[0.5], [-1]] },
    )],
)"#,
        )
        .sample(|bytes| Sample::new(Apl { pieces: bytes.between(1, 3) }, vec![SampleInput::real(&bytes.shape(1, 3))]))
}
