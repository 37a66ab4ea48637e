//! Where the edges of a drawing run: level in its layers, between the boxes and labels there, and up or down between layers.

use std::collections::HashMap;

use dagre::graph::Graph;
use dagre::{EdgeLabel, NodeLabel};

use crate::draw::{Arrow, Picture};

pub(crate) type Layout = Graph<NodeLabel, EdgeLabel>;

/// How far an edge is level before the layer where it ends, in pixels.
const LEAD: f64 = 8.0;

/// The box where an arrow ends, as the layout names it.
pub(crate) fn end(arrow: &Arrow) -> String {
    arrow.to.map_or_else(|| format!("out{}", arrow.from), |to| to.to_string())
}

/// The bends of each arrow, its ends among them.
pub(crate) fn routes(picture: &Picture, layout: &Layout) -> Vec<Vec<(f64, f64)>> {
    let (halves, entries) = (halves(layout), entries(picture, layout));
    let half = |x: f64| halves.get(&layer(x)).copied().unwrap_or(0.0);
    let route = |(k, arrow): (usize, &Arrow)| {
        let (from, to) = (layout.node(&arrow.from.to_string())?, layout.node(&end(arrow))?);
        let (start, stop, y) = (from.x?, to.x?, from.y?);
        let mut route = vec![(start + from.width / 2.0, y), (start + half(start), y)];
        for (x, y) in inner(layout, k, arrow) {
            route.extend([(x - half(x), y), (x + half(x), y)]);
        }
        route.extend([(stop - half(stop) - LEAD, entries[k]), (stop - to.width / 2.0, entries[k])]);
        route.dedup();
        Some(route)
    };
    picture.arrows.iter().enumerate().map(|arrow| route(arrow).unwrap_or_default()).collect()
}

/// Where the layout has an arrow pass through layers between its ends.
fn inner(layout: &Layout, k: usize, arrow: &Arrow) -> Vec<(f64, f64)> {
    let edge = layout.edge(&arrow.from.to_string(), &end(arrow), Some(&k.to_string()));
    let points: Vec<(f64, f64)> = edge.iter().flat_map(|edge| &edge.points).map(|point| (point.x, point.y)).collect();
    points.get(1..points.len().saturating_sub(1)).unwrap_or_default().to_vec()
}

/// A layer by its middle, to a tenth of a pixel.
fn layer(x: f64) -> i64 {
    (10.0 * x).round() as i64
}

/// Half the width of each layer: of its widest box or label.
fn halves(layout: &Layout) -> HashMap<i64, f64> {
    let boxes = layout.nodes().into_iter().filter_map(|name| layout.node(&name)).map(|node| (node.x, node.width));
    let edges = layout.edges();
    let labels = edges.iter().filter_map(|edge| layout.edge_by_obj(edge)).map(|edge| (edge.x, edge.width));
    let mut halves = HashMap::new();
    for (x, width) in boxes.chain(labels) {
        let half: &mut f64 = halves.entry(layer(x.unwrap_or(0.0))).or_default();
        *half = half.max(width / 2.0);
    }
    halves
}

/// The heights at which arrows enter their boxes: beside one another, in the order in which they come.
fn entries(picture: &Picture, layout: &Layout) -> Vec<f64> {
    let mut coming: HashMap<String, Vec<(f64, usize)>> = HashMap::new();
    for (k, arrow) in picture.arrows.iter().enumerate() {
        let last = inner(layout, k, arrow).last().map_or(0.0, |point| point.1);
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
