//! Real files, mutated: whatever a file says, loading answers with a model or with findings that have places.
//!
//! `PROPTEST_CASES=1000000 cargo test -p graphrun-load --test load mutate` makes a long run of it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use graphrun_load::{LoadOptions, fmt_source, load_str};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::model_files;

/// Pieces that a mutation puts in.
const PIECES: [&str; 40] = [
    "",
    " ",
    ",",
    ":",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "_",
    "-",
    "0",
    "1",
    "64",
    "999999999999",
    "1e308",
    "0.5",
    "x",
    "y",
    "N",
    "Exp",
    "Add",
    "Linear",
    "Chain(x, [Exp])",
    "Repeat(3, [Exp])",
    "Apply(act, x)",
    "Formula(\"x+1\", {x: x})",
    "units: 3",
    "include: [\"a.ron\"],",
    "inf",
    "None",
    "true",
    "Node",
    "Int(2)",
    "\"h.s\"",
    "// c\n",
    "µ",
];

/// One change: a range of the text, by where it starts and how long it is, replaced by a piece or by another range.
#[derive(Clone, Debug)]
enum Change {
    Replace(Index, usize, Index),
    Copy(Index, usize, Index),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => (any::<Index>(), 0..12usize, any::<Index>()).prop_map(|(at, length, piece)| Change::Replace(at, length, piece)),
        1 => (any::<Index>(), 1..80usize, any::<Index>()).prop_map(|(at, length, to)| Change::Copy(at, length, to)),
    ]
}

fn apply(text: &str, change: &Change) -> String {
    let chars: Vec<char> = text.chars().collect();
    let range = |at: &Index, length: usize| {
        let start = at.index(chars.len() + 1);
        start..(start + length).min(chars.len())
    };
    let (range, with): (_, Vec<char>) = match change {
        Change::Replace(at, length, piece) => (range(at, *length), PIECES[piece.index(PIECES.len())].chars().collect()),
        Change::Copy(at, length, to) => (range(to, 0), chars[range(at, *length)].to_vec()),
    };
    chars[..range.start].iter().chain(&with).chain(&chars[range.end..]).collect()
}

/// Every model file of the repository, wrong ones too.
fn files() -> Vec<(PathBuf, String)> {
    let text = |path: &PathBuf| String::from_utf8_lossy(&std::fs::read(path).expect("a file")).into_owned();
    model_files(&["graphs", "tests/wrong"]).into_iter().map(|path| (path.clone(), text(&path))).collect()
}

fn check(path: &Path, text: &str) {
    let registry = graphrun_nodes::standard();
    let options = LoadOptions { max_nodes: 5_000, ..LoadOptions::default() };
    let start = Instant::now();
    if let Err(found) = load_str(path, text, &registry, &options) {
        assert!(!found.list.is_empty(), "refused without a reason:\n{text}");
        assert!(found.records().iter().all(|record| record.line > 0 && !record.message.is_empty()));
        assert!(!found.render(false).is_empty());
    }
    if let Ok(once) = fmt_source("a.ron", text) {
        assert_eq!(fmt_source("a.ron", &once).ok().as_deref(), Some(once.as_str()), "not idempotent:\n{text}");
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?} for\n{text}", start.elapsed());
}

#[test]
fn mutated_files_are_models_or_findings() {
    let files = files();
    let config = ProptestConfig { failure_persistence: None, max_shrink_iters: 2_000, ..ProptestConfig::default() };
    let strategy = (any::<Index>(), prop::collection::vec(change(), 1..6));
    proptest::test_runner::TestRunner::new(config)
        .run(&strategy, |(file, changes)| {
            let (path, text) = &files[file.index(files.len())];
            check(path, &changes.iter().fold(text.clone(), |text, change| apply(&text, change)));
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn hostile_files_are_refused_at_once() {
    let deep = "Model(graphrun: 1, nodes: { y: Chain(x, [".repeat(200_000);
    let wide = format!("Model(graphrun: 1, nodes: {{ {} }})", "y: Exp(x), ".repeat(100_000));
    let names: String = (0..40_000).map(|k| format!("n{k}: Foo(m{k}), ")).collect();
    let unknown = format!("Model(graphrun: 1, nodes: {{ {names} }}, outputs: [n1])");
    let doubling: String = (1..60)
        .map(|k| {
            format!("B{k}: (args: {{ x: Node }}, nodes: {{ a: B{}(x), b: B{}(a) }}, outputs: [b]), ", k - 1, k - 1)
        })
        .collect();
    let blocks = format!(
        "Model(graphrun: 1, blocks: {{ B0: (args: {{ x: Node }}, nodes: {{ b: Exp(x) }}, outputs: [b]), {doubling} }},
        inputs: {{ x: [] }}, nodes: {{ y: B59(x) }}, outputs: [y])"
    );
    let rounds = "Model(graphrun: 1, blocks: { B: (args: { x: Node, n: Int, act: Op }, nodes: { y: Chain(x,
        [Repeat(n, [Repeat(n, [Repeat(n, [act])])])]) }, outputs: [y]) }, inputs: { x: [] }, nodes: { y: B(x: x, n: 99999, act: 3) }, outputs: [y])";
    for text in [&"(".repeat(10 << 20), &"a".repeat(10 << 20), &deep, &wide, &unknown, &blocks, rounds] {
        let start = Instant::now();
        let registry = graphrun_nodes::standard();
        let found = load_str(
            Path::new("hostile.ron"),
            text,
            &registry,
            &LoadOptions { max_nodes: 50_000, ..LoadOptions::default() },
        );
        assert!(found.expect_err("hostile").records()[0].line > 0);
        assert!(start.elapsed() < Duration::from_secs(5), "{:?} for {}", start.elapsed(), &text[..60]);
    }
}
