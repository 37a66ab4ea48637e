//! `graphrun stats`: histograms of values and gradients, layer by layer, for one or several initialisations.

use std::path::PathBuf;
use std::sync::Arc;

use comfy_table::Table;
use graphrun::graph::{Initialiser, Key, NodeId};
use graphrun::load::diagnostics::Code;
use graphrun::load::{LoadOptions, load_str};
use graphrun::train::{files, standard};
use graphrun::{Array, Experiment, Model, Phase, nodes};
use serde_json::{Value, json};

use crate::activation::{Activation, fields, with_activation};
use crate::args::Common;
use crate::failure::{Failure, Found, say};
use crate::gradients::Wanted;
use crate::inside::Inside;
use crate::layer::{Layer, Summary, VERDICTS, layers, short};
use crate::model::{open, seed};
use crate::output::{Output, SVG};
use crate::point::{Point, Rest};
use crate::show::sizes;
use crate::stats_svg::{ending, svg};
use crate::table::{columns, table, wrapped};
use crate::values::{Feeds, too_large, unsettled};

/// Initialisations by short names, as a model file writes them, and the standard deviation that they give; any other
/// name is an initialiser as a model file writes it.
const SCHEMES: [(&str, &str, &str); 4] = [
    ("small", "Normal(std: 0.01)", "0.01"),
    ("large", "Normal(std: 1)", "1"),
    ("xavier", "Xavier", "1 / sqrt(fan_in)"),
    ("he", "He", "sqrt(2 / fan_in)"),
];

/// The characters of a row of the table behind its name, and the most and the fewest of the name.
const ROW: usize = 70;
const NAME: [usize; 2] = [8, 22];

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The model file
    file: PathBuf,
    #[command(flatten)]
    feeds: Feeds,
    #[command(flatten)]
    wanted: Wanted,
    /// How weights begin: small, large, xavier, he, or an initialiser such as Orthogonal [default: the file's]
    #[arg(long, value_name = "NAME,...")]
    init: Vec<String>,
    /// Put each of these operations in the place of every activation: relu, or LeakyRelu(alpha: 0.2) [default: the
    /// file's]
    #[arg(long, value_name = "OP,...")]
    activation: Vec<String>,
    /// Trained weights
    #[arg(long, value_name = "FILE", conflicts_with = "init")]
    weights: Option<PathBuf>,
    /// Feed the first rows of the training data [default: the first test, else numbers drawn from the seed]
    #[arg(long)]
    data: bool,
    /// Feed numbers from -1 to 1, drawn from the seed, although there is a test
    #[arg(long, conflicts_with = "data")]
    noise: bool,
    /// The most rows of data or of drawn numbers
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    rows: u32,
    /// Draw the histograms into an SVG file
    #[arg(long, value_name = "FILE.svg")]
    svg: Option<PathBuf>,
}

/// A run that is compared with others.
pub(crate) struct Compared {
    /// How weights begin.
    pub(crate) init: String,
    /// What stands in the place of the file's activations.
    pub(crate) activation: Option<String>,
    pub(crate) layers: Vec<Layer>,
}

impl Compared {
    /// The standard deviation of the weights, where their beginning has a short name.
    pub(crate) fn deviation(&self) -> Option<&'static str> {
        SCHEMES.iter().find(|(name, ..)| *name == self.init).map(|(.., deviation)| *deviation)
    }
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    let model = open(&args.file, &[], common)?;
    let inputs = files(&model).into_iter().chain(args.weights.clone());
    let drawing = args.svg.as_deref().map(|path| Output::new("--svg", path, SVG, inputs)).transpose()?;
    let mut compared = Vec::new();
    for activation in args.activation.iter().flat_map(|list| fields(list)) {
        let activation = Activation::read(activation)?;
        let text = with_activation(model.text(), &activation);
        let model = load_str(&model.path, &text, &nodes::standard(), &LoadOptions::default())?;
        compare(&mut compared, &model, Some(activation.name()), args, common)?;
    }
    if args.activation.is_empty() {
        compare(&mut compared, &model, None, args, common)?;
    }
    if let Some(drawing) = drawing {
        drawing.write(svg(&compared).as_bytes())?;
    }
    print(&compared, common.json)
}

/// Runs a model once for each way in which its weights begin.
fn compare(
    compared: &mut Vec<Compared>,
    model: &Model,
    activation: Option<String>,
    args: &Args,
    common: &Common,
) -> Result<(), Failure> {
    let mut given = args.feeds.read()?;
    let rows = args.rows as usize;
    if args.data {
        for (name, array) in data(model, rows)? {
            if !given.iter().any(|(other, _)| *other == name) {
                given.push((name, array));
            }
        }
    }
    let test = model.tests.first().filter(|_| !args.noise && !args.data);
    let rest = Rest { test, trained: args.weights.is_some(), open: rows };
    let schemes: Vec<String> = match args.init.is_empty() {
        true => vec!["file".to_string()],
        false => args.init.iter().flat_map(|init| fields(init)).map(|init| init.trim().to_string()).collect(),
    };
    for init in schemes {
        let mut given = given.clone();
        if !args.init.is_empty() {
            given.extend(initial(model, &init, common)?);
        }
        // Where nothing else is asked for, the sum of an array's elements is differentiated.
        let mut point = Point::new(model, given, &args.wanted, rest, common)?;
        if !point.wanted.find(point.graph.clone())?.is_scalar() {
            point.wanted.upstream = Some("1".into());
        }
        let inside = Inside::new(model, point, args.weights.as_ref(), true, common)?;
        let layers = layers(&named(model), &inside);
        compared.push(Compared { init, activation: activation.clone(), layers });
    }
    Ok(())
}

/// The named nodes of the file, declarations aside.
fn named(model: &Model) -> Vec<(String, String, NodeId)> {
    let nodes = model.nodes.iter().filter(|node| !["Input", "Param"].contains(&node.op.as_str()));
    nodes.map(|node| (node.name.clone(), node.op.clone(), node.id)).collect()
}

/// The first rows of the training data.
fn data(model: &Model, rows: usize) -> Result<Vec<(String, Array)>, Failure> {
    let part = Experiment::read(model, &standard())?.data.train;
    let positions: Vec<usize> = (0..part.rows().min(rows)).collect();
    let array = |(k, feed): (usize, &graphrun::data::Feed)| {
        let sizes: Vec<usize> = std::iter::once(positions.len()).chain(feed.row().iter().copied()).collect();
        let shape = graphrun::tensor::Shape::new(&sizes).map_err(too_large)?;
        let mut values = vec![0.0; shape.len()];
        part.gather(k, &positions, &mut values);
        Ok((feed.name().to_string(), Array::real(shape, values).map_err(too_large)?))
    };
    part.feeds().iter().enumerate().map(array).collect()
}

/// The weights, which are the trainable parameters of at least two axes, as `scheme` begins them.
fn initial(model: &Model, scheme: &str, common: &Common) -> Result<Vec<(String, Array)>, Failure> {
    let init = initialiser(scheme)?;
    let graph = model.graph(Phase::Test);
    let (sizes, seed) = (sizes(graph), seed(model, common));
    let weights = graph.parameters().iter().filter(|p| p.trainable && graph.ty(p.node).rank() > 1);
    let begin = |p: &graphrun::graph::Parameter| {
        let shape = graph.ty(p.node).concrete(&sizes).map_err(unsettled)?;
        let mut values = vec![0.0; shape.len()];
        init.fill(Key { seed, name: &p.name }, shape, &mut values).map_err(unfit)?;
        Ok((p.name.to_string(), Array::real(shape, values).map_err(too_large)?))
    };
    weights.map(begin).collect()
}

/// An initialiser by its short name, or as a model file writes it.
fn initialiser(scheme: &str) -> Result<Arc<dyn Initialiser>, Failure> {
    let registry = nodes::standard();
    let known = || {
        let short: Vec<&str> = SCHEMES.iter().map(|(name, ..)| *name).collect();
        let inits: Vec<&str> = registry.inits().map(|def| def.name).collect();
        format!("there are {}; and as in a model file {}", short.join(", "), inits.join(", "))
    };
    if scheme.is_empty() {
        return Err(Failure::new("`--init` names nothing before or behind a comma", known()));
    }
    let text = SCHEMES.iter().find(|(name, ..)| *name == scheme).map_or(scheme, |(_, text, _)| *text);
    let model = format!(
        "Model(graphrun: 1, params: {{ w: (shape: [1, 1], init: {text}) }}, nodes: {{ y: Neg(w) }}, outputs: [y])"
    );
    let model = load_str("--init".as_ref(), &model, &registry, &LoadOptions::default()).map_err(|found| {
        // Where brackets fail, the finding is about the model around it.
        let first = found.list.first().filter(|first| !matches!(first.code, Code::UnexpectedToken | Code::Unclosed));
        let why = first.map_or("this is not how a model file writes an initialiser", |first| &first.message);
        Failure::new(format!("`--init {scheme}`: {why}"), known())
    })?;
    let parameter = model.graph(Phase::Test).parameter("w");
    parameter.map(|p| p.init.clone()).ok_or_else(|| Failure::new(format!("`{scheme}` is no initialiser"), known()))
}

/// The failure of an initialiser that a parameter cannot begin with.
fn unfit(error: String) -> Failure {
    Failure::new(error, "name another by --init")
}

fn print(compared: &[Compared], as_json: bool) -> Result<Found, Failure> {
    if as_json {
        let entry = |Compared { init, activation, layers }: &Compared| {
            let layers: Value = layers.iter().map(Layer::json).collect();
            match activation {
                Some(activation) => json!({"init": init, "activation": activation, "layers": layers}),
                None => json!({"init": init, "layers": layers}),
            }
        };
        say(json!({"inits": compared.iter().map(entry).collect::<Value>()}))?;
        return Ok(Found::Nothing);
    }
    for run @ Compared { init, activation, layers } in compared {
        let deviation = run.deviation().map_or(String::new(), |deviation| format!(" (standard deviation {deviation})"));
        let activation = activation.as_ref().map_or(String::new(), |activation| format!(", activations: {activation}"));
        say(wrapped(0, [[format!("weights: {init}{deviation}{activation}")]]))?;
        say(match columns().checked_sub(ROW) {
            Some(name) if name >= NAME[0] => wide(layers, name.min(NAME[1])).trim_fmt(),
            _ => layers.iter().map(narrow).collect::<Vec<_>>().join("\n"),
        })?;
        say("")?;
    }
    say(wrapped(0, legend()))?;
    Ok(Found::Nothing)
}

/// What the words of the table mean.
fn legend() -> impl Iterator<Item = [String; 2]> {
    let columns = [
        ("from, to", "the ends of a histogram's axis; each histogram has an axis of its own"),
        ("zero", "values that are exactly 0"),
        ("dead", "units that are 0 in every row"),
        ("sat.", "values that stand where the activation is flat, other than 0"),
    ];
    columns.into_iter().chain(VERDICTS).map(|(word, meaning)| [word, meaning].map(String::from))
}

/// A row of numbers for each layer; names have at most `name` characters.
fn wide(layers: &[Layer], name: usize) -> Table {
    let header = ["node\nop", "verdict", "values\ngradients", "from", "to", "mean", "std", "zero", "dead", "sat."];
    let mut table = table(header, 3);
    for column in table.column_iter_mut() {
        column.set_padding((0, 1));
    }
    for layer in layers {
        let Layer { value, gradient, .. } = layer;
        let both = |part: fn(&Summary) -> f64| format!("{}\n{}", short(part(value)), short(part(gradient)));
        let [zero, dead, saturated] = layer.shares();
        table.add_row([
            format!("{}\n{}", ending(&layer.name, name), ending(&layer.op, name)),
            layer.verdict.to_string(),
            format!("{}\n{}", value.histogram.bars(), gradient.histogram.bars()),
            both(|summary| summary.histogram.low),
            both(|summary| summary.histogram.high),
            both(|summary| summary.mean),
            both(|summary| summary.std),
            zero,
            dead,
            saturated,
        ]);
    }
    table
}

/// The same below one another, for terminals of few columns.
fn narrow(layer: &Layer) -> String {
    let [zero, dead, saturated] = layer.shares();
    let title = format!("{} = {}: {}", layer.name, layer.op, layer.verdict);
    let part = |name: &str, Summary { histogram, mean, std, .. }: &Summary| {
        let range = format!("from {} to {}", short(histogram.low), short(histogram.high));
        format!("  {name:<9} {}\n    {range}\n    mean {} std {}", histogram.bars(), short(*mean), short(*std))
    };
    let shares = format!("    zero {zero} dead {dead} sat. {saturated}");
    let [value, gradient] = [part("values", &layer.value), part("gradients", &layer.gradient)];
    [wrapped(0, [[title]]), value, shares, gradient].join("\n")
}
