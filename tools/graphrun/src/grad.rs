//! `graphrun grad`: the gradient graph, as a model file.

use std::path::PathBuf;

use graphrun::graph::gradient_graph;
use graphrun::load::{PrintOptions, print};
use graphrun::{Phase, nodes};
use serde_json::json;

use crate::args::Common;
use crate::failure::{Failure, Found, say};
use crate::gradients::{Gradient, Wanted};
use crate::model::{open, seed, unprinted};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The model file
    file: PathBuf,
    #[command(flatten)]
    wanted: Wanted,
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    let model = open(&args.file, &[], common)?;
    let Gradient { graph, of, wrt, upstream, .. } = args.wanted.find(model.graph(Phase::Test).clone())?.checked()?;
    let of_name = graph.describe(of);
    let gradient = graphrun::plan::simplify(&gradient_graph(&graph, of, &wrt, upstream)?)?;
    // A model file has no place for a seed but the section that trains it.
    let begin = match seed(&model, common) {
        seed if seed != 0 && !graph.parameters().is_empty() => format!("; --seed {seed} gives its parameters"),
        _ => String::new(),
    };
    let doc = Some(format!("The gradients of {} in {}{begin}", of_name.trim_matches('`'), args.file.display()));
    let text =
        print(&gradient, &nodes::standard(), &PrintOptions { doc, ..PrintOptions::default() }).map_err(unprinted)?;
    match common.json {
        true => say(json!({ "model": text }))?,
        false => say(text.trim_end())?,
    }
    Ok(Found::Nothing)
}
