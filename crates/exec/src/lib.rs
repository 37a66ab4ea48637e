#![doc = include_str!("../README.md")]

mod array;
mod executor;
mod run;
mod session;

pub use array::{Array, Data};
pub use executor::{Executor, Threads};
pub use run::Draw;
pub use session::{ExecError, Options, Session};
