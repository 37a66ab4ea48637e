//! Any text loads as a model or is refused with findings; what reads formats, and formats again to the same.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run load --fuzz-dir crates/load/fuzz -- -timeout=1 -rss_limit_mb=256 -runs=1000000`

#![no_main]

use std::sync::LazyLock;

use graphrun_load::{LoadOptions, fmt_source, load_str};
use libfuzzer_sys::fuzz_target;

static REGISTRY: LazyLock<graphrun_graph::Registry> = LazyLock::new(graphrun_nodes::standard);

fuzz_target!(|text: &str| {
    let options = LoadOptions { max_nodes: 5_000, ..LoadOptions::default() };
    if let Err(found) = load_str("fuzz.ron".as_ref(), text, &REGISTRY, &options) {
        assert!(!found.render(false).is_empty() && found.records().iter().all(|record| record.line > 0));
    }
    if let Ok(once) = fmt_source("fuzz.ron", text) {
        assert_eq!(fmt_source("fuzz.ron", &once).ok().as_deref(), Some(once.as_str()));
    }
});
