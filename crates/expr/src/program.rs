//! Tile programs: expressions over a `rows x inner` iteration space, compiled once and run block by block.

mod compile;
mod kernels;
mod lower;
mod run;
mod spec;

pub use compile::Program;
#[cfg(test)]
pub(crate) use kernels::unary;
pub use run::{RawSource, Source};
pub use spec::{Input, Output, Reduce, Spec, Value};
