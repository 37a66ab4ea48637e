//! Long short-term memory (Hochreiter and Schmidhuber, 1997).
//!
//! # Formula
//! `i, f, g, o` are the blocks, in this order, of `W x_t + R h_(t-1) + b`;
//! `c_t = sigmoid(f) c_(t-1) + sigmoid(i) tanh(g)`, `h_t = sigmoid(o) tanh(c_t)`, `h_0 = c_0 = 0`.
//!
//! # Gradient
//! Backpropagation through time: the layer is unrolled, and each step is ordinary nodes.
//!
//! # Options
//! `units`, `last`, `init`, `recurrent_init`; `weight`, `recurrent` and `bias` may name declared parameters.
//!
//! # Shape
//! `[.., T, D]` with a known `T` gives `[.., T, units]`, or `[.., units]` with `last`; the weight is `[4 units, D]`, the
//! recurrent one `[4 units, units]`, the bias `[4 units]`.
//!
//! # Example
//! `h: Lstm(x: steps, units: 32)`

use graphrun_graph::{Builder, NodeId, OpDef, TypeError};

use super::recurrent::{self, Layer, State, gate, plus};
use crate::pointwise::expression;

fn layer() -> Layer {
    Layer { gates: 4, second_bias: false, step }
}

fn step(
    b: &mut Builder,
    fed: NodeId,
    back: Option<NodeId>,
    before: Option<&State>,
    units: usize,
) -> Result<State, TypeError> {
    let total = plus(b, fed, back)?;
    let [i, f, g, o] = [0, 1, 2, 3].map(|k| gate(b, total, k, units));
    let (i, f, g, o) = (i?, f?, g?, o?);
    let added = b.pointwise(&expression("sigmoid(i) * tanh(g)", &["i", "g"]), &[i, g])?;
    let cell = match before {
        Some(state) => {
            b.pointwise(&expression("sigmoid(f) * c + a", &["f", "c", "a"]), &[f, state[1], added])?
        }
        None => added,
    };
    let out = b.pointwise(&expression("sigmoid(o) * tanh(c)", &["o", "c"]), &[o, cell])?;
    Ok(vec![out, cell])
}

pub(crate) fn def() -> OpDef {
    recurrent::def("Lstm", layer, &["weight", "recurrent", "bias"])
        .summary("Long short-term memory, unrolled over a known length")
        .shape(
            "`[.., T, D]` with a known `T` gives `[.., T, units]`, or `[.., units]` with `last`; the \
             weight is `[4 units, D]`, the recurrent one `[4 units, units]`, the bias `[4 units]`",
        )
        .formula(
            "c_t = sigmoid(f) c_(t-1) + sigmoid(i) tanh(g); h_t = sigmoid(o) tanh(c_t); i, f, g, o = W x_t + R h_(t-1) + b",
            "backpropagation through time",
        )
        .example(
            r#"Model(
    graphrun: 1,
    doc: "with wide open gates the cell adds up tanh of its inputs",
    inputs: { x: [2, 1] },
    nodes: { h: Lstm(x: x, units: 1) },
    outputs: [h],
    tests: [(
        given: { x: [[0.5], [0.5]] },
        params: { "h.weight": [[0], [0], [1], [0]], "h.recurrent": [[0], [0], [0], [0]], "h.bias": [100, 100, 0, 100] },
        value: { h: [[0.4318081805950961], [0.7278944044432927]] },
    )],
)"#,
        )
}
