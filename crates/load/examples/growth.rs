//! How long loading and checking takes as models grow: chains of plain nodes, and as many nodes out of repeated blocks.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use graphrun_load::{LoadOptions, load_str};

fn plain(nodes: usize) -> String {
    let mut text = String::from("Model(graphrun: 1, inputs: { n0: [N, 64] }, nodes: {\n");
    for node in 1..=nodes {
        let _ = writeln!(text, "    n{node}: {}(n{}),", ["Exp", "Neg", "Sin"][node % 3], node - 1);
    }
    let _ = writeln!(text, "}}, outputs: [n{nodes}])");
    text
}

fn repeated(nodes: usize) -> String {
    format!(
        "Model(graphrun: 1, blocks: {{ Step: (args: {{ x: Node, by: Real }}, nodes: {{ s: Mul(x, by), y: Exp(s) }}, outputs: [y]) }},
        inputs: {{ x: [N, 64] }}, nodes: {{ y: Chain(x, [Repeat({}, [Step(by: 0.5)])]) }}, outputs: [y])",
        nodes / 2
    )
}

fn main() -> std::io::Result<()> {
    let registry = graphrun_nodes::standard();
    let mut out = std::io::stdout();
    for nodes in [1_000, 10_000, 100_000] {
        for (name, text) in [("plain", plain(nodes)), ("repeated", repeated(nodes))] {
            let start = Instant::now();
            let model = load_str(Path::new("chain.ron"), &text, &registry, &LoadOptions::default());
            let milliseconds = start.elapsed().as_secs_f64() * 1e3;
            let outcome = if model.is_ok() { "loads" } else { "fails" };
            writeln!(out, "{nodes:>7} nodes, {name:<8} {outcome} in {milliseconds:8.1} ms")?;
        }
    }
    Ok(())
}
