//! The tangent.
//!
//! # Formula
//! `y = tan(x)`
//!
//! # Gradient
//! `dx = (1 + y^2) dy`
//!
//! # Options
//! None.
//!
//! # Shape
//! That of the input.
//!
//! # Example
//! `y: Tan(x)`

use graphrun_graph::OpDef;

use crate::pointwise::{operands, pointwise};

pub(crate) fn def() -> OpDef {
    pointwise("Tan", &["x"], "tan(x)")
        .summary("The tangent of an angle in radians")
        .formula("y = tan(x)", "dx = (1 + y^2) dy")
        .within(0.6, 1.9)
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { y: Tan(x) },
    outputs: [y],
    tests: [(given: { x: 1 }, value: { y: 1.5574077246549023 }, grad: { x: 3.42551882081476 })],
)",
        )
        .sample(operands(vec![(-1.0, 1.0)]))
}
