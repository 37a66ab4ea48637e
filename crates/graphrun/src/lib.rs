#![doc = include_str!("../README.md")]

use std::path::Path;

pub use graphrun_data as data;
pub use graphrun_exec as exec;
pub use graphrun_expr as expr;
pub use graphrun_gradcheck as gradcheck;
pub use graphrun_graph as graph;
pub use graphrun_load as load;
pub use graphrun_nodes as nodes;
pub use graphrun_plan as plan;
pub use graphrun_tensor as tensor;
pub use graphrun_train as train;

pub use graphrun_exec::{Array, Session};
pub use graphrun_graph::{Builder, Graph, Phase, Registry, Type};
pub use graphrun_load::Model;
pub use graphrun_load::diagnostics::Diagnostics;
pub use graphrun_train::{Experiment, RunOptions, Trainer};

/// Loads a model file with the standard operations.
///
/// # Errors
/// Everything that is wrong with it, each at its place.
pub fn open(path: impl AsRef<Path>) -> Result<Model, Diagnostics> {
    open_with(path, &nodes::standard())
}

/// Loads a model file with the operations of `registry`.
///
/// # Errors
/// Everything that is wrong with it, each at its place.
pub fn open_with(path: impl AsRef<Path>, registry: &Registry) -> Result<Model, Diagnostics> {
    load::load(path.as_ref(), registry, &load::LoadOptions::default())
}

/// Makes a trainer for a model with a `train` section, with the standard optimisers, schedules and metrics.
///
/// # Errors
/// What is wrong with the section or its data, in words.
pub fn trainer(model: &Model, options: RunOptions) -> Result<Trainer, Box<dyn std::error::Error>> {
    let experiment = Experiment::read(model, &train::standard()).map_err(|found| found.to_string())?;
    Ok(Trainer::new(model, experiment, options)?)
}
