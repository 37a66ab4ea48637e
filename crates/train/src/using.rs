//! Measuring and using a model that has been trained.

use std::path::Path;

use graphrun_data::{Batches, Part, Source};
use graphrun_exec::{Array, Draw};
use graphrun_graph::{Graph, Phase};
use graphrun_load::Model;
use graphrun_tensor::Shape;

use crate::engine::Engine;
use crate::error::TrainError;
use crate::evaluation::{Planner, measured, widths};
use crate::experiment::Experiment;
use crate::meters::Meters;
use crate::metric::Series;
use crate::record::Scores;
use crate::trainer::RunOptions;
use crate::weights::Weights;

/// Measures a model with the weights in the file `path` on the test part of its data, or on all of it when nothing
/// was held back.
///
/// # Errors
/// When the weights are not those of the model, or the plan takes more memory than it may.
pub fn evaluate(
    model: &Model,
    experiment: &Experiment,
    path: &Path,
    options: &RunOptions,
) -> Result<Scores, TrainError> {
    let Experiment { spec, data } = experiment;
    let part = data.test.as_ref().unwrap_or(&data.train);
    let graph = measured(model, spec)?;
    let weights = Weights::load(path)?;
    weights.check(&graph, path)?;
    let mut engine = Engine::new(&graph, options.dtype, spec.seed, options.max_bytes)?;
    engine.set(&weights.arrays);
    let evaluation = Planner { engine: &mut engine, options, scalars: &[] }.evaluation(&graph, part, spec)?;
    let names: Vec<String> = graph.outputs.iter().map(|(name, _)| name.clone()).collect();
    let widths = widths(engine.lane(evaluation.first()), names.len());
    let mut meters = Meters::new(&spec.metrics, &names, &widths, part.rows());
    Ok(evaluation.measure(&mut engine, part, &mut meters, spec.seed))
}

/// The outputs of a model, or `only` the one of this name, with the weights in the file `path`, for every row of
/// `source`, or of the test part (or of all data, when nothing was held back) without one. Inputs that no output needs
/// are not fed.
///
/// # Errors
/// When there is no such output, the weights are not those of the model, the source does not feed its inputs, or an
/// output has no rows.
pub fn predict(
    model: &Model,
    experiment: &Experiment,
    path: &Path,
    source: Option<&Source>,
    only: Option<&str>,
    options: &RunOptions,
) -> Result<Vec<(String, Array)>, TrainError> {
    let Experiment { spec, data } = experiment;
    let mut graph = model.graph(Phase::Test).clone();
    graph.loss = None;
    keep(&mut graph, only)?;
    let reachable = graph.reachable();
    let needed: Vec<&str> =
        graph.inputs().iter().filter(|(_, id)| reachable[id.index()]).map(|(name, _)| &**name).collect();
    let other = match source {
        Some(source) => Some(data.part(source, &needed).map_err(|e| TrainError::new(e.to_string(), e.help))?),
        None => None,
    };
    let part: &Part = other.as_ref().or(data.test.as_ref()).unwrap_or(&data.train);
    let weights = Weights::load(path)?;
    weights.check(&graph, path)?;
    let mut engine = Engine::new(&graph, options.dtype, spec.seed, options.max_bytes)?;
    engine.set(&weights.arrays);
    let batches = Batches::new(part.rows(), spec.batch.unwrap_or(part.rows()).min(part.rows()));
    let lanes = Planner { engine: &mut engine, options, scalars: &[] }.pair(&graph, part, &batches)?;
    let mut outputs: Vec<Vec<f64>> = vec![Vec::new(); graph.outputs.len()];
    for i in 0..batches.len() {
        let positions = batches.batch(i);
        let lane = engine.enter(lanes[usize::from(positions.len() < batches.batch(0).len())]);
        lane.feed(part, positions);
        lane.run(Draw { seed: spec.seed, step: 0 });
        for (k, out) in outputs.iter_mut().enumerate() {
            let series: Series<'_> = lane.series(k);
            out.extend((0..series.len()).map(|i| series.get(i)));
        }
    }
    let arrays = graph.outputs.iter().enumerate().zip(outputs).map(|((k, (name, _)), values)| {
        let row = engine.lane(lanes[0]).shape(k);
        let Some((_, row)) = row.sizes().split_first() else {
            let message = format!("output `{name}` is one number for all rows, not one a row");
            return Err(TrainError::new(message, "choose another output, or feed the inputs"));
        };
        let sizes: Vec<usize> = std::iter::once(part.rows()).chain(row.iter().copied()).collect();
        let large = |e: String| TrainError::new(format!("output `{name}`: {e}"), "choose another output");
        let shape = Shape::new(&sizes).map_err(|e| large(e.to_string()))?;
        Ok((name.clone(), Array::real(shape, values).map_err(large)?))
    });
    arrays.collect()
}

/// Leaves of the outputs `only` the one of this name, where one is asked for.
fn keep(graph: &mut Graph, only: Option<&str>) -> Result<(), TrainError> {
    let Some(only) = only else { return Ok(()) };
    let names: Vec<String> = graph.outputs.iter().map(|(name, _)| format!("`{name}`")).collect();
    graph.outputs.retain(|(name, _)| name == only);
    match graph.outputs.is_empty() {
        true => {
            let help = format!("write one of {}", names.join(", "));
            Err(TrainError::new(format!("the model has no output `{only}`"), help))
        }
        false => Ok(()),
    }
}
