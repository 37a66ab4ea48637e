//! `graphrun draw`: the graph as a picture.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use graphrun::graph::{Form, Leaf, NodeId};
use graphrun::{Graph, Phase};
use serde_json::json;

use crate::args::Common;
use crate::draw_svg::svg;
use crate::draw_text::text;
use crate::failure::{Failure, Found, say};
use crate::gradients::Wanted;
use crate::inside::Inside;
use crate::model::open;
use crate::point::{Point, Rest};
use crate::unit::{Unit, units};
use crate::values::Feeds;

/// The most characters of a label, and of the text of which it shows the beginning.
pub(crate) const LABEL: usize = 24;
const TEXT: usize = 2000;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The model file
    file: PathBuf,
    /// What to draw for
    #[arg(long, value_enum, default_value_t = Format::Svg)]
    format: Format,
    /// Write the values above the edges
    #[arg(long)]
    values: bool,
    /// Write the gradients below the edges
    #[arg(long)]
    grads: bool,
    #[command(flatten)]
    feeds: Feeds,
    #[command(flatten)]
    wanted: Wanted,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Svg,
    Dot,
    Mermaid,
    Text,
}

/// A drawing before it is laid out.
#[derive(Default)]
pub(crate) struct Picture {
    pub(crate) boxes: Vec<Box>,
    pub(crate) arrows: Vec<Arrow>,
}

pub(crate) struct Box {
    pub(crate) title: String,
    /// Whether it is an input, a parameter or a number.
    pub(crate) leaf: bool,
}

/// What flows along an edge forward, and backward: at length, of which a label shows the beginning.
pub(crate) struct Arrow {
    pub(crate) from: usize,
    /// Where it goes; the arrow of an output goes nowhere.
    pub(crate) to: Option<usize>,
    pub(crate) value: Option<String>,
    pub(crate) grad: Option<String>,
}

impl Arrow {
    /// Value and gradient in one text.
    pub(crate) fn label(&self, between: &str) -> String {
        let grad = self.grad.as_ref().map(|grad| format!("d {}", shorten(grad, LABEL)));
        self.value.iter().map(|value| shorten(value, LABEL)).chain(grad).collect::<Vec<_>>().join(between)
    }
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    let model = open(&args.file, &[], common)?;
    let inside = match args.values || args.grads {
        true => {
            let rest = Rest { test: model.tests.first(), trained: false, open: 1 };
            let point = Point::new(&model, args.feeds.read()?, &args.wanted, rest, common)?;
            Some(Inside::new(&model, point, None, args.grads, common)?)
        }
        false => None,
    };
    inside.iter().for_each(Inside::tell_overflow);
    let picture = match &inside {
        Some(inside) => picture(&inside.graph, &inside.units, Some(inside), args),
        None => {
            let graph = model.graph(Phase::Test);
            let needed = graph.reachable();
            let shown: Vec<NodeId> = graph.ids().map(|(id, _)| id).filter(|id| needed[id.index()]).collect();
            picture(graph, &units(graph, &model, &shown, &[]), None, args)
        }
    };
    let drawing = match args.format {
        Format::Svg => svg(&picture),
        Format::Dot => dot(&picture),
        Format::Mermaid => mermaid(&picture),
        Format::Text => text(&picture),
    };
    match common.json {
        true => say(
            json!({"format": args.format.to_possible_value().map(|v| v.get_name().to_string()), "drawing": drawing}),
        )?,
        false => say(drawing.trim_end())?,
    }
    Ok(Found::Nothing)
}

fn picture(graph: &Graph, units: &[Unit], inside: Option<&Inside>, args: &Args) -> Picture {
    let mut picture = Picture::default();
    let mut places: HashMap<NodeId, usize> = HashMap::new();
    let nodes: BTreeSet<NodeId> = units
        .iter()
        .flat_map(|unit| unit.sources.iter().copied().chain([unit.out]))
        .chain(inside.map(|i| i.of))
        .collect();
    for id in nodes {
        let node = graph.node(id);
        let unit = units.iter().find(|unit| unit.out == id);
        let title = match (node.op.form(), unit) {
            (Form::Leaf(Leaf::Constant(value)), _) => value.to_string(),
            (_, Some(unit)) => node.label.as_ref().map_or(unit.op.clone(), |label| format!("{label} = {}", unit.op)),
            _ => format!("{}: {}", node.label.as_deref().unwrap_or_default(), node.ty),
        };
        places.insert(id, picture.boxes.len());
        picture.boxes.push(Box { title, leaf: unit.is_none() });
    }
    let text = |array: &graphrun::Array| {
        shorten(&crate::json::text(&crate::json::array(array, graphrun::tensor::Dtype::F32)), TEXT)
    };
    let value = |id: &NodeId| inside.filter(|_| args.values)?.values.get(id).map(text);
    for unit in units {
        for (place, source) in unit.sources.iter().enumerate() {
            let grad = inside.and_then(|inside| inside.edges.get(&(unit.out, place))).map(text);
            let arrow = Arrow { from: places[source], to: Some(places[&unit.out]), value: value(source), grad };
            picture.arrows.push(arrow);
        }
    }
    let of = inside.map(|inside| inside.of);
    let ends: BTreeSet<NodeId> = graph.outputs.iter().map(|(_, id)| *id).chain(of).collect();
    for id in ends {
        let grad = inside.filter(|inside| inside.of == id).and_then(|inside| inside.grads.get(&id)).map(text);
        if let (Some(&from), Some(_)) = (places.get(&id), inside) {
            picture.arrows.push(Arrow { from, to: None, value: value(&id), grad });
        }
    }
    picture
}

/// At most `most` characters of a value.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    match text.chars().count() > most {
        true => text.chars().take(most - 3).chain("...".chars()).collect(),
        false => text.to_string(),
    }
}

fn dot(picture: &Picture) -> String {
    let mut out = String::from("digraph model {\n  rankdir=LR; node [shape=box];\n");
    for (k, Box { title, leaf }) in picture.boxes.iter().enumerate() {
        let style = if *leaf { "" } else { ", style=filled, fillcolor=\"#eeeeff\"" };
        let _ = writeln!(out, "  n{k} [label={title:?}{style}];");
    }
    for arrow in &picture.arrows {
        let to = arrow.to.map_or_else(|| format!("out{}", arrow.from), |to| format!("n{to}"));
        if arrow.to.is_none() {
            let _ = writeln!(out, "  {to} [shape=point];");
        }
        let _ = writeln!(out, "  n{} -> {to} [label={:?}];", arrow.from, arrow.label("\n"));
    }
    out + "}\n"
}

fn mermaid(picture: &Picture) -> String {
    let mut out = String::from("flowchart LR\n");
    for (k, Box { title, leaf }) in picture.boxes.iter().enumerate() {
        let (open, close) = if *leaf { ("([", "])") } else { ("[", "]") };
        let _ = writeln!(out, "  n{k}{open}\"{}\"{close}", title.replace('"', "'"));
    }
    for arrow in &picture.arrows {
        let label = arrow.label(" / ");
        let label = if label.is_empty() { label } else { format!("|\"{label}\"|") };
        let to = arrow.to.map_or_else(|| format!("out{}(( ))", arrow.from), |to| format!("n{to}"));
        let _ = writeln!(out, "  n{} -->{label} {to}", arrow.from);
    }
    out
}
