//! A convolution layer over rows.
//!
//! # Formula
//! `y[n, o, i] = bias[o] + sum_{c, u} weight[o, c, u] x[n, c, i s + u d - p]`; `x` is 0 outside the row.
//!
//! # Gradient
//! `dx`, `dweight`: convolutions again; `dbias`: `dy` summed over items and places.
//!
//! # Options
//! `units`, `kernel`, `stride`, `pad`, `dilation`, `groups`, `bias`, `init`, `bias_init`; `weight` and `bias` may name
//! declared parameters.
//!
//! # Shape
//! `[N, C, L]` gives `[N, units, L']`, `L' = (L + 2 p - d (l - 1) - 1) / s + 1` rounded down; the weight is
//! `[units, C / groups, l]`, the bias `[units]`.
//!
//! # Example
//! `h: Conv1d(x: signal, units: 8, kernel: 9, stride: 2)`

use graphrun_graph::OpDef;

use super::conv2d::{Options, documented, layer, sample};

pub(crate) fn def() -> OpDef {
    documented(OpDef::new("Conv1d", |call, options: &Options| layer(call, 1, options)))
        .summary("A convolution layer over rows: a weighted sum of each window for each unit, and a bias")
        .shape(
            "`[N, C, L]` gives `[N, units, L']`, `L' = (L + 2 p - d (l - 1) - 1) / s + 1` rounded down; \
             the weight is `[units, C / groups, l]`, the bias `[units]`",
        )
        .formula(
            "y[n, o, i] = bias[o] + sum_{c, u} weight[o, c, u] x[n, c, i s + u d - p]",
            "dx, dweight: convolutions again; dbias = dy summed over items and places",
        )
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [1, 1, 4] },
    nodes: { y: Conv1d(x: x, units: 1, kernel: 2, bias: false), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[[1, 2, 3, 4]]] },
        params: { "y.weight": [[[1, 10]]] },
        value: { y: [[[21, 32, 43]]] },
        grad: { x: [[[1, 11, 11, 10]]], "y.weight": [[[6, 9]]] },
    )],
)"#,
        )
        .sample(|bytes| sample(bytes, 1, 2))
}
