//! Models made up at random, laid out at random: formatting them changes nothing but the layout.
//!
//! A thousand by default; `GRAPHRUN_CASES=10000 cargo test -p graphrun-load --test load generated` makes more of them.

use std::path::Path;

use graphrun_graph::{Phase, Registry};
use graphrun_load::{LoadOptions, Model, fmt_source, load_str};

/// Numbers that follow from a seed (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const UNARY: [&str; 8] = ["Relu", "Tanh", "Sin", "Exp", "Neg", "Square", "Dropout", "LayerNorm"];
const INITS: [&str; 4] = ["Xavier", "He", "Const(0.5)", "Uniform(low: -1, high: 1e-3)"];
const FORMULAS: [&str; 4] =
    [r#""a*b + 1""#, r#""max(a, b) / 2.5e0""#, r##"r#"if(a < b, a, b)"#"##, r#""a^2 \u{2d} b""#];

/// An op for a chain: `Relu`, `Linear(units: 4)`, a block, a repeat.
fn link(r: &mut Random, depth: usize) -> String {
    match r.below(if depth > 1 { 4 } else { 6 }) {
        0 => format!("Linear(units: 4, bias: {}, init: {})", r.pick(&["true", "false"]), r.pick(&INITS)),
        1 => format!("Dense(act: {})", r.pick(&UNARY)),
        2 => "Formula(\"x * 2\")".to_owned(),
        4 | 5 => format!("Repeat({}, [{}])", 1 + r.below(3), links(r, depth + 1)),
        _ => r.pick(&UNARY).to_owned(),
    }
}

fn links(r: &mut Random, depth: usize) -> String {
    (0..=r.below(3)).map(|_| link(r, depth)).collect::<Vec<_>>().join(", ")
}

/// A model of arrays of shape [N, 4], on one line.
fn model(r: &mut Random) -> String {
    let mut known: Vec<String> = ["x", "y", "scaled"].map(str::to_owned).into();
    let mut nodes = vec!["scaled: Mul(x, w)".to_owned()];
    for k in 0..1 + r.below(8) {
        let node = |r: &mut Random| known[r.below(known.len())].clone();
        let (a, b) = (node(r), node(r));
        let value = match r.below(9) {
            0 => format!("Add({a}, {b}, {})", r.pick(&["1", "-0.5", "2e-3", "+3"])),
            1 => format!("Mul(xs: [{a}, {b}])"),
            2 => format!("Linear(x: {a}, units: 4, init: {})", r.pick(&INITS)),
            3 => format!("Chain({a}, [{}])", links(r, 0)),
            4 => format!("Formula({}, {{ a: {a}, b: {b} }})", r.pick(&FORMULAS)),
            5 => format!("Dense(x: {a}, act: {}, init: {})", r.pick(&UNARY), r.pick(&INITS)),
            6 => format!("Slice(x: {a}, axis: 1, start: 0, end: 4)"),
            7 => format!("Apply({}, {a})", r.pick(&UNARY)),
            _ => format!("{}({a})", r.pick(&UNARY)),
        };
        nodes.push(format!("n{k}: {value}"));
        known.push(format!("n{k}"));
        if r.below(6) == 0 && value.starts_with("Dense") {
            known.push(format!("\"n{k}.s\""));
        }
    }
    for k in (1..nodes.len()).rev() {
        nodes.swap(k, r.below(k + 1));
    }
    let last = known.len() - 1;
    let tests = match r.below(2) {
        0 => String::new(),
        _ => format!(
            "tests: [(given: {{ x: [[1, -2.5, inf, 0]], y: [[0, 1, 2, 3]] }}, params: {{ w: [1, 2, 3, 4] }}, value: {{ {}: [[0, 0, 0, 0]] }})],",
            known[last]
        ),
    };
    format!(
        "Model(graphrun: 1, doc: \"{}\", blocks: {{ Dense: (args: {{ x: Node, act: Op(Identity), init: Init(He) }},
        nodes: {{ s: Linear(x: x, units: 4, init: init), y: Apply(act, s) }}, outputs: [y]) }},
        sizes: {{ N: {} }}, inputs: {{ x: [N, 4], y: [N, 4] }}, params: {{ w: (shape: [{}], init: {}, trainable: {}) }},
        nodes: {{ {} }}, outputs: [{}], {tests})",
        r.pick(&["", "plain", "two\\nlines", "µ \\\" \\t"]),
        1 + r.below(9),
        r.pick(&["4", "\"2 + 2\"", "_"]),
        r.pick(&INITS),
        r.pick(&["true", "false"]),
        nodes.join(", "),
        known[last]
    )
}

/// The same text with other blanks and with comments between its tokens; answers the comments, too.
fn laid_out(r: &mut Random, text: &str) -> (String, Vec<String>) {
    let (mut out, mut comments) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c.is_whitespace() {
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let token = match c {
            'r' if rest.starts_with("r#\"") => 3 + rest[3..].find("\"#").map_or(0, |end| end + 2),
            '"' => {
                let mut escaped = false;
                let end = rest[1..].find(|c| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                });
                end.map_or(rest.len(), |end| end + 2)
            }
            _ if "()[]{},:".contains(c) => 1,
            _ => rest.find(|c: char| c.is_whitespace() || "()[]{},:".contains(c)).unwrap_or(rest.len()),
        };
        let (token, behind) = rest.split_at(token);
        out.push_str(token);
        rest = behind;
        match r.below(24) {
            0 => out.push('\n'),
            1 => out.push_str("\t  "),
            2 => {
                comments.push(format!("// note {}.", comments.len()));
                out.push_str(&format!(" {}\n", comments[comments.len() - 1]));
            }
            3 => {
                comments.push(format!("/* note {}. */", comments.len()));
                out.push_str(&comments[comments.len() - 1]);
            }
            _ => {}
        }
    }
    (out, comments)
}

/// Everything that a model says beside its layout.
fn meaning(model: &Model) -> String {
    let graphs = [Phase::Test, Phase::Train].map(|phase| {
        let graph = model.graph(phase);
        let starts: Vec<String> =
            graph.parameters().iter().map(|p| format!("{} {} {}", p.name, p.init.text(), p.trainable)).collect();
        format!("{graph}{:?}{:?}{:?}{starts:?}", graph.names(), graph.outputs, graph.sizes)
    });
    let nodes: Vec<String> =
        model.nodes.iter().map(|node| format!("{} {} {:?}", node.name, node.op, node.id)).collect();
    format!("{:?}{graphs:?}{nodes:?}{:?}", model.doc, model.tests.iter().map(|case| &case.value).collect::<Vec<_>>())
}

fn check(seed: u64, registry: &Registry) {
    let mut r = Random(seed);
    let line = model(&mut r);
    let (text, comments) = laid_out(&mut r, &line);
    let load = |text: &str| load_str(Path::new("a.ron"), text, registry, &LoadOptions::default());
    let plain = load(&line).unwrap_or_else(|found| panic!("seed {seed}: {found}"));
    let once = fmt_source("a.ron", &text).unwrap_or_else(|found| panic!("seed {seed}: {found}\n{text}"));
    let formatted = load(&once).unwrap_or_else(|found| panic!("seed {seed}: {found}\n{once}"));
    assert_eq!(meaning(&plain), meaning(&formatted), "seed {seed}:\n{text}\n{once}");
    assert_eq!(fmt_source("a.ron", &once).ok().as_deref(), Some(once.as_str()), "seed {seed}: not idempotent");
    for comment in comments {
        assert_eq!(once.matches(&comment).count(), 1, "seed {seed}: `{comment}` in\n{text}\n{once}");
    }
}

#[test]
fn formatting_changes_only_the_layout() {
    let registry = graphrun_nodes::standard();
    let cases = std::env::var("GRAPHRUN_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000);
    (0..cases).for_each(|seed| check(seed, &registry));
}
