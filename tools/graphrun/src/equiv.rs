//! `graphrun equiv`: whether two models have the same values and gradients on random inputs and parameters.

use std::path::PathBuf;

use graphrun::exec::Session;
use graphrun::graph::{Kind, Sizes};
use graphrun::tensor::Dtype;
use graphrun::{Array, Graph, Model, Phase};
use serde_json::json;

use crate::args::Common;
use crate::failure::{Failure, Found, say};
use crate::gradients::{self, Wanted};
use crate::model::{open, seed};
use crate::point::closed;
use crate::values::{self, too_large};

/// How near results must be in double precision, relative to their size: far above rounding, far below any real
/// difference.
const NEAR: f64 = 1e-9;
/// The same in single precision, in which sums of large terms keep few digits.
const NEAR_SINGLE: f64 = 1e-3;
/// How large the random numbers are: functions that agree near 0 part further out.
const SCALES: [f64; 3] = [0.5, 2.0, 8.0];
/// How many sets of random numbers are tried at each scale.
const DRAWS: u64 = 3;
/// The size of an axis that neither file decides.
const OPEN_SIZE: usize = 3;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// One model file
    a: PathBuf,
    /// The other
    b: PathBuf,
    #[command(flatten)]
    wanted: Wanted,
}

/// What a model gives, by name.
type Results = Vec<(String, Array)>;

/// How far two models are apart.
#[derive(Default)]
struct Apart {
    /// The largest difference, relative to the size of what differs, and where it is.
    worst: (f64, String),
    /// How many numbers of each result were compared; of two that are both NaN none is.
    compared: Vec<(String, usize)>,
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    let models = [open(&args.a, &[], common)?, open(&args.b, &[], common)?];
    same_inputs(&models)?;
    let (mut apart, first) = (Apart::default(), seed(&models[0], common));
    for scale in SCALES {
        for k in 0..DRAWS {
            let draw = Draw { seed: first.wrapping_add(k), scale, max_bytes: common.max_bytes() };
            let [a, b] = [results(&models, 0, args, common, draw)?, results(&models, 1, args, common, draw)?];
            same_names(&models, &a, &b)?;
            a.iter().zip(&b).try_for_each(|((name, x), (_, y))| apart.compare(name, x, y))?;
        }
    }
    let near = match common.dtype(Dtype::F64) {
        Dtype::F64 => NEAR,
        Dtype::F32 => NEAR_SINGLE,
    };
    apart.say(near, common.json)
}

impl Apart {
    fn compare(&mut self, name: &str, x: &Array, y: &Array) -> Result<(), Failure> {
        if x.shape() != y.shape() {
            let message = format!("{name} is {} in one and {} in the other", x.shape(), y.shape());
            return Err(Failure::new(message, "compare models whose outputs and gradients have the same shapes"));
        }
        let at = self.compared.iter().position(|(other, _)| other == name).unwrap_or_else(|| {
            self.compared.push((name.to_string(), 0));
            self.compared.len() - 1
        });
        for (x, y) in x.to_reals().into_iter().zip(y.to_reals()) {
            if x.is_nan() && y.is_nan() {
                continue;
            }
            self.compared[at].1 += 1;
            let off = if x == y { 0.0 } else { (x - y).abs() / x.abs().max(1.0) };
            let off = if off.is_nan() { f64::INFINITY } else { off };
            if off > self.worst.0 {
                self.worst = (off, name.to_string());
            }
        }
        Ok(())
    }

    /// Says the verdict; a result that was compared nowhere proves nothing.
    fn say(&self, near: f64, as_json: bool) -> Result<Found, Failure> {
        let unseen = self.compared.iter().find(|(_, count)| *count == 0).map(|(name, _)| name.as_str());
        let unseen = unseen.or(self.compared.is_empty().then_some("the models give nothing that"));
        let (worst, place) = &self.worst;
        let (found, verdict) = match unseen {
            _ if *worst > near => (Found::Finding, "fail"),
            Some(_) => (Found::Unproved, "inconclusive"),
            None => (Found::Nothing, "pass"),
        };
        let tries = SCALES.len() as u64 * DRAWS;
        match (found, unseen) {
            _ if as_json => say(json!({"equivalent": found == Found::Nothing, "verdict": verdict,
                "max_rel_error": crate::json::number(*worst), "worst": place,
                "compared": self.compared.iter().map(|(_, count)| count).sum::<usize>()}))?,
            (Found::Finding, _) => say(format!("different: {place} is off by {worst:e}"))?,
            (_, Some(name)) => say(format!("inconclusive: {name} is a number nowhere on {tries} random inputs"))?,
            _ => say(format!("equivalent on {tries} random inputs, within {worst:e}"))?,
        }
        Ok(found)
    }
}

/// Refuses models of which one has an input that the other lacks.
fn same_inputs(models: &[Model; 2]) -> Result<(), Failure> {
    let names = |model: &Model| -> Vec<String> {
        model.graph(Phase::Test).inputs().iter().map(|(name, _)| name.to_string()).collect()
    };
    lacks(models, "input", [names(&models[0]), names(&models[1])])
}

/// Refuses models of which one gives what the other does not.
fn same_names(models: &[Model; 2], a: &Results, b: &Results) -> Result<(), Failure> {
    let names = |results: &Results| results.iter().map(|(name, _)| name.clone()).collect();
    lacks(models, "result", [names(a), names(b)])
}

fn lacks(models: &[Model; 2], kind: &str, names: [Vec<String>; 2]) -> Result<(), Failure> {
    for (here, there) in [(0, 1), (1, 0)] {
        if let Some(name) = names[here].iter().find(|name| !names[there].contains(name)) {
            let [has, lacks] = [here, there].map(|k| models[k].path.display());
            return Err(Failure::new(
                format!("{lacks} has no {kind} `{name}`, which {has} has"),
                "models are compared by names: give the same things the same name, or choose with --of and --wrt",
            ));
        }
    }
    Ok(())
}

/// Which random numbers to draw.
#[derive(Clone, Copy)]
struct Draw {
    seed: u64,
    scale: f64,
    /// The memory that one value may take.
    max_bytes: usize,
}

impl Draw {
    /// A value for an input, a parameter or an upstream by its name.
    fn array(self, graph: &Graph, name: &str, id: graphrun::graph::NodeId, sizes: &Sizes) -> Result<Array, Failure> {
        let drawn = values::draw(graph, name, id, sizes, self.seed, self.max_bytes)?;
        match graph.ty(id).kind {
            Kind::Real => {
                let scaled = drawn.to_reals().into_iter().map(|x| x * self.scale);
                Array::real(drawn.shape(), scaled.collect()).map_err(too_large)
            }
            Kind::Index { .. } => Ok(drawn),
        }
    }

    /// Every input and parameter. State that is not trained is positive, as running variances are.
    fn all(self, graph: &Graph, sizes: &Sizes) -> Result<Results, Failure> {
        let mut fed = Results::new();
        for (name, id) in graph.inputs() {
            fed.push((name.to_string(), self.array(graph, name, *id, sizes)?));
        }
        for parameter in graph.parameters() {
            let array = self.array(graph, &parameter.name, parameter.node, sizes)?;
            let array = match parameter.trainable {
                true => array,
                false => Array::real(array.shape(), array.to_reals().into_iter().map(f64::abs).collect())
                    .map_err(too_large)?,
            };
            fed.push((parameter.name.to_string(), array));
        }
        Ok(fed)
    }
}

/// The outputs of one of the models and its gradients by inputs and parameters; the gradient from above is drawn
/// where it is needed and not given. Sizes are those of the first model where both have them.
fn results(models: &[Model; 2], at: usize, args: &Args, common: &Common, draw: Draw) -> Result<Results, Failure> {
    let graph = models[at].graph(Phase::Test);
    let mut sizes = closed(graph, OPEN_SIZE);
    sizes.extend(models[0].graph(Phase::Test).sizes.clone());
    let mut fed = draw.all(graph, &sizes)?;
    let mut found = args.wanted.find(graph.clone())?;
    if !found.is_scalar() {
        let upstream = draw.array(graph, "upstream", found.of, &sizes)?;
        found = gradients::find(graph.clone(), args.wanted.of.as_deref(), &args.wanted.wrt, Some(upstream))?;
    }
    found.feed(&mut fed)?;
    let names: Vec<String> = graph.outputs.iter().map(|(name, _)| name.clone()).collect();
    let options = common.options(&models[at], Dtype::F64)?;
    let mut session = Session::with_gradients(found.graph, found.of, &found.wrt, found.upstream, options)?;
    values::run(&mut session, &fed)?;
    let outputs = names.into_iter().filter_map(|name| session.output(&name).map(|array| (name, array)));
    let mut results: Results = outputs.collect();
    for (name, _) in &found.wrt {
        results.extend(session.gradient(name).map(|array| (format!("the gradient by {name}"), array)));
    }
    Ok(results)
}
