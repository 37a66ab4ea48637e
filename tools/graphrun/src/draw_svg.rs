//! A drawing as SVG, laid out in layers.

use std::fmt::Write;

use dagre::graph::GraphOptions;
use dagre::layout::types::LabelPos;
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir};

use crate::draw::{Box, LABEL, Picture, shorten};
use crate::draw_routes::{Layout, end, routes};

/// The width of a character and the height of a line, in pixels.
const CHAR: f64 = 7.8;
const LINE: f64 = 18.0;

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn width(text: &str) -> f64 {
    text.chars().count() as f64 * CHAR
}

/// Boxes and arrows in layers from left to right, values above the edges and gradients below, with room kept for both.
pub(crate) fn svg(picture: &Picture) -> String {
    let mut layout = Layout::with_options(GraphOptions { directed: true, multigraph: true, compound: false });
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
    let routes = routes(picture, &layout);
    let mut body = String::new();
    let (mut right, mut bottom) = (0.0f64, 0.0f64);
    for (k, arrow) in picture.arrows.iter().enumerate() {
        let Some(edge) = layout.edge(&arrow.from.to_string(), &end(arrow), Some(&k.to_string())) else { continue };
        let (x, y) = (edge.x.unwrap_or(0.0), edge.y.unwrap_or(0.0));
        let points: Vec<String> = routes[k].iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
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
