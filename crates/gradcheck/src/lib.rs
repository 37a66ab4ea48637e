#![doc = include_str!("../README.md")]

mod curve;
mod difference;
mod function;
mod ladder;
mod options;
mod probe;
mod report;
mod tensor;

pub use curve::{Curve, curve};
pub use difference::{Method, gradient, jacobian, relative_error};
pub use function::{check_function, check_jacobian, check_second_order};
pub use ladder::{Estimate, Range, derivative};
pub use options::Options;
pub use report::{Entry, Report, Verdict};
