#![doc = include_str!("../README.md")]

mod call;
pub mod core;
mod emit;
mod formula;
mod grad;
mod graph;
mod identity;
mod init;
mod init_def;
mod kink;
mod op;
mod registry;
mod sample;
mod size;
mod stable;
#[cfg(test)]
mod tests;
pub mod ty;
mod verify;

pub use call::{Call, Options, Phase};
pub use formula::Formula;
pub use grad::{grad, gradient_graph};
pub use graph::{Builder, Graph, Node, NodeId, Parameter, snake};
pub use init::{Initialiser, Key, fans};
pub use init_def::InitDef;
pub use kink::Kink;
pub use op::{At, Context, Form, GradError, Leaf, Op, Reduce};
pub use registry::{Accuracy, OpDef, OptionDoc, Port, Registry};
pub use sample::{Bytes, Sample, SampleInput};
pub use size::{Size, Sizes, shape_text, size_text};
pub use stable::{moderate, stable};
pub use ty::{Kind, Type, TypeError};
pub use verify::verify;
