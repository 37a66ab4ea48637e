//! `graphrun eval`: what trained weights score on the held-out data.

use std::path::{Path, PathBuf};

use graphrun::tensor::Dtype;
use graphrun::train::{Weights, evaluate, standard};
use graphrun::{Experiment, Model, RunOptions};

use crate::args::Common;
use crate::failure::{Failure, Found, say};
use crate::model::open;
use crate::runs::last_weights;
use crate::train::{row, scores_table};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    trained: Trained,
}

/// A model with the weights that it was trained to.
#[derive(clap::Args, Debug)]
pub(crate) struct Trained {
    /// The model file
    pub(crate) file: PathBuf,
    /// Trained weights [default: those of the last run under runs/]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Replace a value of the file by its path
    #[arg(long, value_name = "PATH=VALUE")]
    with: Vec<String>,
}

impl Trained {
    /// The model, the file of its weights, and how to run it.
    pub(crate) fn open(&self, common: &Common) -> Result<(Model, PathBuf, RunOptions), Failure> {
        let weights = self.weights.clone().or_else(|| last_weights(&self.file));
        let seed = self.seed(weights.as_deref(), common);
        let model = open(&self.file, &self.with, &Common { seed, ..common.clone() })?;
        let weights = weights.ok_or_else(|| {
            Failure::new(
                format!("there is no run of {} under runs/ that left weights", self.file.display()),
                "train it first, or name the weights with --weights",
            )
        })?;
        let options = RunOptions {
            dtype: common.dtype(Dtype::F32),
            threads: common.pool()?,
            max_bytes: common.max_bytes(),
            ..RunOptions::default()
        };
        Ok((model, weights, options))
    }

    /// The seed that is asked for, else that of the run that made the weights: it decided which rows were held back.
    fn seed(&self, weights: Option<&Path>, common: &Common) -> Option<u64> {
        let named = self.with.iter().any(|setting| setting.starts_with("train.seed="));
        let made = || Weights::load(weights?).ok()?.seed();
        common.seed.or_else(|| if named { None } else { made() })
    }
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    let (model, weights, options) = args.trained.open(common)?;
    let experiment = Experiment::read(&model, &standard())?;
    let scores = evaluate(&model, &experiment, &weights, &options)?;
    if common.json {
        say(scores.json())?;
    } else {
        let mut table = scores_table(&scores);
        let part = if experiment.data.test.is_some() { "held out" } else { "training" };
        table.add_row(row(part, &scores));
        say(table)?;
    }
    Ok(Found::Nothing)
}
