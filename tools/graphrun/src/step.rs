//! What one step of a model is: the graphs that `bench` times and `show --plan` plans.

use clap::ValueEnum;
use graphrun::graph::{Builder, grad};
use graphrun::train::{check_section, standard, step_graphs};
use graphrun::{Graph, Model, Phase};

use crate::failure::Failure;

/// What a step computes.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Mode {
    /// The outputs
    Forward,
    /// The loss and all gradients
    Gradient,
    /// Forward, backward and update
    Train,
}

/// The graph of one step.
pub(crate) fn step(model: &Model, mode: Mode) -> Result<Graph, Failure> {
    let mut graph = model.graph(if matches!(mode, Mode::Train) { Phase::Train } else { Phase::Test }).clone();
    match mode {
        Mode::Forward => {
            if !graph.outputs.is_empty() {
                graph.loss = None;
            }
            Ok(graph)
        }
        Mode::Gradient => {
            let of = graph.loss.or_else(|| graph.outputs.first().map(|(_, id)| *id));
            let of = of.ok_or_else(|| {
                let message = "the model has neither a loss nor an output to differentiate";
                Failure::new(message, "name one in the file: `outputs: [y]`")
            })?;
            let leaves = graph.differentiable_leaves();
            let mut b = Builder::from_graph(graph);
            let gradients = grad(&mut b, of, &leaves, None)?;
            b.graph_mut().outputs =
                gradients.into_iter().enumerate().map(|(k, id)| (format!("grad.{k}"), id)).collect();
            b.graph_mut().loss = Some(of);
            Ok(b.finish())
        }
        Mode::Train => {
            let mut found = graphrun::Diagnostics { sources: model.sources.clone(), list: Vec::new() };
            let spec = check_section(model, &standard(), &mut found).ok_or(Failure::Files(vec![found]))?;
            graph.outputs.clear();
            Ok(step_graphs(&graph, &spec)?.step)
        }
    }
}
