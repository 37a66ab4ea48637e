//! One row of a drawing: layers from left to right, with rails at its sides where lines come from other rows and go there.

use std::collections::BTreeSet;

use dagre::graph::GraphOptions;
use dagre::layout::types::LabelPos;
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir};

use crate::draw::{Arrow, LABEL, Picture, shorten};
use crate::draw_routes::{Layout, Line, routes};

/// The width of a character and the height of a line of text, in pixels.
pub(crate) const CHAR: f64 = 7.8;
pub(crate) const LINE: f64 = 18.0;
/// The distance of lines that run side by side, in pixels.
pub(crate) const LANE: f64 = 12.0;
/// The rails, as the layout names them.
pub(crate) const ENTER: &str = "enter";
const LEAVE: &str = "leave";

/// What stands in one row, with places from its own left and top.
pub(crate) struct Strip {
    /// Boxes with their middles and sizes.
    pub(crate) boxes: Vec<(usize, [f64; 4])>,
    /// Arrows that end here, with the middles of their labels and their bends: from the box or the rail where they start.
    pub(crate) arrows: Vec<(usize, (f64, f64), Vec<(f64, f64)>)>,
    /// Boxes with arrows to rows below, with the bends of the line to the rail.
    pub(crate) leaving: Vec<(usize, Vec<(f64, f64)>)>,
    pub(crate) size: (f64, f64),
}

/// The width of a text, in pixels.
pub(crate) fn width(text: &str) -> f64 {
    text.chars().count() as f64 * CHAR
}

/// Lays out the boxes of one row, where `row` gives the row of each box.
pub(crate) fn strip(picture: &Picture, row: &dyn Fn(usize) -> usize, at: usize) -> Strip {
    let (layout, lines) = layout(picture, row, at);
    let mut strip = Strip { boxes: Vec::new(), arrows: Vec::new(), leaving: Vec::new(), size: (0.0, 0.0) };
    for k in (0..picture.boxes.len()).filter(|&k| row(k) == at) {
        if let Some(node) = layout.node(&k.to_string()) {
            strip.boxes.push((k, [node.x.unwrap_or(0.0), node.y.unwrap_or(0.0), node.width, node.height]));
        }
    }
    for (line, route) in lines.iter().zip(routes(&lines, &layout)) {
        match line.arrow {
            None => strip.leaving.push((line.source, route)),
            Some(k) => {
                let edge = layout.edge(&line.from, &line.to, Some(&line.name));
                let middle = edge.map_or((0.0, 0.0), |e| (e.x.unwrap_or(0.0), e.y.unwrap_or(0.0)));
                strip.arrows.push((k, middle, route));
            }
        }
    }
    strip.settle(picture);
    strip
}

impl Strip {
    /// Moves everything so that it begins at the left and top, and measures it.
    fn settle(&mut self, picture: &Picture) {
        let mut corners: Vec<(f64, f64)> = Vec::new();
        for (_, [x, y, w, h]) in &self.boxes {
            corners.extend([(x - w / 2.0, y - h / 2.0), (x + w / 2.0, y + h / 2.0)]);
        }
        for (k, (x, y), route) in &self.arrows {
            let half = label_width(&picture.arrows[*k]) / 2.0;
            if half > 0.0 {
                corners.extend([(x - half, y - LINE), (x + half, y + LINE)]);
            }
            corners.extend(route);
        }
        corners.extend(self.leaving.iter().flat_map(|(_, route)| route));
        let least = |axis: fn(&(f64, f64)) -> f64| corners.iter().map(axis).fold(f64::INFINITY, f64::min);
        let most = |axis: fn(&(f64, f64)) -> f64| corners.iter().map(axis).fold(f64::NEG_INFINITY, f64::max);
        let (left, top, right, bottom) = (least(|c| c.0), least(|c| c.1), most(|c| c.0), most(|c| c.1));
        self.shift(-left, -top);
        self.size = (right - left, bottom - top);
    }

    pub(crate) fn shift(&mut self, right: f64, down: f64) {
        for (_, [x, y, ..]) in &mut self.boxes {
            (*x, *y) = (*x + right, *y + down);
        }
        let middles = self.arrows.iter_mut().flat_map(|(_, middle, route)| std::iter::once(middle).chain(route));
        for (x, y) in middles.chain(self.leaving.iter_mut().flat_map(|(_, route)| route)) {
            (*x, *y) = (*x + right, *y + down);
        }
    }
}

/// The width of the wider of an arrow's labels, with some room; 0 when it has none.
fn label_width(arrow: &Arrow) -> f64 {
    arrow.value.iter().chain(&arrow.grad).map(|text| width(&shorten(text, LABEL)) + 10.0).fold(0.0, f64::max)
}

fn layout(picture: &Picture, row: &dyn Fn(usize) -> usize, at: usize) -> (Layout, Vec<Line>) {
    let mut layout = Layout::with_options(GraphOptions { directed: true, multigraph: true, compound: false });
    let sized = |width, height| Some(NodeLabel { width, height, ..NodeLabel::default() });
    let here: Vec<usize> = (0..picture.boxes.len()).filter(|&k| row(k) == at).collect();
    for &k in &here {
        layout.set_node(k.to_string(), sized(width(&picture.boxes[k].title) + 20.0, LINE + 14.0));
    }
    let mut lines = Vec::new();
    let (mut entering, mut leaving) = (BTreeSet::new(), BTreeSet::new());
    for (k, arrow) in picture.arrows.iter().enumerate() {
        let (source, ends) = (arrow.from, arrow.to.map_or(row(arrow.from), row));
        if ends == at {
            let from = if row(source) == at { source.to_string() } else { ENTER.to_string() };
            let to = arrow.to.map_or_else(|| format!("out{source}"), |to| to.to_string());
            if row(source) != at {
                entering.insert(source);
            }
            lines.push(Line { from, to, name: k.to_string(), source, arrow: Some(k) });
        } else if row(source) == at && leaving.insert(source) {
            let name = format!("{LEAVE}{source}");
            lines.push(Line { from: source.to_string(), to: LEAVE.to_string(), name, source, arrow: None });
        }
    }
    for (rail, count) in [(ENTER, entering.len()), (LEAVE, leaving.len())] {
        if count > 0 {
            layout.set_node(rail.to_string(), sized(1.0, LANE * count as f64));
        }
    }
    for line in lines.iter().filter(|line| line.to.starts_with("out")) {
        layout.set_node(line.to.clone(), sized(1.0, 1.0));
    }
    for line in &lines {
        let wide = line.arrow.map_or(0.0, |k| label_width(&picture.arrows[k]));
        let height = if wide > 0.0 { 2.0 * LINE } else { 0.0 };
        let labelpos = LabelPos::Center;
        let joins = |other: &Line| other.to == line.to && leaf(picture, other.source) && row(other.source) == at;
        let minlen = if line.from == ENTER && lines.iter().any(joins) { 2 } else { 1 };
        let edge = EdgeLabel { minlen, width: wide, height, labelpos, label_offset: 0.0, ..EdgeLabel::default() };
        layout.set_edge(line.from.clone(), line.to.clone(), Some(edge), Some(&line.name));
    }
    hold(&mut layout, &lines, picture, &here);
    let options = LayoutOptions {
        rankdir: RankDir::LR,
        nodesep: 24.0,
        ranksep: 40.0,
        marginx: 12.0,
        marginy: 12.0,
        ..LayoutOptions::default()
    };
    dagre::layout(&mut layout, Some(options));
    (layout, lines)
}

fn leaf(picture: &Picture, k: usize) -> bool {
    picture.arrows.iter().all(|arrow| arrow.to != Some(k))
}

/// Keeps the rails outermost, by edges that nobody draws.
fn hold(layout: &mut Layout, lines: &[Line], picture: &Picture, here: &[usize]) {
    let mut unseen = |from: &str, to: &str, minlen: i32| {
        if layout.has_node(from) && layout.has_node(to) {
            let edge = EdgeLabel { minlen, weight: 0, ..EdgeLabel::default() };
            layout.set_edge(from.to_string(), to.to_string(), Some(edge), Some("unseen"));
        }
    };
    for &k in here {
        let name = k.to_string();
        let used = lines.iter().any(|line| line.from == name);
        let fed = lines.iter().any(|line| line.to == name && (line.from == ENTER || !leaf(picture, line.source)));
        match leaf(picture, k) {
            true if !used => unseen(ENTER, &name, 1),
            false if !fed => unseen(ENTER, &name, 2),
            _ => {}
        }
        if !used {
            unseen(&name, LEAVE, 1);
        }
    }
    for line in lines.iter().filter(|line| line.to.starts_with("out")) {
        unseen(&line.to, LEAVE, 1);
    }
}
