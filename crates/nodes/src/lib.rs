#![doc = include_str!("../README.md")]

use graphrun_graph::Registry;

/// Every standard operation and initialiser.
#[must_use]
pub fn standard() -> Registry {
    Registry::new()
}
