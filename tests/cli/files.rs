//! Every file under `graphs/`.

use graphrun::exec::{Options, Session, Threads};
use graphrun::graph::{Graph, Kind, NodeId};
use graphrun::plan::plan;
use graphrun::tensor::{Dtype, Shape};
use graphrun::train::{check_section, standard, step_graphs};
use graphrun::{Array, Phase};

use crate::{files_under, graphrun, json, out};

#[test]
fn all_are_right_pass_their_tests_and_stand_in_canonical_form() {
    out(&["check", "graphs"]);
    out(&["fmt", "--check", "graphs"]);
    let got = json(&["test", "graphs", "--json"]);
    assert_eq!(got["failed"], 0, "{got}");
    for path in files_under("graphs", "ron") {
        let name = path.file_name().unwrap().to_str().unwrap();
        let cases = got["cases"].as_array().unwrap();
        let library = !std::fs::read_to_string(&path).unwrap().contains("nodes:");
        let tested = cases.iter().any(|case| case["file"].as_str().is_some_and(|file| file.ends_with(name)));
        assert!(tested || library, "{} tests nothing", path.display());
    }
}

#[test]
fn all_are_plain_ron() {
    for path in files_under("graphs", "ron") {
        let text = std::fs::read_to_string(&path).unwrap();
        if let Err(error) = ron::from_str::<ron::Value>(&text) {
            panic!("{}: {error}", path.display());
        }
    }
}

/// The files to be timed are checked at their first test, all zeros for some: with more units on their kinks than are looked
/// at one by one those prove too little, and must not fail.
#[test]
fn gradients_agree_with_differences() {
    for path in files_under("graphs", "ron") {
        let path = path.to_str().unwrap();
        if !path.contains("/bench/") {
            let got = json(&["gradcheck", path, "--json"]);
            assert!(got["verdict"] == "pass" || got["verdict"] == "kink", "{path}: {got}");
        } else if !path.contains("1024") {
            let output = graphrun(&["gradcheck", path, "--json"]);
            assert!(matches!(output.status.code(), Some(0 | 3)), "{path}: {}", String::from_utf8_lossy(&output.stdout));
        }
    }
}

/// What placement may take beyond what is alive at once: gaps between values of different lives.
const MOST_MEMORY: f64 = 1.1;

#[test]
fn plans_take_little_more_memory_than_what_is_alive() {
    let step = |model: &graphrun::Model| {
        let graph = model.graph(Phase::Train).clone();
        let mut unread = graphrun::Diagnostics::default();
        let spec = model.train.as_ref().and_then(|_| check_section(model, &standard(), &mut unread));
        spec.map_or(graph.clone(), |spec| step_graphs(&graph, &spec).unwrap().step)
    };
    for path in files_under("graphs", "ron") {
        let model = graphrun::open(&path).unwrap_or_else(|found| panic!("{found}"));
        let graph = step(&model);
        let mut sizes = graph.sizes.clone();
        for (_, id) in graph.inputs() {
            let mut open = |symbol: &str| {
                sizes.entry(symbol.into()).or_insert(ROWS);
            };
            graph.ty(*id).shape.iter().for_each(|size| size.symbols(&mut open));
        }
        let plan = plan(&graph, &sizes, &graphrun::plan::Options::default()).unwrap();
        let most = MOST_MEMORY * plan.live_bytes as f64;
        let shown = path.display();
        assert!(plan.bytes as f64 <= most, "{shown}: {} bytes, {} alive", plan.bytes, plan.live_bytes);
    }
}

/// Rows of a batch: enough for several chunks, and no multiple of a vector.
const ROWS: usize = 37;

#[test]
fn the_bits_are_the_same_on_any_number_of_threads() {
    for path in files_under("graphs", "ron") {
        let model = graphrun::open(&path).unwrap_or_else(|found| panic!("{found}"));
        let graph = model.graph(Phase::Train);
        if graph.outputs.is_empty() {
            continue;
        }
        let feeds: Vec<(String, Array)> =
            graph.inputs().iter().map(|(name, id)| (name.to_string(), drawn(graph, *id))).collect();
        let one = bits(graph, &feeds, 1);
        for threads in [2, 3, 8] {
            assert!(bits(graph, &feeds, threads) == one, "{} on {threads} threads", path.display());
        }
    }
}

/// Numbers for an input, small and of both signs.
fn drawn(graph: &Graph, id: NodeId) -> Array {
    let ty = graph.ty(id);
    let sizes: Vec<usize> = ty.shape.iter().map(|size| size.known().unwrap_or(ROWS)).collect();
    let shape = Shape::new(&sizes).unwrap();
    let numbers = (0..shape.len()).map(|k| (k * 7919 + 13) % 1009);
    match &ty.kind {
        Kind::Real => Array::real(shape, numbers.map(|n| n as f64 / 504.5 - 1.0).collect()).unwrap(),
        Kind::Index { below } => {
            let below = below.known().unwrap_or(ROWS);
            Array::index(shape, numbers.map(|n| (n % below) as i64).collect()).unwrap()
        }
    }
}

/// Every output, and every gradient of the loss where there is one, bit by bit.
fn bits(graph: &Graph, feeds: &[(String, Array)], threads: usize) -> Vec<u64> {
    let options = Options { dtype: Dtype::F32, threads: Threads::new(threads).unwrap(), ..Options::default() };
    let leaves = graph.names().iter().filter(|(_, id)| graph.differentiable_leaves().contains(id));
    let wrt: Vec<(String, NodeId)> = leaves.map(|(name, id)| (name.to_string(), *id)).collect();
    let mut session = match graph.loss {
        Some(loss) => Session::with_gradients(graph.clone(), loss, &wrt, None, options).unwrap(),
        None => Session::new(graph.clone(), options).unwrap(),
    };
    let fed: Vec<(&str, &Array)> = feeds.iter().map(|(name, array)| (name.as_str(), array)).collect();
    session.run(&fed).unwrap();
    let outputs = graph.outputs.iter().map(|(name, _)| session.output(name).unwrap());
    let gradients = wrt.iter().filter(|_| graph.loss.is_some()).map(|(name, _)| session.gradient(name).unwrap());
    outputs.chain(gradients).flat_map(|array| array.to_reals()).map(f64::to_bits).collect()
}
