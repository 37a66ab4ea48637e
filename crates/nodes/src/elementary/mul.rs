//! The product of any number of inputs: the lecture's multiply node, which swaps its inputs on the way back.

use graphrun_graph::OpDef;

use crate::pointwise::{NoOptions, expression, many};

pub(crate) fn def() -> OpDef {
    OpDef::new("Mul", |call, _: &NoOptions| {
        let xs = call.all_inputs();
        call.b.mul(&xs)
    })
    .ports(&["xs.."])
    .summary("The product of all inputs, broadcast to one shape")
    .shape("The broadcast shape of the inputs")
    .formula("y = x1 x2 ...", "dx_k = dy times the product of the other inputs, also where some are zero")
    .expr(expression("a * b", &["a", "b"]))
    .within(0.5, 0.0)
    .example(
        "Model(
    graphrun: 1,
    inputs: { a: [], b: [], c: [] },
    nodes: { y: Mul(a, b, c) },
    outputs: [y],
    tests: [(given: { a: 0, b: 2, c: 3 }, value: { y: 0 }, grad: { a: 6, b: 0, c: 0 })],
)",
    )
    .sample(many)
}
