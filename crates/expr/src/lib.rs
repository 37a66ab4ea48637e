#![doc = include_str!("../README.md")]

mod derivative;
mod eval;
mod expr;
mod func;
pub mod math;
mod parse;
mod program;
mod simplify;
mod tape;
#[cfg(test)]
mod tests;
mod text;

pub use expr::{Expr, ExprKind};
pub use func::{Binary, Func};
pub use math::Float;
pub use parse::{Function, Functions, ParseError};
pub use program::{Input, Operand, Output, Program, RawSource, Reduce, Source, Spec, Value};
pub use tape::Tape;
