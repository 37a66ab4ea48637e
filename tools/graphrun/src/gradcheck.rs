//! `graphrun gradcheck`: numerical against analytic gradients.

use std::path::PathBuf;
use std::sync::Arc;

use graphrun::exec::{Data, Options as RunOptions, Session};
use graphrun::gradcheck::{
    CheckError, Curve, Entry, Executor, Flat, GateOptions, Hunt, Method, Options, Problem, Report, Values, Verdict,
    check_graph, curve, self_test,
};
use graphrun::graph::Kind;
use graphrun::load::print_tested;
use graphrun::tensor::{Dtype, Shape};
use graphrun::train::files;
use graphrun::{Array, Graph, Model, nodes};
use serde_json::{Value, json};

use crate::args::{Common, whole};
use crate::curve::{plot, svg};
use crate::failure::{Failure, Found, say};
use crate::gradients::Wanted;
use crate::json::number;
use crate::model::{eprint, open, seed};
use crate::output::{Output, SVG};
use crate::point::{Point, Rest};
use crate::run::set_weights;
use crate::table::table;
use crate::values::{self, Feeds, too_large};

/// The method that finds its own steps.
const ADAPTIVE: &str = "adaptive";
/// The step of the textbook methods when none is given.
const STEP: f64 = 1e-5;
/// The size of an axis that neither the file nor what is fed decides.
const OPEN_SIZE: usize = 3;
/// The most elements whose error is drawn against the step: each costs two evaluations a step.
const CURVE_ELEMENTS: usize = 512;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The model file
    #[arg(required_unless_present = "self_test", conflicts_with = "self_test")]
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
    /// The decimal digits to prove
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
    /// Check the checker: planted bugs must all be caught, clean graphs must raise no alarm
    #[arg(long)]
    self_test: bool,
    /// How many clean graphs the self-test examines
    #[arg(long, default_value_t = 100_000, value_parser = whole::<usize>, requires = "self_test")]
    cases: usize,
    /// With how many seeds the self-test plants each bug
    #[arg(long, default_value_t = 20, value_parser = whole::<usize>, requires = "self_test")]
    seeds: usize,
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    if args.self_test {
        return gate(args, common);
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
    let problem = problem(args, &model, common)?;
    let seed = seed(&model, common);
    let engine = Executor { threads: common.pool()?, seed, max_bytes: common.max_bytes() };
    let method = Method::NAMES.iter().find(|(name, _)| *name == args.method).map_or(Method::Adaptive, |(_, m)| *m);
    let options = Options { method, step, digits: args.digits, seed, ..Options::default() };
    let report = check_graph(&problem, &engine, &options).map_err(unchecked)?;
    let curves = match args.curve || drawing.is_some() {
        true => curves(&problem, &engine)?,
        false => Vec::new(),
    };
    if let Some(drawing) = drawing {
        drawing.write(svg(&curves).as_bytes())?;
        eprint(&format!("the curves are drawn in {}", drawing.path().display()));
    }
    print(&report, &curves, method, common.json)?;
    if !common.json {
        remarks(&report, &problem.graph)?;
    }
    Ok(found(report.verdict))
}

/// What the table does not say: why nothing is proved where the point is at fault, and what has no gradient.
fn remarks(report: &Report, graph: &Graph) -> Result<(), Failure> {
    let list = |names: Vec<&str>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let unproved = report.entries.iter().filter(|e| e.verdict == Verdict::Inconclusive && e.kinks > 0);
    let unproved: Vec<&str> = unproved.map(|e| e.name.as_str()).collect();
    if !unproved.is_empty() {
        let names = list(unproved);
        say(format!("on too many kinks to prove anything: {names}; another point by --set or --feed proves more"))?;
    }
    let inputs = graph.inputs().iter().filter(|(_, id)| !graph.ty(*id).is_real());
    let integers: Vec<&str> = inputs.map(|(name, _)| &**name).collect();
    if !integers.is_empty() {
        say(format!("integers have no gradient: {}", list(integers)))?;
    }
    Ok(())
}

fn found(verdict: Verdict) -> Found {
    match verdict {
        Verdict::Pass | Verdict::Kink => Found::Nothing,
        Verdict::Fail => Found::Finding,
        Verdict::Inconclusive | Verdict::Vacuous => Found::Unproved,
    }
}

/// What is differentiated, at which values: those given, else those of the file's first test, else drawn ones.
fn problem(args: &Args, model: &Model, common: &Common) -> Result<Problem, Failure> {
    let rest = Rest { test: model.tests.first(), trained: args.weights.is_some(), open: OPEN_SIZE };
    let Point { graph, fed, wanted } = Point::new(model, args.feeds.read()?, &args.wanted, rest, common)?;
    let found = wanted.find(graph.clone())?.checked()?;
    found.feed(&mut fed.clone())?;
    let upstream = match &wanted.upstream {
        Some(text) => values::parse("--upstream", text)?,
        None => Array::scalar(1.0),
    };
    let wrt = found.wrt.iter().map(|(name, _)| name.clone()).collect();
    let values = all_values(args, &graph, fed, common.options(model, Dtype::F64)?)?;
    Ok(Problem { graph, of: vec![(found.of, upstream)], wrt, values })
}

/// Values of all inputs and parameters.
fn all_values(args: &Args, graph: &Graph, given: Vec<(String, Array)>, options: RunOptions) -> Result<Values, Failure> {
    let mut session = Session::new(graph.clone(), options)?;
    if let Some(path) = &args.weights {
        set_weights(&mut session, path)?;
    }
    let mut all = Values::new();
    for parameter in graph.parameters() {
        all.extend(session.parameter(&parameter.name).map(|array| (parameter.name.to_string(), array)));
    }
    for (name, array) in given {
        let id = crate::model::node(graph, &name)?;
        let array = match (&graph.ty(id).kind, array.data()) {
            (Kind::Index { .. }, Data::Real(data)) => integers(&name, array.shape(), data)?,
            _ => array,
        };
        all.insert(name, array);
    }
    Ok(all)
}

/// Numbers given for an input that holds integers.
fn integers(name: &str, shape: Shape, data: &[f64]) -> Result<Array, Failure> {
    if let Some(other) = data.iter().find(|v| v.fract() != 0.0 || !v.is_finite()) {
        let message = format!("input `{name}` holds integers, and {other} is none");
        return Err(Failure::new(message, "give whole numbers"));
    }
    Array::index(shape, data.iter().map(|&v| v as i64).collect()).map_err(too_large)
}

/// The failure of a problem that cannot be computed.
fn unchecked(error: CheckError) -> Failure {
    Failure::new(
        error.message,
        "name a real scalar by --of that can be computed at the point, or another point by --set",
    )
}

fn curves(problem: &Problem, engine: &Executor) -> Result<Vec<Curve>, Failure> {
    let flat = Flat::new(problem, engine).map_err(unchecked)?;
    if flat.x.len() > CURVE_ELEMENTS {
        let message = format!("a curve over {} elements takes too long", flat.x.len());
        return Err(Failure::new(message, format!("name inputs of at most {CURVE_ELEMENTS} elements with --wrt")));
    }
    let methods = [Method::Forward, Method::Backward, Method::Central];
    Ok(methods.iter().map(|m| curve(|x| flat.value(x), &flat.gradient, &flat.x, *m)).collect())
}

fn print(report: &Report, curves: &[Curve], method: Method, as_json: bool) -> Result<(), Failure> {
    if as_json {
        let mut document = json!({
            "verdict": report.verdict.as_str(),
            "entries": report.entries.iter().map(entry).collect::<Vec<_>>(),
        });
        if !curves.is_empty() {
            let shown = |c: &Curve| {
                let points: Vec<Value> = c.points.iter().map(|(h, e)| json!([h, number(*e)])).collect();
                json!({"method": name(c.method), "slope": c.slope, "outcome": c.words(), "points": points})
            };
            document["curves"] = curves.iter().map(shown).collect();
        }
        return say(document);
    }
    let columns = ["", "verdict", "digits", "worst at", "analytic", "numeric", "evaluations", "kinks"];
    let mut table = table(columns, 2);
    for e in &report.entries {
        let nowhere = if e.evaluations > 0 { "a direction" } else { "-" };
        let place = e.worst_index.map_or_else(|| nowhere.into(), |k| k.to_string());
        let digits = format!("{:.1}", e.digits);
        let (analytic, numeric) = (format!("{:.9e}", e.analytic), format!("{:.9e}", e.numeric));
        let (evaluations, kinks) = (e.evaluations.to_string(), e.kinks.to_string());
        table.add_row([e.name.clone(), e.verdict.to_string(), digits, place, analytic, numeric, evaluations, kinks]);
    }
    say(table)?;
    if !curves.is_empty() {
        say(plot(curves))?;
    }
    // The textbook methods are judged by the relative error, the adaptive one by its bars.
    let errors = report.entries.iter().map(|e| e.max_rel_error);
    let error = errors.fold(0.0, |m: f64, e| if m.is_nan() || e <= m { m } else { e });
    let error = if method == Method::Adaptive { String::new() } else { format!(", relative error {error:.3e}") };
    say(format!("{}, {} evaluations{error}", report.verdict, report.evaluations()))
}

fn entry(e: &Entry) -> Value {
    json!({
        "name": e.name,
        "verdict": e.verdict.as_str(),
        "max_rel_error": number(e.max_rel_error),
        "worst_index": e.worst_index,
        "analytic": number(e.analytic),
        "numeric": number(e.numeric),
        "digits": number(e.digits),
        "evaluations": e.evaluations,
        "kinks": e.kinks,
    })
}

/// What the command line calls a method.
pub(crate) fn name(method: Method) -> &'static str {
    Method::NAMES.iter().find(|(_, m)| *m == method).map_or("", |(name, _)| name)
}

fn gate(args: &Args, common: &Common) -> Result<Found, Failure> {
    let options = GateOptions {
        seeds: args.seeds,
        clean: Hunt {
            cases: args.cases,
            seed: common.seed.unwrap_or(0),
            threads: common.pool()?.count(),
            print: Some(Arc::new(|graph, tests| print_tested(graph, &nodes::standard(), tests))),
            regressions: None,
        },
        progress: (!common.json).then_some(|mutant| drop(say(mutant))),
        ..GateOptions::default()
    };
    let report = self_test(&nodes::standard, &Executor::default(), &options);
    let verdict = report.verdict();
    if common.json {
        let mutants = report
            .mutants
            .iter()
            .map(|m| json!({"name": m.name, "caught": m.caught, "seeds": m.seeds, "cases": m.cases}));
        say(json!({
            "verdict": verdict.as_str(),
            "mutants": mutants.collect::<Vec<_>>(),
            "clean": report.clean.as_ref().map_or(0, |tally| tally.cases),
            "missing": report.missing,
            "unexamined": report.unexamined(),
            "alarm": report.clean.as_ref().err().map(ToString::to_string),
            "seconds": report.time.as_secs_f64(),
        }))?;
    } else {
        say(report.summary())?;
        let partly = verdict == Verdict::Pass && !report.unexamined().is_empty();
        let part = if partly { " of what was examined" } else { "" };
        say(format!("{verdict}{part} in {:.1} s", report.time.as_secs_f64()))?;
    }
    Ok(found(verdict))
}
