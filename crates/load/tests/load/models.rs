//! Whole models: what the file says against what the graph is.

use std::path::Path;

use graphrun_graph::{Graph, Phase, Registry};
use graphrun_load::diagnostics::{Code, Diagnostics};
use graphrun_load::{LoadOptions, Model, PrintOptions, load_str, print};

fn registry() -> Registry {
    graphrun_nodes::standard()
}

fn try_load(body: &str) -> Result<Model, Diagnostics> {
    load_str(Path::new("model.ron"), &format!("Model(graphrun: 1, {body})"), &registry(), &LoadOptions::default())
}

fn load(body: &str) -> Model {
    try_load(body).unwrap_or_else(|found| panic!("{found}"))
}

fn graph(body: &str) -> Graph {
    load(body).graph(Phase::Test).clone()
}

/// The types of named nodes.
fn check_types(body: &str, expect: &[(&str, &str)]) {
    let graph = graph(body);
    for (name, ty) in expect {
        let id = graph.find(name).unwrap_or_else(|| panic!("no `{name}` among {:?}", graph.names().keys()));
        assert_eq!(graph.ty(id).to_string(), *ty, "{name}");
    }
}

fn check_params(body: &str, expect: &[&str]) {
    let graph = graph(body);
    let names: Vec<String> =
        graph.parameters().iter().map(|param| format!("{} {}", param.name, graph.ty(param.node))).collect();
    assert_eq!(names, expect);
}

const DENSE: &str = "blocks: { Dense: (args: { x: Node, units: Int, act: Op(Identity), init: Init(Xavier) },
    nodes: { s: Linear(x: x, units: units, init: init), y: Apply(act, s) }, outputs: [y, s]) },
    inputs: { x: [N, 64] },";

#[test]
fn ops_of_many_nodes_count_for_as_many() {
    let refused = |op: &str, rounds: usize| {
        let text = format!(
            "Model(graphrun: 1, inputs: {{ x: [N, 8] }}, nodes: {{ y: Chain(x, [Repeat({rounds}, [{op}])]) }}, outputs: [y])"
        );
        let options = LoadOptions { max_nodes: 1_000, ..LoadOptions::default() };
        let found = load_str(Path::new("model.ron"), &text, &registry(), &options).err()?;
        assert_eq!(found.list.len(), 1, "{found}");
        Some(found.list[0].code)
    };
    assert_eq!(refused("Relu", 990), None);
    assert_eq!(refused("BatchNorm", 990), Some(Code::TooManyNodes));
    // Four nodes each in one graph, but no phase is asked for: the graph serves both.
    assert_eq!(refused("Linear(units: 8)", 700), None);
    assert_eq!(refused("Linear(units: 8)", 800), Some(Code::TooManyNodes));
}

#[test]
fn the_phases_share_a_graph_where_none_is_asked_for() {
    let shared = |body: &str| {
        let model = load(&format!("inputs: {{ x: [N, 8] }}, nodes: {{ y: {body} }}, outputs: [y]"));
        std::ptr::eq(model.graph(Phase::Test), model.graph(Phase::Train))
    };
    assert!(shared("Linear(x: x, units: 8)") && !shared("BatchNorm(x)") && !shared("Dropout(x)"));
}

#[test]
fn the_lectures_first_graph() {
    let model = load(
        "doc: \"first\", inputs: { x1: [], x2: [], a: [] },
        nodes: { z: Square(y), x2a: Mul(a, x2), y: Add(x1, x2a) }, outputs: [z],
        tests: [ (given: { x1: 1, x2: 2, a: 3 }, value: { z: 49 }, grad: { x1: 14, x2: 42, a: 28 }) ]",
    );
    assert_eq!(model.doc.as_deref(), Some("first"));
    assert_eq!(model.tests[0].grad[1].1.data, [42.0]);
    assert!(model.warnings.list.is_empty());
    let graph = model.graph(Phase::Test);
    assert_eq!(graph.outputs.len(), 1);
    assert_eq!(graph.describe(graph.outputs[0].1), "`z`");
}

#[test]
fn a_block_is_a_node_with_members() {
    let body = format!(
        "{DENSE} nodes: {{ h: Dense(x: x, units: 128, act: LeakyRelu(alpha: 0.2), init: He), z: Neg(\"h.s\"), w: Square(\"h.s.weight\") }},
        outputs: [h, \"h.s\", z, w]"
    );
    check_types(&body, &[("h", "[N, 128]"), ("h.s", "[N, 128]"), ("w", "[128, 64]"), ("h.y", "[N, 128]")]);
    check_params(&body, &["h.s.weight [128, 64]", "h.s.bias [128]"]);
    let graph = graph(&body);
    assert_eq!(graph.describe(graph.find("h.y").expect("a member")), "`h`");
    assert!(graph.parameter("h.s.weight").expect("a weight").init.text().contains("He"));
    assert_eq!(graph.outputs.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["h", "h.s", "z", "w"]);
}

#[test]
fn a_block_may_give_a_parameter_out() {
    let body =
        "blocks: { Weighed: (args: { x: Node }, nodes: { s: Linear(x: x, units: 5) }, outputs: [\"s.weight\", s]) },
        inputs: { x: [N, 3] }, nodes: { w: Weighed(x), y: Square(w) }, outputs: [y, \"w.s\"]";
    check_types(body, &[("w", "[5, 3]"), ("y", "[5, 3]"), ("w.s", "[N, 5]")]);
}

#[test]
fn chains_and_repeats_name_their_members() {
    let body = format!(
        "{DENSE} nodes: {{ f: Chain(x, [Linear(units: 8), Relu, Linear(units: 4), Repeat(2, [Dense(units: 4, act: Tanh), Relu]), Linear(units: 2)]) }},
        outputs: [f]"
    );
    check_types(
        &body,
        &[
            ("f", "[N, 2]"),
            ("f.linear_1", "[N, 8]"),
            ("f.linear_2", "[N, 4]"),
            ("f.repeat_1.2.dense_1.s", "[N, 4]"),
            ("f.relu_1", "[N, 8]"),
        ],
    );
    let names: Vec<String> = graph(&body).parameters().iter().map(|param| param.name.to_string()).collect();
    assert_eq!(names.len(), 10);
    assert!(names.contains(&"f.repeat_1.2.dense_1.s.bias".to_owned()), "{names:?}");
    assert!(names.contains(&"f.linear_3.weight".to_owned()), "{names:?}");
}

#[test]
fn blocks_nest_and_pass_their_arguments_on() {
    let body = "blocks: {
            Inner: (args: { x: Node, act: Op, width: Int(3), by: Real(2) }, params: { w: (shape: [width], init: Ones) },
                nodes: { s: Mul(x, w, by), y: Apply(act, s) }, outputs: [y]),
            Whole: (args: { a: Node, b: Node, act: Op(Relu), width: Int }, nodes: {
                p: Inner(x: a, act: act, width: width), q: Inner(x: b, act: Inner(act: act, by: 0.5), width: width), y: Add(p, q) }, outputs: [y]),
        },
        inputs: { x: [N, 3] }, nodes: { h: Whole(a: x, b: x, width: 3), g: Whole(a: h, b: 1, act: Tanh, width: 3) }, outputs: [g]";
    check_params(body, &["h.p.w [3]", "h.q.w [3]", "h.q.y.w [3]", "g.p.w [3]", "g.q.w [3]", "g.q.y.w [3]"]);
}

#[test]
fn naming_a_parameter_shares_it() {
    let body = "inputs: { x: [N, 4] }, params: { w: (shape: [4, 4], init: Xavier) },
        nodes: { a: Linear(x: x, units: 4, weight: w), b: Linear(x: a, units: 4, weight: w, bias: \"a.bias\") }, outputs: [b]";
    check_params(body, &["w [4, 4]", "a.bias [4]"]);
}

#[test]
fn open_sizes_follow_from_use() {
    let body = "inputs: { x: [N, 64] }, params: { w: (shape: [_, 10], init: Xavier), v: (shape: [_], init: Zeros) },
        nodes: { s: MatMul(x, w), y: Add(s, v) }, outputs: [y]";
    check_params(body, &["w [64, 10]", "v [10]"]);
}

#[test]
fn formulas_numbers_and_sizes() {
    let body = "inputs: { x: [N, 3] }, sizes: { N: 7 },
        nodes: { y: Formula(\"x * sigmoid(beta * x) + k\", { x: x, beta: 1.5, k: s }), s: Sum(x: x, axes: [1], keep: true),
            z: Mul(2, y), f: Chain(z, [Formula(\"x^2\")]), r: Reshape(x: f, shape: [\"3*N\"]) }, outputs: [r]";
    check_types(body, &[("y", "[N, 3]"), ("f", "[N, 3]"), ("r", "[\"3*N\"]")]);
    assert_eq!(graph(body).sizes.values().copied().collect::<Vec<_>>(), [7]);
}

#[test]
fn initialisers_have_the_defaults_that_are_documented() {
    let rule = |init: &str| {
        let params = format!("params: {{ w: (shape: [2, 2], init: {init}) }}");
        graph(&format!("{params}, nodes: {{ y: Sum(w) }}, outputs: [y]")).parameters()[0].init.text()
    };
    for def in registry().inits().filter(|def| !def.bare) {
        let options: Vec<String> =
            def.options.iter().map(|option| format!("{}: {}", option.name, option.default.unwrap())).collect();
        if options.is_empty() {
            // A rule without options says nothing but its name.
            assert_eq!(rule(def.name), def.name);
        } else {
            assert_eq!(rule(&format!("{}({})", def.name, options.join(", "))), rule(def.name));
            assert_eq!(rule(def.name).matches(": ").count(), options.len(), "{} has options unsaid", def.name);
        }
    }
}

/// Its argument is a constant to the reverse walk, wherever in a formula it stands, and the printed model says the same.
#[test]
fn formulas_stop_gradients() {
    let body = "inputs: { x: [N, 3], k: [] },
        nodes: { y: Formula(\"x * stop_gradient(x * k + stop_gradient(x)) + stop_gradient(2)\", { x: x, k: k }) }, outputs: [y]";
    let written = "inputs: { x: [N, 3], k: [] },
        nodes: { h: StopGradient(x), p: Formula(\"x * k + h\", { x: x, k: k, h: h }), s: StopGradient(p),
            two: StopGradient(2), y: Formula(\"x * s + two\", { x: x, s: s, two: two }) }, outputs: [y]";
    let (graph, same) = (graph(body), graph(written));
    let ops = |graph: &Graph| -> Vec<String> { graph.nodes().iter().map(|node| node.op.name().to_owned()).collect() };
    assert_eq!(ops(&graph), ops(&same));
    let printed = graphrun_load::print(&graph, &registry(), &Default::default()).unwrap();
    assert_eq!(printed.matches("StopGradient(").count(), 3, "{printed}");
    let again = load_str(Path::new("m.ron"), &printed, &registry(), &LoadOptions::default()).expect("loads");
    assert_eq!(ops(again.graph(Phase::Test)), ops(&graph));
    let Err(error) =
        try_load("inputs: { x: [] }, nodes: { y: Formula(\"stop_gradient(x, x)\", { x: x }) }, outputs: [y]")
    else {
        panic!("two arguments are taken")
    };
    assert!(error.to_string().contains("`stop_gradient` takes 1 argument, not 2"), "{error}");
}

#[test]
fn unneeded_nodes_are_warnings() {
    let model = load(
        "inputs: { x: [] }, params: { w: (shape: [], init: Zeros) }, nodes: { y: Exp(x), z: Neg(y) }, outputs: [y]",
    );
    let codes: Vec<Code> = model.warnings.list.iter().map(|found| found.code).collect();
    assert_eq!(codes, [Code::UnusedParameter, Code::Unreachable]);
}

#[test]
fn a_library_of_blocks_is_a_file() {
    assert!(try_load("blocks: { Twice: (args: { x: Node }, nodes: { y: Mul(2, x) }, outputs: [y]) }").is_ok());
}

#[test]
fn overrides_replace_values() {
    let options = LoadOptions { overrides: vec![("nodes.y.axes".into(), "[1]".into())], ..LoadOptions::default() };
    let text = "Model(graphrun: 1, inputs: { x: [N, 3] }, nodes: { y: Sum(x: x, axes: [0]) }, outputs: [y])";
    let model = load_str(Path::new("m.ron"), text, &registry(), &options).expect("loads");
    let graph = model.graph(Phase::Test);
    assert_eq!(graph.ty(graph.outputs[0].1).to_string(), "[N]");
    assert!(model.text().contains("axes: [1]"));
}

#[test]
fn a_printed_graph_loads_as_the_same_graph() {
    let bodies = [
        "inputs: { x1: [], x2: [], a: [] }, nodes: { x2a: Mul(a, x2), y: Add(x1, x2a), z: Square(y) }, outputs: [z]".to_owned(),
        format!("{DENSE} nodes: {{ h: Dense(x: x, units: 8, act: Tanh), f: Formula(\"a/(1+b^2)\", {{ a: h, b: \"h.s\" }}), l: Mean(f) }}, outputs: [f], loss: l, sizes: {{ N: 3 }}"),
        "inputs: { x: [N, 3], k: Index([N], 3) }, nodes: { p: Softmax(x), l: SoftmaxCrossEntropy(x, k) }, outputs: [p, x], loss: l,
            tests: [(given: { x: [[1, 2, 3]], k: [2] }, value: { p: [[0.1, 0.2, 0.7]] }, tolerance: 1)]".to_owned(),
    ];
    let registry = registry();
    for body in bodies {
        let model = load(&body);
        let options = PrintOptions { doc: model.doc.clone(), tests: model.tests.clone() };
        let graph = model.graph(Phase::Test);
        let leaves = graph.differentiable_leaves().into_iter();
        let wrt: Vec<_> = leaves.map(|id| (graph.node(id).label.as_deref().expect("a name").to_owned(), id)).collect();
        let of = graph.loss.unwrap_or(graph.outputs[0].1);
        let gradient = graphrun_graph::gradient_graph(graph, of, &wrt, None).expect("a gradient");
        for (graph, options) in [(graph, &options), (&gradient, &PrintOptions::default())] {
            let text = print(graph, &registry, options).expect("prints");
            let again = load_str(Path::new("printed.ron"), &text, &registry, &LoadOptions::default())
                .unwrap_or_else(|found| panic!("{text}\n{found}"));
            let outputs = |graph: &Graph| {
                graph.outputs.iter().map(|(name, id)| format!("{name}: {}", graph.ty(*id))).collect::<Vec<_>>()
            };
            assert_eq!(outputs(again.graph(Phase::Test)), outputs(graph));
            let twice = print(again.graph(Phase::Test), &registry, options).expect("prints");
            assert_eq!(twice, text);
        }
    }
}
