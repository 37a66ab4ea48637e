//! What a plan is held against: every node by its operation's own kernel, one after the other.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use graphrun_exec::{Array, Data, Draw, Executor, Options, Session, Threads};
use graphrun_graph::{Context, Form, Graph, Key, Leaf, NodeId, Phase, Sizes, grad};
use graphrun_load::{LoadOptions, load_str};
use graphrun_tensor::{Dtype, Scratch, Shape, View, ViewAny, ViewMut, ViewMutAny};

/// A model's graph with the gradients of its loss with respect to everything as outputs, and an update of
/// every parameter by its gradient.
pub(crate) fn training(text: &str) -> Graph {
    let model = load_str(Path::new("test.ron"), text, &graphrun_nodes::standard(), &LoadOptions::default())
        .unwrap_or_else(|e| panic!("{}", e.render(false)));
    let graph = model.graph(Phase::Train).clone();
    let (loss, leaves) = (graph.loss.unwrap(), graph.differentiable_leaves());
    let mut b = graphrun_graph::Builder::from_graph(graph);
    let gradients = grad(&mut b, loss, &leaves, None).unwrap();
    let rate = b.constant(0.1).unwrap();
    for (leaf, gradient) in leaves.iter().zip(gradients) {
        b.output(&format!("grad.{}", leaf.index()), gradient);
        if b.graph().is_trainable(*leaf) {
            let step = b.mul(&[rate, gradient]).unwrap();
            let new = b.sub(*leaf, step).unwrap();
            b.graph_mut().updates.push((*leaf, new));
        }
    }
    b.finish()
}

fn feed(graph: &Graph, sizes: &Sizes) -> Vec<(String, Array)> {
    let one = |(name, id): &(Arc<str>, NodeId)| {
        let ty = graph.ty(*id);
        let shape = ty.concrete(sizes).unwrap();
        let wave = |k: usize| (((k * 7919 + name.len() * 31) % 1000) as f64 / 500.0 - 1.0) * 1.3;
        let array = match &ty.kind {
            graphrun_graph::Kind::Real => Array::real(shape, (0..shape.len()).map(wave).collect()),
            graphrun_graph::Kind::Index { below } => {
                let below = below.eval(sizes).unwrap();
                Array::index(shape, (0..shape.len()).map(|k| (k * 7 % below) as i64).collect())
            }
        };
        (name.to_string(), array.unwrap())
    };
    graph.inputs().iter().map(one).collect()
}

/// The value of every needed node.
fn reference(graph: &Graph, sizes: &Sizes, feeds: &[(String, Array)]) -> HashMap<NodeId, (Shape, Data)> {
    let mut values: HashMap<NodeId, (Shape, Data)> = HashMap::new();
    let needed = graph.reachable();
    for (id, node) in graph.ids().filter(|(id, _)| needed[id.index()]) {
        let shape = node.ty.concrete(sizes).unwrap();
        let data = match node.op.form() {
            Form::Leaf(Leaf::Input(name)) => feeds.iter().find(|(n, _)| *n == name).unwrap().1.data().clone(),
            Form::Leaf(Leaf::Parameter(name)) => {
                let mut out = vec![0.0; shape.len()];
                graph.parameter(&name).unwrap().init.fill(Key { seed: 0, name: &name }, shape, &mut out).unwrap();
                Data::Real(out)
            }
            Form::Leaf(Leaf::Count(counted)) => {
                Data::Real(vec![counted.iter().map(|s| s.eval(sizes).unwrap() as f64).product()])
            }
            _ => {
                let inputs: Vec<ViewAny<'_>> = node.inputs.iter().map(|i| view(&values[i])).collect();
                let shapes: Vec<Shape> = node.inputs.iter().map(|i| values[i].0).collect();
                let mut memory = vec![0; Scratch::words(node.op.scratch(&shapes, shape, Dtype::F64))];
                let rows = 0..shape.sizes().first().copied().unwrap_or(1);
                let mut context = Context { rows, scratch: Scratch::new(&mut memory), seed: 0, step: 0 };
                if node.ty.is_real() {
                    let mut out = vec![f64::NAN; shape.len()];
                    node.op.run(&inputs, ViewMutAny::F64(ViewMut::new(&mut out, shape)), &mut context);
                    Data::Real(out)
                } else {
                    let mut out = vec![-1; shape.len()];
                    node.op.run(&inputs, ViewMutAny::I64(ViewMut::new(&mut out, shape)), &mut context);
                    Data::Index(out)
                }
            }
        };
        values.insert(id, (shape, data));
    }
    values
}

fn view((shape, data): &(Shape, Data)) -> ViewAny<'_> {
    match data {
        Data::Real(values) => ViewAny::F64(View::new(values, *shape)),
        Data::Index(values) => ViewAny::I64(View::new(values, *shape)),
    }
}

fn reals(data: &Data) -> Vec<f64> {
    match data {
        Data::Real(values) => values.clone(),
        Data::Index(values) => values.iter().map(|&i| i as f64).collect(),
    }
}

/// Rounding of values and first derivatives, whose sums are taken in another order.
const FIRST: f64 = 1e-11;
/// Rounding of second derivatives, in which sums over thousands of rows cancel.
const SECOND: f64 = 1e-7;

fn close(name: &str, got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{name}");
    for (k, (g, w)) in got.iter().zip(want).enumerate() {
        let same = (g - w).abs() <= tolerance * w.abs().max(1.0) || g == w || (g.is_nan() && w.is_nan());
        assert!(same, "{name}[{k}]: {g} and not {w}");
    }
}

/// The graph with the gradients of the sum of the squares of its gradients as outputs.
fn second_order(graph: &Graph) -> Graph {
    let (leaves, outputs) = (graph.differentiable_leaves(), graph.outputs.clone());
    let mut b = graphrun_graph::Builder::from_graph(graph.clone());
    b.graph_mut().updates.clear();
    let mut squares = Vec::new();
    for (_, gradient) in outputs.into_iter().filter(|(name, _)| name.starts_with("grad.")) {
        let square = b.mul(&[gradient, gradient]).unwrap();
        let axes: Vec<usize> = (0..b.ty(square).rank()).collect();
        squares.push(b.sum(square, &axes, false).unwrap());
    }
    let total = b.add(&squares).unwrap();
    let seconds = grad(&mut b, total, &leaves, None).unwrap();
    b.graph_mut().outputs = seconds.into_iter().enumerate().map(|(k, id)| (format!("second.{k}"), id)).collect();
    b.finish()
}

/// Runs the plan in memory filled with NaN, so that what nobody writes shows, against the reference.
fn check_poisoned(graph: &Graph, sizes: &Sizes, feeds: &[(String, Array)], tolerance: f64) {
    let expected = reference(graph, sizes, feeds);
    let options = graphrun_plan::Options { dtype: Dtype::F64, ..graphrun_plan::Options::default() };
    let plan = Arc::new(graphrun_plan::plan(graph, sizes, &options).unwrap());
    let mut executor = Executor::new(plan.clone(), Threads::new(3).unwrap());
    executor.poison();
    for named in plan.inputs.iter().chain(&plan.parameters) {
        match &expected.get(&graph.find(&named.name).unwrap()) {
            Some((_, Data::Real(values))) => executor.set_reals(named.value, values),
            Some((_, Data::Index(values))) => executor.write::<i64>(named.value).copy_from_slice(values),
            None => {}
        }
    }
    executor.run(Draw::default());
    for (named, (name, id)) in plan.outputs.iter().zip(&graph.outputs) {
        close(name, &executor.reals(named.value), &reals(&expected[id].1), tolerance);
    }
}

/// Runs in double precision against the reference, then in both precisions on several numbers of threads.
pub(crate) fn check(text: &str, n: usize) {
    let graph = training(text);
    let sizes = Sizes::from([("N".into(), n)]);
    let feeds = feed(&graph, &sizes);
    check_poisoned(&graph, &sizes, &feeds, FIRST);
    check_poisoned(&second_order(&graph), &sizes, &feeds, SECOND);
    check_threads(&graph, &sizes, &feeds);
    check_threads(&unasked(graph), &sizes, &feeds);
}

/// The graph whose gradients nobody asks for: what computes them may change the parameters where they lie.
pub(crate) fn unasked(mut graph: Graph) -> Graph {
    graph.outputs.retain(|(name, _)| !name.starts_with("grad."));
    graph
}

/// Runs in both precisions on several numbers of threads, in double precision against the reference.
fn check_threads(graph: &Graph, sizes: &Sizes, feeds: &[(String, Array)]) {
    let expected = reference(graph, sizes, feeds);
    let mut bits: HashMap<&str, Vec<Vec<u64>>> = HashMap::new();
    for (precision, dtype) in [("f64", Dtype::F64), ("f32", Dtype::F32)] {
        for threads in [1, 2, 3, 8] {
            let options = Options { dtype, threads: Threads::new(threads).unwrap(), ..Options::default() };
            let mut session = Session::new(graph.clone(), options).unwrap();
            session.executor(sizes).unwrap();
            let fed: Vec<(&str, &Array)> = feeds.iter().map(|(name, array)| (name.as_str(), array)).collect();
            session.run(&fed).unwrap();
            let mut all = Vec::new();
            for (name, id) in &graph.outputs {
                let got = session.output(name).unwrap().to_reals();
                if dtype == Dtype::F64 {
                    close(name, &got, &reals(&expected[id].1), FIRST);
                }
                all.extend(got.iter().map(|x| x.to_bits()));
            }
            for (parameter, new) in &graph.updates {
                let Form::Leaf(Leaf::Parameter(name)) = graph.node(*parameter).op.form() else { unreachable!() };
                let got = session.parameter(&name).unwrap().to_reals();
                if dtype == Dtype::F64 {
                    close(&format!("new {name}"), &got, &reals(&expected[new].1), FIRST);
                }
                all.extend(got.iter().map(|x| x.to_bits()));
            }
            bits.entry(precision).or_default().push(all);
        }
    }
    for (precision, runs) in bits {
        assert!(runs.windows(2).all(|pair| pair[0] == pair[1]), "{precision}: other bits on other numbers of threads");
    }
}

pub(crate) fn check_sizes(text: &str, sizes: &[usize]) {
    sizes.iter().for_each(|&n| check(text, n));
}
