//! Where the lines of a row run: level in its layers, between the boxes and labels there, and up or down between layers.

use std::collections::{BTreeMap, HashMap};

use dagre::graph::Graph;
use dagre::{EdgeLabel, NodeLabel};

use crate::draw_strip::ENTER;

pub(crate) type Layout = Graph<NodeLabel, EdgeLabel>;

/// How far a line is level before the layer where it ends, in pixels.
const LEAD: f64 = 8.0;

/// A line between two boxes, points or rails of a row, as the layout names them.
pub(crate) struct Line {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) name: String,
    /// The box whose value it carries.
    pub(crate) source: usize,
    /// The arrow that ends with it; without, it goes on in another row.
    pub(crate) arrow: Option<usize>,
}

/// The bends of each line, its ends among them.
pub(crate) fn routes(lines: &[Line], layout: &Layout) -> Vec<Vec<(f64, f64)>> {
    let (halves, entries, ports) = (halves(layout), entries(lines, layout), ports(lines, layout));
    let half = |x: f64| halves.get(&layer(x)).copied().unwrap_or(0.0);
    let route = |(k, line): (usize, &Line)| {
        let (from, to) = (layout.node(&line.from)?, layout.node(&line.to)?);
        let (start, stop) = (from.x?, to.x?);
        let y = if line.from == ENTER { *ports.get(&line.source)? } else { from.y? };
        let mut route = vec![(start + from.width / 2.0, y), (start + half(start), y)];
        for (x, y) in inner(layout, line) {
            route.extend([(x - half(x), y), (x + half(x), y)]);
        }
        route.extend([(stop - half(stop) - LEAD, entries[k]), (stop - to.width / 2.0, entries[k])]);
        route.dedup();
        Some(route)
    };
    lines.iter().enumerate().map(|line| route(line).unwrap_or_default()).collect()
}

/// Where the layout has a line pass through layers between its ends.
fn inner(layout: &Layout, line: &Line) -> Vec<(f64, f64)> {
    let edge = layout.edge(&line.from, &line.to, Some(&line.name));
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

/// The heights at which lines enter their boxes: beside one another, in the order in which they come.
fn entries(lines: &[Line], layout: &Layout) -> Vec<f64> {
    let mut coming: HashMap<&str, Vec<(f64, usize)>> = HashMap::new();
    for (k, line) in lines.iter().enumerate() {
        let last = inner(layout, line).last().map_or(0.0, |point| point.1);
        coming.entry(&line.to).or_default().push((last, k));
    }
    let mut heights = vec![0.0; lines.len()];
    for (name, mut lines) in coming {
        lines.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for ((_, k), height) in lines.iter().zip(spread(layout, name, lines.len())) {
            heights[*k] = height;
        }
    }
    heights
}

/// The heights at which the values of boxes in other rows enter: in the order in which their lines go on.
fn ports(lines: &[Line], layout: &Layout) -> BTreeMap<usize, f64> {
    let mut firsts: BTreeMap<usize, f64> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.from == ENTER) {
        let first = inner(layout, line).first().map_or(0.0, |point| point.1);
        let least = firsts.entry(line.source).or_insert(first);
        *least = least.min(first);
    }
    let mut order: Vec<(f64, usize)> = firsts.into_iter().map(|(source, first)| (first, source)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let heights = spread(layout, ENTER, order.len());
    order.iter().map(|(_, source)| *source).zip(heights).collect()
}

/// Heights for some lines at one box or rail, from the top.
fn spread(layout: &Layout, name: &str, count: usize) -> Vec<f64> {
    let (middle, height) = layout.node(name).map_or((0.0, 0.0), |node| (node.y.unwrap_or(0.0), node.height));
    let share = |place: usize| (place as f64 + 0.5) / count as f64 - 0.5;
    (0..count).map(|place| middle + share(place) * 0.8 * height).collect()
}
