//! `graphrun draw`: the graph as a picture.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use dagre::graph::{Graph as Layout, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir};
use graphrun::graph::{Form, Leaf, NodeId};
use graphrun::{Graph, Phase};
use serde_json::json;

use crate::args::Common;
use crate::failure::{Failure, Found, say};
use crate::gradients::Wanted;
use crate::inside::Inside;
use crate::model::open;
use crate::point::{Point, Rest};
use crate::values::Feeds;

/// The width of a character and the height of a line, in pixels.
const CHAR: f64 = 7.8;
const LINE: f64 = 18.0;

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
struct Picture {
    boxes: Vec<(String, bool)>,
    arrows: Vec<(usize, usize, Vec<String>)>,
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
    let graph = inside.as_ref().map_or(model.graph(Phase::Test), |inside| &inside.graph);
    let picture = picture(graph, inside.as_ref(), args);
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

fn picture(graph: &Graph, inside: Option<&Inside>, args: &Args) -> Picture {
    let mut picture = Picture::default();
    let mut places: HashMap<NodeId, usize> = HashMap::new();
    let needed = graph.reachable();
    for (id, node) in graph.ids().filter(|(id, _)| needed[id.index()]) {
        if inside.is_some_and(|inside| !inside.values.contains_key(&id)) {
            continue;
        }
        let (title, leaf) = match node.op.form() {
            Form::Leaf(Leaf::Constant(value)) => (value.to_string(), true),
            Form::Leaf(Leaf::Input(name) | Leaf::Parameter(name)) => (format!("{name}: {}", node.ty), true),
            _ => match &node.label {
                Some(label) => (format!("{label} = {}", node.op.name()), false),
                None => (node.op.name().to_string(), false),
            },
        };
        places.insert(id, picture.boxes.len());
        picture.boxes.push((title, leaf));
        for input in &node.inputs {
            let Some(&from) = places.get(input) else { continue };
            let mut labels = Vec::new();
            if let Some(inside) = inside {
                let short = |array: &graphrun::Array| {
                    shorten(&crate::json::text(&crate::json::array(array, graphrun::tensor::Dtype::F32)))
                };
                labels.extend(inside.values.get(input).filter(|_| args.values).map(short));
                labels.extend(
                    inside.grads.get(input).filter(|_| inside.is_asked(*input)).map(|g| format!("d {}", short(g))),
                );
            }
            picture.arrows.push((from, places[&id], labels));
        }
    }
    picture
}

/// At most 24 characters of a value.
fn shorten(text: &str) -> String {
    match text.chars().count() > 24 {
        true => text.chars().take(21).chain("...".chars()).collect(),
        false => text.to_string(),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn width(text: &str) -> f64 {
    text.chars().count() as f64 * CHAR
}

/// Boxes and arrows in layers from left to right, with room kept for the labels.
fn svg(picture: &Picture) -> String {
    let mut layout: Layout<NodeLabel, EdgeLabel> =
        Layout::with_options(GraphOptions { directed: true, multigraph: true, compound: false });
    for (k, (title, _)) in picture.boxes.iter().enumerate() {
        let mut node = NodeLabel::default();
        (node.width, node.height) = (width(title) + 20.0, LINE + 14.0);
        layout.set_node(k.to_string(), Some(node));
    }
    for (k, (from, to, labels)) in picture.arrows.iter().enumerate() {
        let wide = labels.iter().map(|l| width(l) + 10.0).fold(0.0, f64::max);
        let edge = EdgeLabel { width: wide, height: LINE * labels.len() as f64, ..EdgeLabel::default() };
        layout.set_edge(from.to_string(), to.to_string(), Some(edge), Some(&k.to_string()));
    }
    let options = LayoutOptions {
        rankdir: RankDir::LR,
        nodesep: 24.0,
        ranksep: 40.0,
        marginx: 12.0,
        marginy: 12.0,
        ..LayoutOptions::default()
    };
    dagre::layout(&mut layout, Some(options));
    let mut body = String::new();
    let (mut right, mut bottom) = (0.0f64, 0.0f64);
    for (k, (from, to, labels)) in picture.arrows.iter().enumerate() {
        let Some(edge) = layout.edge(&from.to_string(), &to.to_string(), Some(&k.to_string())) else { continue };
        let points: Vec<String> = edge.points.iter().map(|p| format!("{:.1},{:.1}", p.x, p.y)).collect();
        let _ = writeln!(body, r#"<polyline class="edge" points="{}" marker-end="url(#tip)"/>"#, points.join(" "));
        for (row, label) in labels.iter().enumerate() {
            let (x, y) = (edge.x.unwrap_or(0.0), edge.y.unwrap_or(0.0));
            let y = y + (row as f64 - (labels.len() as f64 - 1.0) / 2.0) * LINE;
            let class = if label.starts_with("d ") { "grad" } else { "value" };
            right = right.max(x + width(label) / 2.0);
            bottom = bottom.max(y + LINE);
            let _ = writeln!(
                body,
                r#"<text class="{class}" x="{x:.1}" y="{:.1}">{}</text>"#,
                y + 4.0,
                escape(label.trim_start_matches("d "))
            );
        }
    }
    for (k, (title, leaf)) in picture.boxes.iter().enumerate() {
        let Some(node) = layout.node(&k.to_string()) else { continue };
        let (x, y) = (node.x.unwrap_or(0.0), node.y.unwrap_or(0.0));
        (right, bottom) = (right.max(x + node.width / 2.0), bottom.max(y + node.height / 2.0));
        let class = if *leaf { "leaf" } else { "node" };
        let (left, top, w, h) = (x - node.width / 2.0, y - node.height / 2.0, node.width, node.height);
        let _ = writeln!(
            body,
            r#"<rect class="{class}" x="{left:.1}" y="{top:.1}" width="{w:.1}" height="{h:.1}" rx="6"/>"#
        );
        let _ = writeln!(body, r#"<text x="{x:.1}" y="{:.1}">{}</text>"#, y + 4.0, escape(title));
    }
    let (w, h) = (right + 12.0, bottom + 12.0);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{w:.0}" height="{h:.0}" viewBox="0 0 {w:.0} {h:.0}" font-family="monospace" font-size="13" text-anchor="middle">
<style>rect{{stroke:#334;fill:#eef}}.leaf{{fill:#fff}}.edge{{fill:none;stroke:#667}}.value{{fill:#063}}.grad{{fill:#a10}}</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#667"/></marker></defs>
<rect width="{w:.0}" height="{h:.0}" style="fill:#fff;stroke:none"/>
{body}</svg>"##
    )
}

fn dot(picture: &Picture) -> String {
    let mut out = String::from("digraph model {\n  rankdir=LR; node [shape=box];\n");
    for (k, (title, leaf)) in picture.boxes.iter().enumerate() {
        let style = if *leaf { "" } else { ", style=filled, fillcolor=\"#eeeeff\"" };
        let _ = writeln!(out, "  n{k} [label={title:?}{style}];");
    }
    for (from, to, labels) in &picture.arrows {
        let _ = writeln!(out, "  n{from} -> n{to} [label={:?}];", labels.join("\n"));
    }
    out + "}\n"
}

fn mermaid(picture: &Picture) -> String {
    let mut out = String::from("flowchart LR\n");
    for (k, (title, leaf)) in picture.boxes.iter().enumerate() {
        let (open, close) = if *leaf { ("([", "])") } else { ("[", "]") };
        let _ = writeln!(out, "  n{k}{open}\"{}\"{close}", title.replace('"', "'"));
    }
    for (from, to, labels) in &picture.arrows {
        let label = if labels.is_empty() { String::new() } else { format!("|\"{}\"|", labels.join(" / ")) };
        let _ = writeln!(out, "  n{from} -->{label} n{to}");
    }
    out
}

fn text(picture: &Picture) -> String {
    let mut graph = ascii_dag::Graph::new();
    let ids: Vec<_> = picture.boxes.iter().map(|(title, _)| graph.add_node(ascii_dag::AUTO, title)).collect();
    let joined: Vec<String> = picture.arrows.iter().map(|(_, _, labels)| labels.join(" / ")).collect();
    for ((from, to, _), label) in picture.arrows.iter().zip(&joined) {
        graph.add_edge(ids[*from], ids[*to], Some(label.as_str()).filter(|label| !label.is_empty()));
    }
    graph.compute_layout().render_string(&ascii_dag::RenderOptions::plain())
}
