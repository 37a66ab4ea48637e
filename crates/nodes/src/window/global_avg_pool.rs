//! The mean of each channel.
//!
//! # Formula
//! `y[n, c] = sum_{i, j} x[n, c, i, j] / (H W)`
//!
//! # Gradient
//! `dx[n, c, i, j] = dy[n, c] / (H W)`
//!
//! # Options
//! `keep`: whether the axes of the image stay with size 1.
//!
//! # Shape
//! `[N, C, H, W]` or `[N, C, L]` gives `[N, C]`.
//!
//! # Example
//! `features: GlobalAvgPool(h)`

use graphrun_graph::OpDef;

use super::global_max_pool::global;
use crate::axes::mean::mean;

pub(crate) fn def() -> OpDef {
    global("GlobalAvgPool", mean)
        .summary("The mean of each channel")
        .shape("`[N, C, H, W]` or `[N, C, L]` gives `[N, C]`")
        .formula("y[n, c] = sum_{i, j} x[n, c, i, j] / (H W)", "dx[n, c, i, j] = dy[n, c] / (H W)")
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [1, 2, 2, 2] },
    nodes: { y: GlobalAvgPool(x), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [[[[1, 2], [3, 6]], [[0, 0], [0, 4]]]] },
        value: { y: [[3, 1]] },
        grad: { x: [[[[0.25, 0.25], [0.25, 0.25]], [[0.25, 0.25], [0.25, 0.25]]]] },
    )],
)"#,
        )
}
