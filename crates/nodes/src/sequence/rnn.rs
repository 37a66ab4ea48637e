//! The simple recurrent layer (Elman, 1990).
//!
//! # Formula
//! `h_t = tanh(W x_t + R h_(t-1) + b)`, `h_0 = 0`.
//!
//! # Gradient
//! Backpropagation through time: the layer is unrolled, and each step is ordinary nodes.
//!
//! # Options
//! `units`, `last`, `init`, `recurrent_init`; `weight`, `recurrent` and `bias` may name declared parameters.
//!
//! # Shape
//! `[.., T, D]` with a known `T` gives `[.., T, units]`, or `[.., units]` with `last`; the weight is `[units, D]`, the
//! recurrent one `[units, units]`, the bias `[units]`.
//!
//! # Example
//! `h: Rnn(x: steps, units: 32)`

use graphrun_graph::{Builder, NodeId, OpDef, TypeError};

use super::recurrent::{self, Layer, State, plus};
use crate::pointwise::expression;

fn layer() -> Layer {
    Layer { gates: 1, second_bias: false, step }
}

fn step(b: &mut Builder, fed: NodeId, back: Option<NodeId>, _: Option<&State>, _: usize) -> Result<State, TypeError> {
    let total = plus(b, fed, back)?;
    Ok(vec![b.pointwise(&expression("tanh(x)", &["x"]), &[total])?])
}

pub(crate) fn def() -> OpDef {
    recurrent::def("Rnn", layer, &["weight", "recurrent", "bias"])
        .summary("The simple recurrent layer, unrolled over a known length")
        .shape(
            "`[.., T, D]` with a known `T` gives `[.., T, units]`, or `[.., units]` with `last`; the \
             weight is `[units, D]`, the recurrent one `[units, units]`, the bias `[units]`",
        )
        .formula("h_t = tanh(W x_t + R h_(t-1) + b)", "backpropagation through time")
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [2, 1] },
    nodes: { h: Rnn(x: x, units: 1), z: Sum(h) },
    outputs: [z],
    tests: [(
        given: { x: [[0.5], [0]] },
        params: { "h.weight": [[2]], "h.recurrent": [[1]], "h.bias": [0] },
        value: { h: [[0.7615941559557649], [0.6420149920119997]] },
    )],
)"#,
        )
}
