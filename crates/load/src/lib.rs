#![doc = include_str!("../README.md")]

mod block;
mod build;
mod call;
mod cases;
mod clash;
pub mod diagnostics;
mod document;
mod doubts;
mod expand;
mod fields;
mod files;
mod fit;
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
mod starts;
mod structure;
pub mod syntax;
mod weight;

pub use cases::{TOLERANCE, TestCase};
pub use doubts::{Doubts, Partial};
pub use fmt::{fmt_model, fmt_source};
pub use literal::Literal;
pub use model::{Draft, LoadOptions, Model, ModelNode, draft, load, load_str};
pub use print::{PrintOptions, print};
pub use schema::{Schema, schema};
