//! The sum of any number of inputs: the lecture's add node, which hands its gradient to every input.

use graphrun_graph::OpDef;

use crate::pointwise::{NoOptions, expression, many};

pub(crate) fn def() -> OpDef {
    OpDef::new("Add", |call, _: &NoOptions| {
        let xs = call.all_inputs();
        call.b.add(&xs)
    })
    .ports(&["xs.."])
    .summary("The sum of all inputs, broadcast to one shape")
    .shape("The broadcast shape of the inputs")
    .formula("y = x1 + x2 + ...", "every dx = dy")
    .expr(expression("a + b", &["a", "b"]))
    .within(0.5, 0.0)
    .example(
        "Model(
    graphrun: 1,
    inputs: { a: [], b: [], c: [] },
    nodes: { y: Add(a, b, c) },
    outputs: [y],
    tests: [(given: { a: 1, b: 2, c: 3 }, value: { y: 6 }, grad: { a: 1, b: 1, c: 1 })],
)",
    )
    .sample(many)
}
