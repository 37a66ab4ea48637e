//! The cosine of the angle between vectors along the last axis: 1 when they point the same way. As a loss, subtract
//! it from 1. Vectors whose lengths have a product below epsilon count as that long.
//!
//! # Formula
//! `y = mean over rows of a.b / max(|a| |b|, epsilon)`
//!
//! # Gradient
//! `da = (b / (|a| |b|) - y a / |a|^2) dy / rows, db likewise`
//!
//! # Options
//! `epsilon` (the least product of two lengths), `reduction` (whether the losses of the rows are averaged or
//! summed).
//!
//! # Shape
//! Both are `[.., width]`; the result is a scalar.
//!
//! # Example
//! `similarity: CosineSimilarity(a, b)`

use graphrun_graph::{Call, NodeId, OpDef, Sample, SampleInput, TypeError};
use serde::Deserialize;

use super::reduction::{Reduction, documented};
use crate::pointwise::expression;

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CosineSimilarity {
    epsilon: f64,
    reduction: Reduction,
}

impl Default for CosineSimilarity {
    fn default() -> CosineSimilarity {
        CosineSimilarity { epsilon: 1e-8, reduction: Reduction::Mean }
    }
}

fn build(call: &mut Call<'_>, o: &CosineSimilarity) -> Result<NodeId, TypeError> {
    let (a, b) = (call.input(0)?, call.input(1)?);
    let mut dot = |x, y| -> Result<NodeId, TypeError> {
        let product = call.b.mul(&[x, y])?;
        match call.b.ty(product).rank().checked_sub(1) {
            Some(axis) => call.b.sum(product, &[axis], false),
            None => Err(TypeError::new("the angle between scalars is not defined").at(&[0, 1])),
        }
    };
    let (ab, aa, bb) = (dot(a, b)?, dot(a, a)?, dot(b, b)?);
    let epsilon = call.b.constant(o.epsilon)?;
    let cosine = expression("ab / max(epsilon, sqrt(aa * bb))", &["ab", "aa", "bb", "epsilon"]);
    let cosines = call.b.pointwise(&cosine, &[ab, aa, bb, epsilon])?;
    o.reduction.apply(call.b, cosines)
}

pub(crate) fn def() -> OpDef {
    documented(OpDef::new("CosineSimilarity", build).ports(&["a", "b"]).option(
        "epsilon",
        "real",
        Some("1e-8"),
        "the least product of two lengths",
    ))
    .summary("The mean over rows of the cosine of the angle between a and b")
    .shape("Both are `[.., width]`; the result is a scalar")
    .formula(
        "y = mean over rows of a.b / max(|a| |b|, epsilon)",
        "da = (b / (|a| |b|) - y a / |a|^2) dy / rows, db likewise",
    )
    .example(
        "Model(
    graphrun: 1,
    inputs: { a: [2], b: [2] },
    nodes: { y: CosineSimilarity(a, b) },
    outputs: [y],
    tests: [(
        given: { a: [1, 1], b: [3, 4] },
        value: { y: 0.9899494936611665 },
        grad: { a: [-0.07071067811865461, 0.07071067811865489], b: [0.022627416997969524, -0.016970562748477136] },
    )],
)",
    )
    .sample(|bytes| {
        let shape = bytes.shape(1, 3);
        let options = CosineSimilarity { reduction: Reduction::draw(bytes), ..CosineSimilarity::default() };
        Sample::new(options, vec![SampleInput::range(&shape, 0.125, 2.0), SampleInput::range(&shape, -2.0, -0.125)])
    })
}
