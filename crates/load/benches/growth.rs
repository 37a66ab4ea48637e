//! How long loading and checking takes as models grow: `cargo bench -p graphrun-load`.
//!
//! A model of 1,000 nodes is to take less than 20 ms, a chain of 100,000 less than 2 s, and a node of the one about as
//! long as a node of the other. The benchmark fails when a limit is missed.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use graphrun_load::{LoadOptions, load_str};

/// Nodes, and the most milliseconds that loading as many may take.
const LIMITS: [(usize, f64); 3] = [(1_000, 20.0), (10_000, 200.0), (100_000, 2_000.0)];

/// A chain of written nodes, each an op of `ops` fed with the one before.
fn chain(nodes: usize, ops: &[fn(usize) -> String]) -> String {
    let mut text = String::from("Model(graphrun: 1, inputs: { n0: [N, 8] }, nodes: {\n");
    for node in 1..=nodes {
        let _ = writeln!(text, "    n{node}: {},", ops[node % ops.len()](node - 1));
    }
    let _ = writeln!(text, "}}, outputs: [n{nodes}])");
    text
}

fn relu(nodes: usize) -> String {
    chain(nodes, &[|from| format!("Relu(n{from})")])
}

fn mixed(nodes: usize) -> String {
    chain(nodes, &[|from| format!("Relu(n{from})"), |from| format!("Linear(x: n{from}, units: 8)")])
}

/// As many nodes out of a block that is repeated; each use of it is a node, too.
fn repeated(nodes: usize) -> String {
    format!(
        "Model(graphrun: 1, blocks: {{ Step: (args: {{ x: Node, by: Real }}, nodes: {{ s: Mul(x, by), y: Exp(s) }}, outputs: [y]) }},
        inputs: {{ x: [N, 64] }}, nodes: {{ y: Chain(x, [Repeat({}, [Step(by: 0.5)])]) }}, outputs: [y])",
        nodes / 3
    )
}

fn main() -> std::io::Result<()> {
    let registry = graphrun_nodes::standard();
    let mut out = std::io::stdout();
    let mut missed = false;
    for (name, text) in [("relu", relu as fn(usize) -> String), ("linear, relu", mixed), ("repeated block", repeated)] {
        for (nodes, limit) in LIMITS {
            let text = text(nodes);
            let mut best = f64::INFINITY;
            for _ in 0..3 {
                let start = Instant::now();
                let model = load_str(Path::new("chain.ron"), &text, &registry, &LoadOptions::default());
                best = best.min(start.elapsed().as_secs_f64() * 1e3);
                missed |= model.is_err();
            }
            missed |= best > limit;
            let each = best * 1e3 / nodes as f64;
            writeln!(out, "{name:<15} {nodes:>7} nodes {best:9.2} ms, limit {limit:5} ms; {each:6.2} us a node")?;
        }
    }
    match missed {
        true => Err(std::io::Error::other("a limit is missed, or a model does not load")),
        false => Ok(()),
    }
}
