#![doc = include_str!("../README.md")]

mod block;
mod build;
mod call;
mod cases;
mod clash;
pub mod diagnostics;
mod document;
mod expand;
mod fields;
mod files;
mod flat;
mod fmt;
mod literal;
mod members;
mod model;
mod options;
mod order;
mod overrides;
mod params;
mod print;
mod schema;
mod scope;
mod sizes;
mod structure;
pub mod syntax;

pub use cases::{TOLERANCE, TestCase};
pub use files::read_source;
pub use fmt::fmt_source;
pub use literal::Literal;
pub use model::{LoadOptions, Model, ModelNode, load, load_str};
pub use print::{PrintOptions, print};
pub use schema::{Schema, schema};
