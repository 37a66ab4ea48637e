//! `graphrun eval` and `graphrun predict`: what trained weights do.

use std::path::PathBuf;

use comfy_table::Table;
use graphrun::tensor::Dtype;
use graphrun::train::{evaluate, predict as outputs, standard};
use graphrun::{Experiment, Model, RunOptions};
use serde_json::{Map, Value};

use crate::args::Common;
use crate::failure::{Failure, Found, say};
use crate::json;
use crate::model::open;
use crate::train::row;

#[derive(clap::Args, Debug)]
pub(crate) struct EvalArgs {
    #[command(flatten)]
    trained: Trained,
}

#[derive(clap::Args, Debug)]
pub(crate) struct PredictArgs {
    #[command(flatten)]
    trained: Trained,
}

#[derive(clap::Args, Debug)]
struct Trained {
    /// The model file
    file: PathBuf,
    /// Trained weights [default: those of the last run under runs/]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Replace a value of the file by its path
    #[arg(long, value_name = "PATH=VALUE")]
    with: Vec<String>,
}

struct Ready {
    model: Model,
    experiment: Experiment,
    weights: PathBuf,
    options: RunOptions,
}

impl Trained {
    fn open(&self, common: &Common) -> Result<Ready, Failure> {
        let model = open(&self.file, &self.with, common)?;
        let experiment = Experiment::read(&model, &standard())?;
        let weights = match &self.weights {
            Some(path) => path.clone(),
            None => self.last().ok_or_else(|| {
                Failure::new(format!("there is no run of {} under runs/", self.file.display()))
                    .help("train it first, or name the weights with --weights")
            })?,
        };
        let options = RunOptions {
            dtype: common.dtype(Dtype::F32),
            threads: common.pool()?,
            max_bytes: common.max_bytes(),
            ..RunOptions::default()
        };
        Ok(Ready { model, experiment, weights, options })
    }

    /// The weights of the run of the highest number.
    fn last(&self) -> Option<PathBuf> {
        let prefix = format!("{}-", self.file.file_stem()?.to_str()?);
        let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.strip_prefix(&prefix)?.parse::<u64>().ok();
        let latest = std::fs::read_dir("runs").ok()?.flatten().filter_map(number).max()?;
        Some(PathBuf::from(format!("runs/{prefix}{latest}/weights.safetensors")))
    }
}

pub(crate) fn eval(args: &EvalArgs, common: &Common) -> Result<Found, Failure> {
    let Ready { model, experiment, weights, options } = args.trained.open(common)?;
    let scores = evaluate(&model, &experiment, &weights, &options)?;
    if common.json {
        say(scores.json())?;
    } else {
        let mut table = Table::new();
        let names = scores.metrics.iter().map(|(name, _)| name.clone());
        table.set_header(["".to_string(), "loss".into()].into_iter().chain(names));
        table.add_row(row("held out", &scores));
        say(table)?;
    }
    Ok(Found::Nothing)
}

pub(crate) fn predict(args: &PredictArgs, common: &Common) -> Result<Found, Failure> {
    let Ready { model, experiment, weights, options } = args.trained.open(common)?;
    let results = outputs(&model, &experiment, &weights, None, &options)?;
    let values: Map<String, Value> =
        results.iter().map(|(name, array)| (name.clone(), json::array(array, options.dtype))).collect();
    if common.json {
        say(serde_json::json!({ "values": values }))?;
        return Ok(Found::Nothing);
    }
    for (name, value) in &values {
        for (row, value) in value.as_array().into_iter().flatten().enumerate() {
            say(format!("{name}[{row}] = {}", json::text(value)))?;
        }
    }
    Ok(Found::Nothing)
}
