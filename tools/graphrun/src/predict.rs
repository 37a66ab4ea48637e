//! `graphrun predict`: the outputs of trained weights, for what is fed or for the held-out data.

use std::path::PathBuf;

use graphrun::data::npy_bytes;
use graphrun::exec::Session;
use graphrun::tensor::Dtype;
use graphrun::train::{files, predict, standard};
use graphrun::{Array, Experiment, Model, Phase};
use serde_json::{Map, Value, json};

use crate::args::Common;
use crate::eval::Trained;
use crate::failure::{Failure, Found, say};
use crate::json;
use crate::output::{NPY, Output};
use crate::run::set_weights;
use crate::values::{self, Feeds};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    trained: Trained,
    #[command(flatten)]
    feeds: Feeds,
    /// The output to give [default: all]
    #[arg(long, value_name = "NAME")]
    output: Option<String>,
    /// Write the output to a NumPy file
    #[arg(long, value_name = "FILE.npy")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    let (model, weights, options) = args.trained.open(common)?;
    let inputs = || files(&model).into_iter().chain([weights.clone()]).chain(args.feeds.files());
    let out = args.out.as_deref().map(|path| Output::new("--out", path, NPY, inputs())).transpose()?;
    let fed = args.feeds.read()?;
    let mut results = match fed.is_empty() {
        true => {
            predict(&model, &Experiment::read(&model, &standard())?, &weights, None, args.output.as_deref(), &options)?
        }
        false => outputs(&model, &fed, &weights, common)?,
    };
    if let Some(wanted) = &args.output {
        let names: Vec<String> = results.iter().map(|(name, _)| format!("`{name}`")).collect();
        results.retain(|(name, _)| name == wanted);
        if results.is_empty() {
            let help = format!("write one of {}", names.join(", "));
            return Err(Failure::new(format!("the model has no output `{wanted}`"), help));
        }
    }
    if let Some(out) = out {
        let [(name, array)] = &results[..] else {
            let message = format!("{} outputs do not fit into one file", results.len());
            return Err(Failure::new(message, "choose one with --output"));
        };
        out.write(&npy_bytes(array.shape().sizes(), &array.to_reals()))?;
        match common.json {
            true => say(json!({"output": name, "shape": array.shape().sizes(), "file": out.path()}))?,
            false => say(format!("{name} {} written to {}", array.shape(), out.path().display()))?,
        }
        return Ok(Found::Nothing);
    }
    let values: Map<String, Value> =
        results.iter().map(|(name, array)| (name.clone(), json::array(array, options.dtype))).collect();
    if common.json {
        say(json!({ "values": values }))?;
        return Ok(Found::Nothing);
    }
    for (name, value) in &values {
        let Value::Array(rows) = value else {
            say(format!("{name} = {}", json::text(value)))?;
            continue;
        };
        for (row, value) in rows.iter().enumerate() {
            say(format!("{name}[{row}] = {}", json::text(value)))?;
        }
    }
    Ok(Found::Nothing)
}

/// The outputs for what is fed; inputs that no output needs are not asked for.
fn outputs(
    model: &Model,
    fed: &[(String, Array)],
    weights: &std::path::Path,
    common: &Common,
) -> Result<Vec<(String, Array)>, Failure> {
    let mut graph = model.graph(Phase::Test).clone();
    graph.loss = None;
    let names: Vec<String> = graph.outputs.iter().map(|(name, _)| name.clone()).collect();
    let mut session = Session::new(graph, common.options(model, Dtype::F32)?)?;
    set_weights(&mut session, weights)?;
    values::run(&mut session, fed)?;
    Ok(names.into_iter().filter_map(|name| session.output(&name).map(|array| (name, array))).collect())
}
