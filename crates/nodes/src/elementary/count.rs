//! The product of sizes as a real number: what a mean divides by.

use graphrun_graph::{OpDef, Sample, Size};
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Count {
    sizes: Vec<Size>,
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Count", |call, o: &Count| call.b.count(o.sizes.clone()))
        .ports(&[])
        .summary("The product of sizes, known when the graph runs")
        .shape("A scalar")
        .formula("y = s1 s2 ...", "no inputs")
        .option("sizes", "shape", None, "the factors")
        .not_differentiable()
        .example(
            "Model(
    graphrun: 1,
    inputs: { x: [N, 2] },
    nodes: { total: Sum(x), n: Count(sizes: [N, 2]), mean: Div(total, n) },
    outputs: [mean],
    tests: [(given: { x: [[1, 2], [3, 6]] }, value: { n: 4, mean: 3 }, grad: { x: [[0.25, 0.25], [0.25, 0.25]] })],
)",
        )
        .sample(|bytes| Sample::new(Count { sizes: bytes.shape(0, 3).into_iter().map(Size::from).collect() }, vec![]))
}
