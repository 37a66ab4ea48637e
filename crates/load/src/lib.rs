#![doc = include_str!("../README.md")]

pub mod diagnostics;
mod fmt;
pub mod syntax;

pub use fmt::fmt_source;
