//! `graphrun equiv`: whether two models have the same values and gradients on random inputs.

use std::path::PathBuf;

use graphrun::exec::Session;
use graphrun::tensor::Dtype;
use graphrun::{Array, Model, Phase};
use serde_json::json;

use crate::args::Common;
use crate::failure::{Failure, Found, say};
use crate::gradients::Wanted;
use crate::inside::complete;
use crate::model::{open, seed};
use crate::values;

/// How near results must be, relative to their size: far above rounding, far below any real difference.
const NEAR: f64 = 1e-9;
/// How many sets of random inputs are tried.
const TRIES: u64 = 5;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// One model file
    a: PathBuf,
    /// The other
    b: PathBuf,
    #[command(flatten)]
    wanted: Wanted,
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    let models = [open(&args.a, &[], common)?, open(&args.b, &[], common)?];
    let mut worst = (0.0f64, String::new());
    for k in 0..TRIES {
        let mut fed = Vec::new();
        let graph = models[0].graph(Phase::Test);
        let mut untested = models[0].clone();
        untested.tests.clear();
        complete(&untested, graph, &mut fed, seed(&models[0], common).wrapping_add(k))?;
        let [a, b] = [results(&models[0], args, common, &fed)?, results(&models[1], args, common, &fed)?];
        if a.iter().map(|(name, _)| name).ne(b.iter().map(|(name, _)| name)) {
            let names = |r: &[(String, Array)]| r.iter().map(|(n, _)| n.clone()).collect::<Vec<_>>().join(", ");
            return Err(Failure::new(format!("the models give different things: {} and {}", names(&a), names(&b))));
        }
        for ((name, x), (_, y)) in a.iter().zip(&b) {
            if x.shape() != y.shape() {
                return Err(Failure::new(format!("{name} is {} in one and {} in the other", x.shape(), y.shape())));
            }
            for (x, y) in x.to_reals().iter().zip(y.to_reals()) {
                let off = if *x == y || (x.is_nan() && y.is_nan()) { 0.0 } else { (x - y).abs() / x.abs().max(1.0) };
                if off.is_nan() || off > worst.0 {
                    worst = (if off.is_nan() { f64::INFINITY } else { off }, name.clone());
                }
            }
        }
    }
    let same = worst.0 <= NEAR;
    match common.json {
        true => say(json!({"equivalent": same, "max_rel_error": crate::json::number(worst.0), "worst": worst.1}))?,
        false if same => say(format!("equivalent on {TRIES} random inputs, within {:e}", worst.0))?,
        false => say(format!("different: {} is off by {:e}", worst.1, worst.0))?,
    }
    Ok(if same { Found::Nothing } else { Found::Finding })
}

/// The outputs and the gradients by inputs and parameters.
fn results(
    model: &Model,
    args: &Args,
    common: &Common,
    fed: &[(String, Array)],
) -> Result<Vec<(String, Array)>, Failure> {
    let found = args.wanted.find(model.graph(Phase::Test).clone())?;
    let scalar = found.graph.ty(found.of).rank() == 0 || found.upstream.is_some();
    let names: Vec<String> = found.graph.outputs.iter().map(|(name, _)| name.clone()).collect();
    let options = common.options(model, Dtype::F64)?;
    let mut session = match scalar {
        true => Session::with_gradients(found.graph, found.of, &found.wrt, found.upstream, options)?,
        false => Session::new(found.graph, options)?,
    };
    values::run(&mut session, fed)?;
    let mut results: Vec<(String, Array)> =
        names.into_iter().filter_map(|name| session.output(&name).map(|array| (name, array))).collect();
    for (name, _) in found.wrt.iter().filter(|_| scalar) {
        results.extend(session.gradient(name).map(|array| (format!("the gradient by {name}"), array)));
    }
    Ok(results)
}
