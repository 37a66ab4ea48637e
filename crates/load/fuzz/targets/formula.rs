//! Any text is a formula or is refused with a place in it.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run formula --fuzz-dir crates/load/fuzz -- -timeout=1 -rss_limit_mb=256 -runs=1000000`

#![no_main]

use std::sync::LazyLock;

use graphrun_expr::Expr;
use graphrun_graph::Registry;
use libfuzzer_sys::fuzz_target;

static REGISTRY: LazyLock<Registry> = LazyLock::new(graphrun_nodes::standard);

fuzz_target!(|text: &str| match Expr::parse(text, &["x", "y"], &*REGISTRY) {
    Ok(expr) => {
        expr.simplify().eval(&[0.5, 2.0]);
    },
    Err(error) => assert!(text.get(error.span).is_some() && !error.message.is_empty()),
});
