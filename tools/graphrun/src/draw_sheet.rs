//! A drawing laid out: in one row where a page is wide enough, else in rows below one another.
//!
//! A value that is used in a row further down leaves its row on the right, runs down there, to the left between two rows,
//! and enters the row where it is used on the left: around all boxes and labels, each line on a lane of its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::draw::Picture;
use crate::draw_strip::{LANE, Strip, strip};

/// The width of a row, and the room around and between rows, in pixels.
const PAGE: f64 = 1800.0;
const MARGIN: f64 = 12.0;

/// Where everything stands.
pub(crate) struct Sheet {
    /// The middle and the size of each box.
    pub(crate) boxes: Vec<[f64; 4]>,
    /// The middle of the labels of each arrow.
    pub(crate) labels: Vec<(f64, f64)>,
    /// The bends of each arrow, its ends among them.
    pub(crate) routes: Vec<Vec<(f64, f64)>>,
    pub(crate) size: (f64, f64),
}

pub(crate) fn sheet(picture: &Picture) -> Sheet {
    let whole = strip(picture, &|_| 0, 0);
    let count = (whole.size.0 / PAGE).ceil().max(1.0) as usize;
    if count == 1 {
        return fold(picture, vec![whole], &[]);
    }
    let rows = rows(picture, &whole, count);
    let strips = (0..count).map(|at| strip(picture, &|k| rows[k], at)).collect();
    fold(picture, strips, &rows)
}

/// The row of each box: layers are dealt out to rows of one width, and what comes from nowhere stands where it is used first.
fn rows(picture: &Picture, whole: &Strip, count: usize) -> Vec<usize> {
    let width = whole.size.0 / count as f64;
    let mut rows = vec![0; picture.boxes.len()];
    for (k, [x, ..]) in &whole.boxes {
        rows[*k] = ((x / width) as usize).min(count - 1);
    }
    let made: BTreeSet<usize> = picture.arrows.iter().filter_map(|arrow| arrow.to).collect();
    for leaf in (0..rows.len()).filter(|k| !made.contains(k)) {
        let uses = picture.arrows.iter().filter(|arrow| arrow.from == leaf).filter_map(|arrow| arrow.to);
        rows[leaf] = uses.map(|to| rows[to]).min().unwrap_or(rows[leaf]);
    }
    // Rows without a box are not drawn.
    let used: BTreeSet<usize> = rows.iter().copied().collect();
    rows.iter().map(|row| used.range(..row).count()).collect()
}

/// Stacks rows, and joins what leaves one to where it enters others.
fn fold(picture: &Picture, mut strips: Vec<Strip>, rows: &[usize]) -> Sheet {
    strips.retain(|strip| !strip.boxes.is_empty());
    let entering: Vec<Vec<usize>> = strips.iter().enumerate().map(|(at, s)| entering(picture, s, rows, at)).collect();
    let left = MARGIN + LANE * entering.iter().map(Vec::len).max().unwrap_or(0) as f64;
    let right = left + strips.iter().map(|strip| strip.size.0).fold(0.0, f64::max);
    let mut tops = Vec::new();
    let mut bottom = MARGIN;
    for (strip, entering) in strips.iter_mut().zip(&entering) {
        if !tops.is_empty() {
            bottom += 2.0 * MARGIN + LANE * entering.len() as f64;
        }
        tops.push(bottom);
        strip.shift(left, bottom);
        bottom += strip.size.1;
    }
    let lanes = lanes(&strips, &entering);
    let leaving: BTreeMap<usize, &Vec<(f64, f64)>> =
        strips.iter().flat_map(|strip| &strip.leaving).map(|(source, route)| (*source, route)).collect();
    let mut sheet = Sheet {
        boxes: vec![[0.0; 4]; picture.boxes.len()],
        labels: vec![(0.0, 0.0); picture.arrows.len()],
        routes: vec![Vec::new(); picture.arrows.len()],
        size: (right + LANE * lanes.values().map(|lane| lane + 1).max().unwrap_or(0) as f64 + MARGIN, bottom + MARGIN),
    };
    for (at, strip) in strips.iter().enumerate() {
        for (k, place) in &strip.boxes {
            sheet.boxes[*k] = *place;
        }
        for (k, label, route) in &strip.arrows {
            let source = picture.arrows[*k].from;
            sheet.labels[*k] = *label;
            if let (Some(place), Some(from)) = (entering[at].iter().position(|&s| s == source), leaving.get(&source)) {
                let (exit, port) = (from[from.len() - 1].1, route[0].1);
                let away = right + LANE * (lanes[&source] + 1) as f64;
                let (back, level) = (left - LANE * (place + 1) as f64, tops[at] - MARGIN - LANE * place as f64);
                sheet.routes[*k].extend(from.iter());
                sheet.routes[*k].extend([(away, exit), (away, level), (back, level), (back, port)]);
            }
            sheet.routes[*k].extend(route);
        }
    }
    sheet
}

/// The boxes whose values enter a row, from the top of its rail.
fn entering(picture: &Picture, strip: &Strip, rows: &[usize], at: usize) -> Vec<usize> {
    let from_above = |k: &usize| rows.get(*k).is_some_and(|row| *row < at);
    let ports = strip.arrows.iter().map(|(k, _, route)| (picture.arrows[*k].from, route));
    let ports: BTreeMap<usize, f64> =
        ports.filter(|(source, _)| from_above(source)).map(|(source, route)| (source, route[0].1)).collect();
    let mut order: Vec<usize> = ports.keys().copied().collect();
    order.sort_by(|a, b| ports[a].total_cmp(&ports[b]));
    order
}

/// The lane on the right of each box whose value leaves its row: the lower, the further in, where no lane of a row above is in the way.
fn lanes(strips: &[Strip], entering: &[Vec<usize>]) -> BTreeMap<usize, usize> {
    let mut lanes = BTreeMap::new();
    let mut free: Vec<usize> = Vec::new();
    for (at, strip) in strips.iter().enumerate() {
        let mut leaving: Vec<(f64, usize)> =
            strip.leaving.iter().map(|(source, route)| (route[route.len() - 1].1, *source)).collect();
        leaving.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, source) in leaving {
            let last = entering.iter().rposition(|entering| entering.contains(&source)).unwrap_or(at);
            let lane = free.iter().position(|&from| from <= at).unwrap_or(free.len());
            free.resize(free.len().max(lane + 1), 0);
            free[lane] = last;
            lanes.insert(source, lane);
        }
    }
    lanes
}
