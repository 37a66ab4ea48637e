//! `graphrun gradcheck`: numerical against analytic gradients.

use std::path::PathBuf;

use graphrun::exec::{Options as RunOptions, Session};
use graphrun::gradcheck::{CheckError, Curve, Executor, Flat, Method, Options, Problem, Values, check_graph, curve};
use graphrun::tensor::Dtype;
use graphrun::train::files;
use graphrun::{Array, Graph, Model};

use crate::args::Common;
use crate::curve::svg;
use crate::failure::{Failure, Found, say};
use crate::gradcheck_report::Checked;
use crate::gradients::{Gradient, Wanted};
use crate::model::{eprint, open, seed};
use crate::output::{Output, SVG};
use crate::point::{Point, Rest};
use crate::run::set_weights;
use crate::self_test::{self, SelfTest};
use crate::values::{self, Feeds};

/// The two forms of the command.
const USAGE: &str = "graphrun gradcheck [OPTIONS] <FILE>
       graphrun gradcheck --self-test [--seeds N] [--cases N] [--seed N] [--threads N] [--json]";
/// The method that finds its own steps.
const ADAPTIVE: &str = "adaptive";
/// The step of the textbook methods when none is given.
const STEP: f64 = 1e-5;
/// The size of an axis that neither the file nor what is fed decides.
const OPEN_SIZE: usize = 3;
/// The most elements whose error is drawn against the step: each costs two evaluations a step.
const CURVE_ELEMENTS: usize = 512;

#[derive(clap::Args, Debug)]
#[command(override_usage = USAGE)]
pub(crate) struct Args {
    /// The model file
    #[arg(required_unless_present_any = ["self_test", "cases", "seeds"])]
    file: Option<PathBuf>,
    #[command(flatten)]
    feeds: Feeds,
    #[command(flatten)]
    wanted: Wanted,
    /// How numeric derivatives are taken
    #[arg(long, default_value = ADAPTIVE, value_parser = ["forward", "backward", "central", ADAPTIVE])]
    method: String,
    #[arg(long, value_name = "H", help = format!("The step of the textbook methods [default: {STEP:e}]"))]
    step: Option<f64>,
    /// The decimal digits that the adaptive method is to prove; the textbook methods have a measure of their own
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=12))]
    digits: u32,
    /// Show the error against the step
    #[arg(long)]
    curve: bool,
    /// Draw the error against the step into an SVG file
    #[arg(long, value_name = "FILE.svg")]
    svg: Option<PathBuf>,
    /// Trained weights
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    #[command(flatten)]
    self_test: SelfTest,
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    if args.self_test.self_test {
        return self_test::run(&args.self_test, common);
    }
    let step = args.step.unwrap_or(STEP);
    if !(step.is_finite() && step > 0.0) {
        return Err(Failure::new(format!("a step of {step} goes nowhere"), "give a small positive number"));
    }
    if args.step.is_some() && args.method == ADAPTIVE {
        return Err(Failure::new(
            "the adaptive method finds its own steps, and --step gives one",
            "name a textbook method with --method forward, backward or central",
        ));
    }
    if common.dtype(Dtype::F64) == Dtype::F32 {
        eprint("note: differences in f32 prove less than the digits asked for: this is computed in f64");
    }
    let path = args.file.as_deref().ok_or_else(|| Failure::new("no model file is named", "name one"))?;
    let model = open(path, &[], common)?;
    let inputs = files(&model).into_iter().chain(args.weights.clone()).chain(args.feeds.files());
    let drawing = args.svg.as_deref().map(|path| Output::new("--svg", path, SVG, inputs)).transpose()?;
    let (problem, origin) = problem(args, &model, common)?;
    let seed = seed(&model, common);
    let engine = Executor { threads: common.pool()?, seed, max_bytes: common.max_bytes() };
    let method = Method::NAMES.iter().find(|(name, _)| *name == args.method).map_or(Method::Adaptive, |(_, m)| *m);
    let options = Options { method, step, digits: args.digits, seed, ..Options::default() };
    let report = check_graph(&problem, &engine, &options).map_err(unchecked)?;
    let curves = match args.curve || drawing.is_some() {
        true => curves(&problem, &engine)?,
        false => Vec::new(),
    };
    if let Some(drawing) = drawing.filter(|_| !curves.is_empty()) {
        drawing.write(svg(&curves, &report).as_bytes())?;
        eprint(&format!("the curves are drawn in {}", drawing.path().display()));
    }
    let checked = Checked { report: &report, problem: &problem, options: &options, origin: &origin, curves: &curves };
    match common.json {
        true => say(checked.json())?,
        false => say(checked.text())?,
    }
    Ok(report.verdict.into())
}

/// What is differentiated, at which values, and where those come from: those given, else those of the file's first test,
/// else drawn ones.
fn problem(args: &Args, model: &Model, common: &Common) -> Result<(Problem, String), Failure> {
    let rest = Rest { test: model.tests.first(), trained: args.weights.is_some(), open: OPEN_SIZE };
    let Point { graph, fed, wanted, origin } = Point::new(model, args.feeds.read()?, &args.wanted, rest, common)?;
    wanted.wrt.iter().try_for_each(|name| values::known(&graph, name))?;
    let found = wanted.find(graph.clone())?.checked()?;
    let upstream = match &wanted.upstream {
        Some(text) => values::parse("--upstream", text)?,
        None => Array::scalar(1.0),
    };
    let wrt = found.wrt.iter().map(|(name, _)| name.clone()).collect();
    let of = vec![(found.of, upstream)];
    let values = all_values(args, &graph, found, fed, common.options(model, Dtype::F64)?)?;
    Ok((Problem { graph, of, wrt, values }, origin))
}

/// Values of all inputs and parameters, at which the gradient can be computed.
fn all_values(
    args: &Args,
    graph: &Graph,
    gradient: Gradient,
    fed: Vec<(String, Array)>,
    options: RunOptions,
) -> Result<Values, Failure> {
    let mut feeds = fed.clone();
    gradient.feed(&mut feeds)?;
    let Gradient { graph: mut whole, of, wrt, upstream, .. } = gradient;
    whole.updates.clear();
    let mut session = Session::with_gradients(whole, of, &wrt, upstream, RunOptions { dtype: Dtype::F64, ..options })?;
    if let Some(path) = &args.weights {
        set_weights(&mut session, path)?;
    }
    values::run(&mut session, &feeds)?;
    let parameters = graph.parameters().iter().map(|p| &p.name);
    let begun = parameters.filter_map(|name| Some((name.to_string(), session.parameter(name)?)));
    let mut all: Values = begun.collect();
    for (name, array) in fed.into_iter().filter(|(name, _)| graph.parameter(name).is_none()) {
        let real = graph.find(&name).is_some_and(|id| graph.ty(id).is_real());
        let array = if real { array } else { integers(&array)? };
        all.insert(name, array);
    }
    Ok(all)
}

/// Numbers given for an input that holds integers, which a run has found them to be.
fn integers(array: &Array) -> Result<Array, Failure> {
    Array::index(array.shape(), array.to_reals().into_iter().map(|v| v as i64).collect()).map_err(values::too_large)
}

/// The failure of a problem that cannot be checked although it can be computed.
fn unchecked(error: CheckError) -> Failure {
    Failure::new(error.message, "name another node by --of, or another point by --set")
}

fn curves(problem: &Problem, engine: &Executor) -> Result<Vec<Curve>, Failure> {
    let flat = Flat::new(problem, engine).map_err(unchecked)?;
    if flat.x.is_empty() {
        eprint("no curve is drawn: what is varied has no elements");
        return Ok(Vec::new());
    }
    if flat.x.len() > CURVE_ELEMENTS {
        let message = format!("a curve over {} elements takes too long", flat.x.len());
        return Err(Failure::new(message, format!("name inputs of at most {CURVE_ELEMENTS} elements with --wrt")));
    }
    let methods = [Method::Forward, Method::Backward, Method::Central];
    Ok(methods.iter().map(|m| curve(|x| flat.value(x), &flat.gradient, &flat.x, *m)).collect())
}

/// What the command line calls a method.
pub(crate) fn name(method: Method) -> &'static str {
    Method::NAMES.iter().find(|(_, m)| *m == method).map_or("", |(name, _)| name)
}
