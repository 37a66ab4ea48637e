//! The Kullback-Leibler divergence of probabilities `b` from probabilities `a`, both along the last axis: what it
//! costs to take b where a is true. A term of probability zero is zero.
//!
//! # Formula
//! `y = mean over rows of sum_i a_i ln(a_i / b_i)`
//!
//! # Gradient
//! `da = (ln(a / b) + 1) dy / rows, db = -a / b dy / rows`
//!
//! # Options
//! `reduction` (whether the losses of the rows are averaged or summed).
//!
//! # Shape
//! Both are `[.., classes]`; the result is a scalar.
//!
//! # Example
//! `loss: KlDivergence(truth, guess)`

use graphrun_graph::{OpDef, Sample, SampleInput, TypeError};

use super::reduction::{Reduced, Reduction, documented};
use crate::pointwise::expression;

pub(crate) fn def() -> OpDef {
    documented(OpDef::new("KlDivergence", |call, o: &Reduced| {
        let inputs = call.all_inputs();
        let terms = call.b.pointwise(&expression("if(a > 0, a * (log(a) - log(b)), 0)", &["a", "b"]), &inputs)?;
        let Some(axis) = call.b.ty(terms).rank().checked_sub(1) else {
            return Err(TypeError::new("the probabilities are scalars, and want an axis of classes").at(&[0, 1]));
        };
        let losses = call.b.sum(terms, &[axis], false)?;
        o.reduction.apply(call.b, losses)
    }))
    .ports(&["a", "b"])
    .summary("The mean over rows of the Kullback-Leibler divergence")
    .shape("Both are `[.., classes]`; the result is a scalar")
    .formula("y = mean over rows of sum_i a_i ln(a_i / b_i)", "da = (ln(a / b) + 1) dy / rows, db = -a / b dy / rows")
    .example(
        "Model(
    graphrun: 1,
    inputs: { a: [2], b: [2] },
    nodes: { y: KlDivergence(a, b) },
    outputs: [y],
    tests: [(
        given: { a: [0.5, 0.5], b: [0.25, 0.75] },
        value: { y: 0.14384103622589042 },
        grad: { a: [1.6931471805599454, 0.5945348918918356], b: [-2, -0.6666666666666666] },
    )],
)",
    )
    .sample(|bytes| {
        let shape = bytes.shape(1, 3);
        let inputs = vec![SampleInput::range(&shape, 0.125, 1.0), SampleInput::range(&shape, 0.125, 1.0)];
        Sample::new(Reduced { reduction: Reduction::draw(bytes) }, inputs)
    })
}
