//! The gated recurrent unit (Cho and others, 2014), its reset gate after the product.
//!
//! # Formula
//! `r, z, n` are the blocks, in this order, of `W x_t + b`, and `r', z', n'` of `R h_(t-1) + c`;
//! `h_t = (1 - u) tanh(n + sigmoid(r + r') n') + u h_(t-1)`, `u = sigmoid(z + z')`, `h_0 = 0`.
//!
//! # Gradient
//! Backpropagation through time: the layer is unrolled, and each step is ordinary nodes.
//!
//! # Options
//! `units`, `last`, `init`, `recurrent_init`; `weight`, `recurrent`, `bias` and `recurrent_bias` may name declared
//! parameters.
//!
//! # Shape
//! `[.., T, D]` with a known `T` gives `[.., T, units]`, or `[.., units]` with `last`; the weight is `[3 units, D]`, the
//! recurrent one `[3 units, units]`, the biases `[3 units]`.
//!
//! # Example
//! `h: Gru(x: steps, units: 32)`

use graphrun_graph::{Builder, NodeId, OpDef, TypeError};

use super::recurrent::{self, Layer, State, gate};
use crate::pointwise::expression;

fn layer() -> Layer {
    Layer { gates: 3, second_bias: true, step }
}

fn step(
    b: &mut Builder,
    fed: NodeId,
    back: Option<NodeId>,
    before: Option<&State>,
    units: usize,
) -> Result<State, TypeError> {
    let Some(back) = back else { return Err(TypeError::new("Gru lacks its recurrent bias")) };
    let mut gates = |x: NodeId| -> Result<[NodeId; 3], TypeError> {
        Ok([gate(b, x, 0, units)?, gate(b, x, 1, units)?, gate(b, x, 2, units)?])
    };
    let ([r, z, n], [r2, z2, n2]) = (gates(fed)?, gates(back)?);
    let fresh = expression("tanh(n + sigmoid(r + r2) * n2)", &["r", "r2", "n", "n2"]);
    let fresh = b.pointwise(&fresh, &[r, r2, n, n2])?;
    let out = match before {
        Some(state) => {
            let mix = expression("n + sigmoid(z + z2) * (h - n)", &["z", "z2", "n", "h"]);
            b.pointwise(&mix, &[z, z2, fresh, state[0]])?
        }
        None => b.pointwise(&expression("(1 - sigmoid(z + z2)) * n", &["z", "z2", "n"]), &[z, z2, fresh])?,
    };
    Ok(vec![out])
}

pub(crate) fn def() -> OpDef {
    recurrent::def("Gru", layer, &["weight", "recurrent", "bias", "recurrent_bias"])
        .summary("The gated recurrent unit, unrolled over a known length")
        .shape(
            "`[.., T, D]` with a known `T` gives `[.., T, units]`, or `[.., units]` with `last`; the \
             weight is `[3 units, D]`, the recurrent one `[3 units, units]`, the biases `[3 units]`",
        )
        .formula(
            "h_t = (1 - u) tanh(n + sigmoid(r + r') n') + u h_(t-1), u = sigmoid(z + z')",
            "backpropagation through time",
        )
        .example(
            r#"Model(
    graphrun: 1,
    doc: "with the update gate half open the state goes half way to tanh of the input",
    inputs: { x: [2, 1] },
    nodes: { h: Gru(x: x, units: 1) },
    outputs: [h],
    tests: [(
        given: { x: [[0.5], [0]] },
        params: {
            "h.weight": [[0], [0], [2]],
            "h.recurrent": [[0], [0], [0]],
            "h.bias": [0, 0, 0],
            "h.recurrent_bias": [0, 0, 0],
        },
        value: { h: [[0.38079707797788245], [0.19039853898894122]] },
    )],
)"#,
        )
}
