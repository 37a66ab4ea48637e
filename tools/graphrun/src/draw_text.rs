//! A drawing in text: boxes in layers where a terminal is wide enough, else a line a box, beside rails.

use std::fmt::Write;

use crate::draw::{Picture, shorten};
use crate::table::{columns, wrapped};

/// The most boxes that are drawn in layers.
const LAYERED: usize = 40;

/// The graph, and below it what its edges carry: between the boxes there is no room for every label.
pub(crate) fn text(picture: &Picture) -> String {
    let fits = |drawing: &String| drawing.lines().all(|line| line.chars().count() <= columns());
    let layered = (picture.boxes.len() <= LAYERED).then(|| layers(picture)).filter(fits);
    let mut out = layered.or_else(|| Some(rails(picture)).filter(fits)).unwrap_or_else(|| list(picture));
    for arrow in picture.arrows.iter().filter(|arrow| arrow.value.is_some() || arrow.grad.is_some()) {
        let to = arrow.to.map_or("output", |to| name(picture, to));
        let line = format!("{} -> {to}: {}", name(picture, arrow.from), arrow.label(" / "));
        let _ = writeln!(out, "{}", wrapped(0, [[line]]));
    }
    out
}

fn name(picture: &Picture, place: usize) -> &str {
    picture.boxes[place].title.split([':', ' ']).next().unwrap_or_default()
}

fn layers(picture: &Picture) -> String {
    let mut graph = ascii_dag::Graph::new();
    let ids: Vec<_> = picture.boxes.iter().map(|b| graph.add_node(ascii_dag::AUTO, &b.title)).collect();
    for arrow in &picture.arrows {
        if let Some(to) = arrow.to {
            graph.add_edge(ids[arrow.from], ids[to], None);
        }
    }
    graph.compute_layout().render_string(&ascii_dag::RenderOptions::plain()).trim_end().to_string() + "\n"
}

/// The inputs of each box, in order.
fn inputs(picture: &Picture) -> Vec<Vec<usize>> {
    let mut inputs = vec![Vec::new(); picture.boxes.len()];
    for arrow in &picture.arrows {
        if let Some(to) = arrow.to {
            inputs[to].push(arrow.from);
        }
    }
    inputs
}

/// The boxes in an order in which each comes behind its inputs, and leaves shortly before their first use.
fn order(inputs: &[Vec<usize>]) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    let mut placed = vec![false; inputs.len()];
    let mut place = |k: usize| {
        if !std::mem::replace(&mut placed[k], true) {
            order.push(k);
        }
    };
    for k in (0..inputs.len()).filter(|&k| !inputs[k].is_empty()) {
        inputs[k].iter().filter(|&&input| inputs[input].is_empty()).for_each(|&input| place(input));
        place(k);
    }
    (0..inputs.len()).for_each(place);
    order
}

/// A line a box. Each value that is used further down has a rail on the left; where a box uses it, a line leads to the box.
fn rails(picture: &Picture) -> String {
    let inputs = inputs(picture);
    let mut uses = vec![0; inputs.len()];
    inputs.iter().flatten().for_each(|&input| uses[input] += 1);
    let mut lanes: Vec<Option<usize>> = Vec::new();
    let mut out = String::new();
    for k in order(&inputs) {
        let before = lanes.clone();
        let used: Vec<usize> = (0..lanes.len()).filter(|&l| lanes[l].is_some_and(|v| inputs[k].contains(&v))).collect();
        inputs[k].iter().for_each(|&input| uses[input] -= 1);
        lanes.iter_mut().for_each(|lane| *lane = lane.filter(|&value| uses[value] > 0));
        let own = lanes.iter().position(Option::is_none).unwrap_or(lanes.len());
        lanes.resize(lanes.len().max(own + 1), None);
        lanes[own] = Some(k).filter(|_| uses[k] > 0);
        let ends = used.iter().copied().chain([own]);
        let (left, right) = (ends.clone().min().unwrap_or(own), ends.max().unwrap_or(own));
        let mut row = String::new();
        for (lane, below) in lanes.iter().enumerate() {
            let above = before.get(lane).copied().flatten();
            let sides = (lane > left && lane <= right, lane >= left && lane < right);
            row.push(match (lane == own, used.contains(&lane), sides) {
                (true, ..) => '●',
                (_, true, sides) => joint(below.is_some(), sides),
                (_, _, (true, true)) if above.is_none() => '─',
                _ if above.is_some() => '│',
                _ => ' ',
            });
            row.push(if sides.1 { '─' } else { ' ' });
        }
        let _ = writeln!(out, "{} {}", row.trim_end(), picture.boxes[k].title);
        while lanes.last().is_some_and(Option::is_none) {
            lanes.pop();
        }
    }
    out
}

/// Where a rail meets the line to a box, on its left and on its right.
fn joint(goes_on: bool, sides: (bool, bool)) -> char {
    match (goes_on, sides) {
        (true, (true, true)) => '┼',
        (true, (true, false)) => '┤',
        (true, _) => '├',
        (false, (true, true)) => '┴',
        (false, (true, false)) => '┘',
        (false, _) => '└',
    }
}

/// A line a box with the names of its inputs, where too many values are alive for rails.
fn list(picture: &Picture) -> String {
    let inputs = inputs(picture);
    let row = |k: usize| {
        let names: Vec<&str> = inputs[k].iter().map(|&input| name(picture, input)).collect();
        let from = if names.is_empty() { String::new() } else { format!("<- {}", names.join(", ")) };
        [shorten(&picture.boxes[k].title, columns() / 2), from]
    };
    wrapped(0, order(&inputs).into_iter().map(row)) + "\n"
}
