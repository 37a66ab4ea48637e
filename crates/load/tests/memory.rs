//! What loading a long file takes, in a process of its own, whose peak is measured.

#![cfg(target_os = "linux")]

use std::fmt::Write as _;
use std::path::Path;

use graphrun_load::{LoadOptions, load_str};

/// The most memory that this process has had, in MiB.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("the status of this process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    line.split_whitespace().next().and_then(|kib| kib.parse::<usize>().ok()).expect("a number of KiB") / 1024
}

#[test]
fn a_chain_of_100_000_layers_loads_in_200_mib() {
    let nodes = 100_000;
    let mut text = String::from("Model(graphrun:1,inputs:{n0:[N,8]},nodes:{");
    for node in 1..=nodes {
        let _ = write!(text, "n{node}:Linear(x:n{},units:8),", node - 1);
    }
    let _ = write!(text, "}},outputs:[n{nodes}])");
    let registry = graphrun_nodes::standard();
    let model = load_str(Path::new("chain.ron"), &text, &registry, &LoadOptions::default()).expect("a model");
    assert_eq!(model.nodes.len(), nodes + 1);
    let peak = peak();
    assert!(peak <= 200, "{peak} MiB");
}
