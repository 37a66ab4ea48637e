//! A choice by element.
//!
//! # Formula
//! `y = a if c != 0, else b`
//!
//! # Gradient
//! `da = dy where c is not zero, db = dy elsewhere, dc = 0`
//!
//! # Options
//! None.
//!
//! # Shape
//! The broadcast shape of the inputs.
//!
//! # Example
//! `y: Where(c, a, b)`

use graphrun_graph::OpDef;

use crate::pointwise::{operands, pointwise};

pub(crate) fn def() -> OpDef {
    pointwise("Where", &["c", "a", "b"], "if(c, a, b)")
        .summary("The second input where the first is not zero, else the third")
        .formula("y = a if c != 0, else b", "da = dy where c is not zero, db = dy elsewhere, dc = 0")
        .within(0.0, 0.0)
        .example(
            "Model(
    graphrun: 1,
    inputs: { c: [], a: [], b: [] },
    nodes: { y: Where(c, a, b) },
    outputs: [y],
    tests: [(given: { c: 1, a: 5, b: 7 }, value: { y: 5 }, grad: { c: 0, a: 1, b: 0 })],
)",
        )
        .sample(operands(vec![(0.125, 1.0), (-2.0, 2.0), (-2.0, 2.0)]))
}
