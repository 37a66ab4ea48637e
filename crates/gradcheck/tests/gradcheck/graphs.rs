//! Verdicts on graphs written as model files: large and small numbers, poles, kinks in series, and what must not pass.

use graphrun_exec::Array;
use graphrun_expr::Expr;
use graphrun_gradcheck::{Executor, Options, Problem, Report, Values, Verdict, check_graph};
use graphrun_graph::core::Pointwise;
use graphrun_graph::{At, Builder, Context, GradError, NodeId, Op, OpDef, Phase, Type, TypeError};
use graphrun_load::load_str;
use graphrun_nodes::standard;
use graphrun_tensor::{Shape, ViewAny, ViewMutAny};

/// The identity with its gradient lost: a wrong operation, where `StopGradient` is right by definition.
#[derive(Clone, Copy, Debug)]
struct Lost;

impl Op for Lost {
    fn name(&self) -> &str {
        "Lost"
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        Ok(inputs[0].clone())
    }

    fn vjp(&self, _: &mut Builder, _: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        Ok(vec![None])
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, at: &mut Context<'_>) {
        Pointwise::named("Lost", String::new(), Expr::var(0)).run(inputs, out, at);
    }
}

#[derive(serde::Deserialize, serde::Serialize)]
struct NoOptions {}

/// The check of the output `f` of some nodes at these inputs.
fn check(nodes: &str, inputs: &[(&str, &[f64])]) -> Report {
    check_with(nodes, inputs, &[])
}

/// The same with integer inputs below 4.
fn check_with(nodes: &str, inputs: &[(&str, &[f64])], indices: &[(&str, &[i64])]) -> Report {
    let shape = |n: usize| if n == 1 { String::new() } else { n.to_string() };
    let real = inputs.iter().map(|(name, data)| format!("{name}: [{}]", shape(data.len())));
    let integers = indices.iter().map(|(name, data)| format!("{name}: Index([{}], 4)", shape(data.len())));
    let declared = real.chain(integers).collect::<Vec<_>>().join(", ");
    let registry = standard().with(OpDef::new("Lost", |call, _: &NoOptions| call.emit(Lost)).ports(&["x"]));
    let text = format!("Model(graphrun: 1, inputs: {{ {declared} }}, nodes: {{ {nodes} }}, outputs: [f])");
    let model = load_str("test.ron".as_ref(), &text, &registry, &Default::default());
    let model = model.unwrap_or_else(|found| panic!("{text}: {found}"));
    let graph = model.graph(Phase::Test);
    let sizes = |n: usize| if n == 1 { Shape::SCALAR } else { Shape::of(&[n]) };
    let mut values = Values::new();
    for (name, data) in inputs {
        values.insert((*name).into(), Array::real(sizes(data.len()), data.to_vec()).unwrap());
    }
    for (name, data) in indices {
        values.insert((*name).into(), Array::index(sizes(data.len()), data.to_vec()).unwrap());
    }
    let problem = Problem::new(graph, graph.outputs[0].1, &values);
    check_graph(&problem, &Executor::default(), &Options::default()).unwrap()
}

fn verdict(nodes: &str, x: f64) -> Verdict {
    check(nodes, &[("x", &[x])]).verdict
}

#[test]
fn large_numbers_elsewhere_hide_no_wrong_gradient() {
    let nodes = "big: Square(x), g: Inv(big), s: Lost(y), w: Mul(100, s), zz: Mul(z, 1e9), f: Add(xs: [g, w, zz])";
    let report = check(nodes, &[("x", &[1e8]), ("y", &[1.0]), ("z", &[0.0])]);
    let y = report.entries.iter().find(|e| e.name == "y").unwrap();
    assert_eq!(y.verdict, Verdict::Fail, "{report}");
    let nodes =
        "u: Sub(t, 1.7e18), v: Div(u, 1e15), p: Mul(v, w), s: Lost(b), o: Add(xs: [p, s]), y: Tanh(o), f: Mean(y)";
    let report = check(nodes, &[("t", &[1.7e18, 1.701e18, 1.702e18, 1.703e18]), ("w", &[0.5]), ("b", &[0.1])]);
    assert_eq!(report.verdict, Verdict::Fail, "{report}");
}

#[test]
fn right_gradients_pass_at_every_size() {
    for (nodes, x) in [
        ("f: Log(x)", 1e5),
        ("f: Log(x)", 1e10),
        ("f: Log(x)", 1e-10),
        ("f: Inv(x)", 1e5),
        ("f: Inv(x)", 1e-6),
        ("f: Inv(x)", 1e-9),
        ("f: Sqrt(x)", 1e-12),
        ("f: Mul(x, 1e-300)", 1.0),
        ("f: Relu(x)", 1e10),
        ("f: Sin(x)", 1e8),
        ("f: Mul(x, 3)", 1e300),
        ("f: Square(x)", 1e150),
    ] {
        assert_eq!(verdict(nodes, x), Verdict::Pass, "{nodes} at {x:e}");
    }
    assert_eq!(verdict("f: Square(x)", 1e160), Verdict::Inconclusive);
}

#[test]
fn kinks_in_series_are_kinks() {
    let leaky = "a: LeakyRelu(x: x, alpha: 0.3), n: Neg(a), f: LeakyRelu(x: n, alpha: 0.125)";
    for nodes in [
        leaky,
        "a: Relu(x), n: Neg(a), f: Relu(n), ",
        "f: Abs(x)",
        "a: LeakyRelu(x: x, alpha: 0.3), n: Neg(a), e: LeakyRelu(n), f: Exp(e)",
    ] {
        let got = verdict(nodes, 0.0);
        let constant = nodes.starts_with("a: Relu");
        assert_eq!(got, if constant { Verdict::Vacuous } else { Verdict::Kink }, "{nodes}");
    }
}

#[test]
fn a_smooth_point_wants_the_slope_that_is_there() {
    for nodes in [
        "a: Relu(x), n: Neg(x), b: Relu(n), f: Sub(a, b)",
        "z: Mul(x, 0), c: Equal(x, 0), f: Where(c, z, x)",
        // Not finite at all.
        "f: Sqrt(x)",
        "f: Pow(x, 0.5)",
    ] {
        assert_eq!(verdict(nodes, 0.0), Verdict::Fail, "{nodes}");
    }
}

/// Numbers away from 0, with zeros at the first places.
fn with_zeros(size: usize, zeros: usize) -> Vec<f64> {
    (0..size).map(|k| if k < zeros { 0.0 } else { ((k * 7919) % 101) as f64 / 50.5 - 0.995 }).collect()
}

#[test]
fn kinks_in_a_large_tensor_hide_nothing() {
    let wrong = "q: Relu(x), f0: Sum(q), a: Slice(x: x, axis: 0, start: 150, end: 151), s: Lost(a), e: Mul(s, -3), f1: Sum(e), f: Add(f0, f1)";
    let right = "q: Relu(x), f: Sum(q)";
    for zeros in [0, 1, 20, 50, 120] {
        let x = with_zeros(200, zeros);
        let found = check(wrong, &[("x", &x)]);
        assert_eq!((found.verdict, found.entries[0].worst_index), (Verdict::Fail, Some(150)), "{zeros}: {found}");
        let clean = check(right, &[("x", &x)]);
        let expect = if zeros == 0 { Verdict::Pass } else { Verdict::Kink };
        assert_eq!((clean.verdict, clean.entries[0].kinks), (expect, zeros), "{zeros}: {clean}");
    }
    for zeros in [150, 200] {
        let report = check(right, &[("x", &with_zeros(200, zeros))]);
        assert_eq!(report.verdict, Verdict::Inconclusive, "{zeros}: {report}");
        assert!(report.evaluations() < 6000, "{zeros}: {report}");
    }
}

#[test]
fn nan_zero_empty_integers_and_ties_have_their_verdicts() {
    assert_eq!(check("f: Square(x)", &[("x", &[f64::NAN])]).verdict, Verdict::Fail);
    let zero = check("q: Mul(x, 0), f: Sum(q)", &[("x", &[1.0, 2.0])]);
    assert_eq!((zero.verdict, zero.entries[0].verdict), (Verdict::Vacuous, Verdict::Vacuous), "{zero}");
    let beside = check("q: Mul(x, 0), r: Sum(q), f: Add(r, y)", &[("x", &[1.0, 2.0]), ("y", &[3.0])]);
    assert!(beside.entries.iter().all(|e| e.verdict == Verdict::Pass), "{beside}");
    let empty = check("f: Sum(x)", &[("x", &[])]);
    assert_eq!(empty.verdict, Verdict::Vacuous, "{empty}");
    let integers = check_with("g: Pick(x, i), f: Sum(g)", &[("x", &[1.0, 2.0, 3.0, 4.0])], &[("i", &[2])]);
    assert_eq!((integers.verdict, integers.entries.len()), (Verdict::Pass, 1), "{integers}");
    let tie = check("f: Max(x)", &[("x", &[0.25, 0.5, 0.5])]);
    let found = &tie.entries[0];
    assert_eq!((tie.verdict, found.kinks, found.worst_index), (Verdict::Kink, 2, Some(2)), "{tie}");
    // The slopes on both sides agree in their mean with the gradient, and the element is named all the same.
    let kink = check("a: Abs(x), f: Sum(a)", &[("x", &[-1.0, 0.0, 2.0])]);
    let found = &kink.entries[0];
    assert_eq!((kink.verdict, found.kinks, found.worst_index), (Verdict::Kink, 1, Some(1)), "{kink}");
}

#[test]
fn what_is_detached_is_held_fixed() {
    let held = "h: StopGradient(x), f: Mul(x, h)";
    let rounded = "r: Round(x), e: Sub(r, x), h: StopGradient(e), s: Add(x, h), f: Square(s)";
    let formula = "f: Formula(\"x * stop_gradient(x^2) + stop_gradient(x)\", { x: x })";
    let twice = "h: StopGradient(x), p: Mul(x, h), k: StopGradient(p), f: Mul(p, k)";
    for (nodes, gradient) in [(held, 1.25), (rounded, 2.0), (formula, 1.5625), (twice, 1.953125)] {
        let report = check(nodes, &[("x", &[1.25])]);
        assert_eq!((report.verdict, report.entries[0].analytic), (Verdict::Pass, gradient), "{nodes}: {report}");
    }
    let wrong = check("h: StopGradient(x), l: Lost(x), f: Add(xs: [x, h, l])", &[("x", &[1.25])]);
    assert_eq!((wrong.verdict, wrong.entries[0].numeric.round()), (Verdict::Fail, 2.0), "{wrong}");
    assert_eq!(verdict("f: StopGradient(x)", 1.25), Verdict::Vacuous);
    // Beside the kink of the sum the detached values are those beside it.
    let kinked = "h: StopGradient(x), a: Relu(x), n: Neg(x), b: Relu(n), p: Mul(a, h), q: Mul(b, 2), f: Add(p, q)";
    assert_eq!(verdict(kinked, 0.0), Verdict::Kink);
}

/// Every window takes the first of equals, so that all those that begin with one element send it their gradients, and the
/// sum lies beyond both one-sided slopes: no chance finds that choice, and it is a right one all the same.
#[test]
fn many_ties_at_once_are_a_kink() {
    let nodes = "t: Tile(x: x, repeats: [16]), r: Reshape(x: t, shape: [1, 1, 1, 32]), \
                 p: MaxPool(x: r, kernel: [1, 2], stride: 1), q: Reshape(x: p, shape: [31]), f: Dot(q, w)";
    let w: Vec<f64> = (0..31).map(|k| if k % 2 == 0 { 1.0 } else { -0.9 }).collect();
    let report = check(nodes, &[("x", &[0.5, 0.5]), ("w", &w)]);
    assert_eq!(report.entries[0].verdict, Verdict::Kink, "{report}");
}
