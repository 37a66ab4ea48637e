//! A drawing as SVG, laid out in layers.

use std::collections::HashMap;
use std::fmt::Write;

use dagre::graph::{Graph as Layout, GraphOptions};
use dagre::layout::types::LabelPos;
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir};

use crate::draw::{Arrow, Box, LABEL, Picture, shorten};

/// The width of a character and the height of a line, in pixels.
const CHAR: f64 = 7.8;
const LINE: f64 = 18.0;

/// How far an edge is level before the layer where it ends.
const LEAD: f64 = 8.0;

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn width(text: &str) -> f64 {
    text.chars().count() as f64 * CHAR
}

/// Where an arrow of this place in the picture ends.
fn end(arrow: &Arrow) -> String {
    arrow.to.map_or_else(|| format!("out{}", arrow.from), |to| to.to_string())
}

/// A layer by its middle, to a tenth of a pixel.
fn layer(x: f64) -> i64 {
    (10.0 * x).round() as i64
}

/// The least half width of each layer that holds its boxes and labels.
fn layers(layout: &Layout<NodeLabel, EdgeLabel>) -> HashMap<i64, f64> {
    let boxes = layout.nodes().into_iter().filter_map(|name| layout.node(&name)).map(|node| (node.x, node.width));
    let labels =
        layout.edges().into_iter().filter_map(|edge| layout.edge_by_obj(&edge)).map(|edge| (edge.x, edge.width));
    let mut halves = HashMap::new();
    for (x, width) in boxes.chain(labels) {
        let half: &mut f64 = halves.entry(layer(x.unwrap_or(0.0))).or_default();
        *half = half.max(width / 2.0);
    }
    halves
}

/// The heights at which arrows enter their boxes: beside one another, in the order in which they come.
fn entries(picture: &Picture, layout: &Layout<NodeLabel, EdgeLabel>) -> Vec<f64> {
    let mut coming: HashMap<String, Vec<(f64, usize)>> = HashMap::new();
    for (k, arrow) in picture.arrows.iter().enumerate() {
        let edge = layout.edge(&arrow.from.to_string(), &end(arrow), Some(&k.to_string()));
        let last = edge.and_then(|edge| edge.points.iter().rev().nth(1)).map_or(0.0, |point| point.y);
        coming.entry(end(arrow)).or_default().push((last, k));
    }
    let mut heights = vec![0.0; picture.arrows.len()];
    for (name, mut arrows) in coming {
        let Some(node) = layout.node(&name) else { continue };
        arrows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (place, (_, k)) in arrows.iter().enumerate() {
            let share = (place as f64 + 0.5) / arrows.len() as f64 - 0.5;
            heights[*k] = node.y.unwrap_or(0.0) + share * 0.8 * node.height;
        }
    }
    heights
}

/// Boxes and arrows in layers from left to right, values above the edges and gradients below, with room kept for both.
pub(crate) fn svg(picture: &Picture) -> String {
    let mut layout: Layout<NodeLabel, EdgeLabel> =
        Layout::with_options(GraphOptions { directed: true, multigraph: true, compound: false });
    for (k, Box { title, .. }) in picture.boxes.iter().enumerate() {
        let mut node = NodeLabel::default();
        (node.width, node.height) = (width(title) + 20.0, LINE + 14.0);
        layout.set_node(k.to_string(), Some(node));
    }
    for (k, arrow) in picture.arrows.iter().enumerate() {
        if arrow.to.is_none() {
            layout.set_node(end(arrow), Some(NodeLabel { width: 1.0, height: 1.0, ..NodeLabel::default() }));
        }
        let wide = arrow.value.iter().chain(&arrow.grad).map(|l| width(&shorten(l, LABEL)) + 10.0).fold(0.0, f64::max);
        let height = if wide > 0.0 { 2.0 * LINE } else { 0.0 };
        let labelpos = LabelPos::Center;
        let edge = EdgeLabel { width: wide, height, labelpos, label_offset: 0.0, ..EdgeLabel::default() };
        layout.set_edge(arrow.from.to_string(), end(arrow), Some(edge), Some(&k.to_string()));
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
    let (halves, entries) = (layers(&layout), entries(picture, &layout));
    let mut body = String::new();
    let (mut right, mut bottom) = (0.0f64, 0.0f64);
    for (k, arrow) in picture.arrows.iter().enumerate() {
        let Some(edge) = layout.edge(&arrow.from.to_string(), &end(arrow), Some(&k.to_string())) else { continue };
        let (x, y) = (edge.x.unwrap_or(0.0), edge.y.unwrap_or(0.0));
        let (Some(from), Some(to)) = (layout.node(&arrow.from.to_string()), layout.node(&end(arrow))) else { continue };
        // Edges are level in layers, and pass between boxes and labels there; they rise and fall between layers.
        let half = |x: f64| halves.get(&layer(x)).copied().unwrap_or(0.0);
        let (start, stop) = (from.x.unwrap_or(0.0), to.x.unwrap_or(0.0));
        let mut points =
            vec![(start + from.width / 2.0, from.y.unwrap_or(0.0)), (start + half(start), from.y.unwrap_or(0.0))];
        let between = edge.points.len().saturating_sub(2);
        for point in edge.points.iter().skip(1).take(between) {
            points.extend([(point.x - half(point.x), point.y), (point.x + half(point.x), point.y)]);
        }
        points.extend([(stop - half(stop) - LEAD, entries[k]), (stop - to.width / 2.0, entries[k])]);
        points.dedup();
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(body, r#"<polyline class="edge" points="{}" marker-end="url(#tip)"/>"#, points.join(" "));
        for (class, label, y) in [("value", &arrow.value, y - 5.0), ("grad", &arrow.grad, y + 14.0)] {
            let Some(text) = label else { continue };
            let label = shorten(text, LABEL);
            right = right.max(x + width(&label) / 2.0);
            bottom = bottom.max(y + LINE);
            let hint = if label == *text { String::new() } else { format!("<title>{}</title>", escape(text)) };
            let label = escape(&label);
            let _ = writeln!(body, r#"<text class="{class}" x="{x:.1}" y="{y:.1}">{label}{hint}</text>"#);
        }
        if arrow.to.is_none()
            && let Some(node) = layout.node(&end(arrow))
        {
            right = right.max(node.x.unwrap_or(0.0));
        }
    }
    for (k, Box { title, leaf }) in picture.boxes.iter().enumerate() {
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
