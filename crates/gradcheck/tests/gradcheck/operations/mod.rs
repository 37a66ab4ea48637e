//! Every operation of the registry, as files name it and the executor runs it: its values against plain double precision,
//! its accuracy, and what it makes of infinities, of NaN and of nothing.

mod accuracy;
mod cases;
mod extremes;
mod plain;
mod values;

use std::path::Path;

use graphrun_exec::{Array, Data};
use graphrun_gradcheck::{Engine, Executor, Values, sizes_of};
use graphrun_graph::{Builder, Graph, Phase, grad};
use graphrun_load::{LoadOptions, load_str};
use graphrun_nodes::standard;
use graphrun_tensor::{Dtype, Shape};

/// The graph of a model with these inputs, as a file declares them, and these nodes.
fn graph(inputs: &str, nodes: &str, output: &str) -> Graph {
    let text = format!("Model(graphrun: 1, inputs: {{ {inputs} }}, nodes: {{ {nodes} }}, outputs: [{output}])");
    let model = load_str(Path::new("test.ron"), &text, &standard(), &LoadOptions::default());
    model.unwrap_or_else(|e| panic!("{}", e.render(false))).graph(Phase::Test).clone()
}

/// The same graph with the gradients of the sum of its first output with respect to its real inputs as further outputs.
fn with_gradients(graph: Graph) -> Graph {
    let y = graph.outputs[0].1;
    let inputs: Vec<_> = graph.inputs().iter().map(|(_, id)| *id).filter(|id| graph.ty(*id).is_real()).collect();
    let mut b = Builder::from_graph(graph);
    let axes: Vec<usize> = (0..b.ty(y).rank()).collect();
    let sum = b.sum(y, &axes, false).unwrap();
    for (k, gradient) in grad(&mut b, sum, &inputs, None).unwrap().into_iter().enumerate() {
        b.output(&format!("grad{k}"), gradient);
    }
    b.finish()
}

/// The outputs of a graph, as reals.
fn run(graph: &Graph, values: &Values, dtype: Dtype) -> Vec<Vec<f64>> {
    let sizes = sizes_of(graph, values).unwrap();
    let outputs = Executor::default().prepare(graph, &sizes, dtype).unwrap().run(values).unwrap();
    outputs.iter().map(reals).collect()
}

/// The elements of an array, integers as reals.
fn reals(array: &Array) -> Vec<f64> {
    match array.data() {
        Data::Real(data) => data.clone(),
        Data::Index(data) => data.iter().map(|&k| k as f64).collect(),
    }
}

/// Values for the inputs of a graph, by name.
fn fed(given: &[(&str, &[usize], &[f64])]) -> Values {
    let array = |shape: &[usize], data: &[f64]| Array::real(Shape::new(shape).unwrap(), data.to_vec()).unwrap();
    given.iter().map(|(name, shape, data)| ((*name).to_owned(), array(shape, data))).collect()
}
