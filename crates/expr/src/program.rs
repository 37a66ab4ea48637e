//! Tile programs: expressions over a `rows x inner` iteration space, compiled once and run block by block.

mod compile;
mod geometry;
mod in_place;
mod interpret;
mod kernels;
mod lower;
mod rows;
mod run;
mod source;
mod spec;
#[cfg(test)]
mod tests;

pub use compile::Program;
pub use in_place::Operand;
pub(crate) use interpret::Run;
#[cfg(test)]
pub(crate) use kernels::{LANES, Stream, Target, unary};
pub use source::{RawSource, Source};
pub use spec::{Input, Output, Reduce, Spec, Value};
