//! `graphrun run`: forward, and backward too.

use std::path::PathBuf;

use graphrun::exec::Session;
use graphrun::tensor::Dtype;
use graphrun::train::Weights;
use graphrun::{Array, Graph, Phase};
use serde_json::{Map, Value};

use crate::args::Common;
use crate::failure::{Failure, Found, say};
use crate::gradients::{Gradient, Wanted};
use crate::jacobian::Jacobian;
use crate::json;
use crate::model::open;
use crate::values::{self, Feeds};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The model file
    file: PathBuf,
    #[command(flatten)]
    feeds: Feeds,
    /// With gradients, of this node
    #[arg(long, value_name = "NODE", conflicts_with = "of")]
    grad: Option<String>,
    #[command(flatten)]
    wanted: Wanted,
    /// The Jacobian of this node, by default the first output: every element's gradient
    #[arg(long, value_name = "NODE", num_args = 0..=1)]
    jacobian: Option<Option<String>>,
    /// Show every named node
    #[arg(long)]
    all: bool,
    /// Trained weights
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    let model = open(&args.file, &[], common)?;
    let mut graph = model.graph(Phase::Test).clone();
    let arrays = args.feeds.read()?;
    let outputs = asked(&mut graph, args.all, &arrays);
    let wanted = Wanted { of: args.grad.clone().or_else(|| args.wanted.of.clone()), ..args.wanted.clone() };
    let options = common.options(&model, Dtype::F32)?;
    let dtype = options.dtype;
    // Beside a Jacobian, `--wrt` says what that is by.
    let by = !wanted.wrt.is_empty() && args.jacobian.is_none();
    let gradient = match wanted.of.is_some() || by || wanted.upstream.is_some() {
        true => Some(wanted.find(graph.clone())?.checked()?),
        false => None,
    };
    arrays.iter().try_for_each(|(name, _)| values::known(&graph, name))?;
    all_fed(&graph, &arrays)?;
    let mut session = match &gradient {
        Some(Gradient { graph, of, wrt, upstream, .. }) => {
            Session::with_gradients(graph.clone(), *of, wrt, *upstream, options.clone())?
        }
        None => Session::new(graph.clone(), options.clone())?,
    };
    if let Some(path) = &args.weights {
        set_weights(&mut session, path)?;
    }
    let mut fed = arrays.clone();
    gradient.iter().try_for_each(|gradient| gradient.feed(&mut fed))?;
    values::run(&mut session, &fed)?;
    let mut results = Map::new();
    let shown = |array: Option<Array>| array.map_or(Value::Null, |array| json::array(&array, dtype));
    results.insert(
        "values".into(),
        outputs.iter().map(|name| (name.clone(), shown(session.output(name)))).collect::<Map<_, _>>().into(),
    );
    if let Some(gradient) = &gradient {
        let grads = gradient.wrt.iter().map(|(name, _)| (name.clone(), shown(session.gradient(name))));
        results.insert("grads".into(), grads.collect::<Map<_, _>>().into());
    }
    let jacobian = match &args.jacobian {
        Some(name) => {
            let first = || model.graph(Phase::Test).outputs.first().map(|(name, _)| name.clone());
            let name = name.clone().or_else(first).ok_or_else(|| {
                Failure::new("the model has no output to take the Jacobian of", "name a node: --jacobian NODE")
            })?;
            Some(Jacobian::new(&graph, &name, &wanted.wrt, &arrays, args.weights.as_deref(), &options)?)
        }
        None => None,
    };
    if let Some(jacobian) = &jacobian {
        results.insert("jacobian".into(), jacobian.json(dtype));
    }
    print(&Value::Object(results), common.json)?;
    if let (Some(jacobian), false) = (jacobian, common.json) {
        say(format!("\n{}", jacobian.text(dtype)))?;
    }
    Ok(Found::Nothing)
}

/// Makes the outputs the loss, the file's outputs and, when `all`, every named node that what is fed reaches;
/// gives their names.
fn asked(graph: &mut Graph, all: bool, arrays: &[(String, Array)]) -> Vec<String> {
    if let Some(loss) = graph.loss
        && fed(graph, arrays)[loss.index()]
        && !graph.outputs.iter().any(|(_, id)| *id == loss)
        && let Some(label) = graph.node(loss).label.clone()
    {
        graph.outputs.push((label.to_string(), loss));
    }
    graph.loss = None;
    if all {
        let reached = fed(graph, arrays);
        let named = graph.names().iter().filter(|(_, id)| reached[id.index()]);
        graph.outputs = named.map(|(name, id)| (name.to_string(), *id)).collect();
    }
    graph.outputs.iter().map(|(name, _)| name.clone()).collect()
}

/// Refuses to run a graph whose outputs need an input that is not fed.
fn all_fed(graph: &Graph, arrays: &[(String, Array)]) -> Result<(), Failure> {
    let mut outputs = graph.clone();
    outputs.loss = outputs.loss.filter(|_| outputs.outputs.is_empty());
    let needed = outputs.reachable();
    let missing =
        graph.inputs().iter().find(|(name, id)| needed[id.index()] && !arrays.iter().any(|(fed, _)| **fed == **name));
    match missing {
        Some((name, id)) => Err(Failure::new(
            format!("input `{name}` is not fed"),
            format!("give it with --set {name}=VALUE or --feed {name}=FILE.npy; it is {}", graph.ty(*id)),
        )),
        None => Ok(()),
    }
}

/// Which nodes can be computed from what is fed.
fn fed(graph: &Graph, arrays: &[(String, Array)]) -> Vec<bool> {
    let mut can = Vec::with_capacity(graph.nodes().len());
    for (id, node) in graph.ids() {
        let missing =
            graph.inputs().iter().any(|(name, input)| *input == id && !arrays.iter().any(|(n, _)| **n == **name));
        can.push(!missing && node.inputs.iter().all(|input| can[input.index()]));
    }
    can
}

pub(crate) fn set_weights(session: &mut Session, path: &std::path::Path) -> Result<(), Failure> {
    let weights = Weights::load(path)?;
    weights.check(session.graph(), path)?;
    for (name, array) in &weights.arrays {
        if session.graph().parameter(name).is_some() {
            session.set_parameter(name, array)?;
        }
    }
    Ok(())
}

/// A JSON document, or a line a value.
fn print(results: &Value, as_json: bool) -> Result<(), Failure> {
    if as_json {
        return say(results);
    }
    for (key, before) in [("values", ""), ("grads", "d/d ")] {
        for (name, value) in results[key].as_object().unwrap_or(&Map::new()) {
            say(format!("{before}{name} = {}", json::text(value)))?;
        }
    }
    Ok(())
}
