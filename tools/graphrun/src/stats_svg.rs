//! Histograms of layers as a grid: a row an initialisation, a column a layer, values above gradients.

use std::fmt::Write;

use crate::layer::{Histogram, Summary, VERDICTS, short};
use crate::stats::Compared;

/// The size of a cell and the space around it, in pixels.
const WIDTH: f64 = 150.0;
const HEIGHT: f64 = 76.0;
const GAP: f64 = 18.0;
/// The height of a line of numbers.
const LINE: f64 = 13.0;
/// The most characters of a layer's name.
const NAME: usize = 12;
/// The width of the names of rows.
const MARGIN: f64 = 140.0;

/// One drawing of all that is compared.
pub(crate) fn svg(compared: &[Compared]) -> String {
    let columns = compared.iter().map(|run| run.layers.len()).max().unwrap_or(0) as f64;
    let pitch = [WIDTH + GAP, 2.0 * (HEIGHT + GAP) + 5.0 * LINE + 2.0 * GAP];
    let legend = compared.len() as f64 * pitch[1] + GAP;
    let (width, height) = (MARGIN + columns * pitch[0] + GAP, legend + LINE * VERDICTS.len() as f64 + GAP);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
    );
    for (row, run @ Compared { init, activation, layers }) in compared.iter().enumerate() {
        let top = GAP + row as f64 * pitch[1];
        let middle = top + HEIGHT / 2.0 + GAP;
        let deviation = run.deviation().map(|deviation| ("normal", format!("std {deviation}")));
        let activation = activation.as_ref().map(|activation| ("bold", ending(activation, NAME)));
        let words = [Some(("bold", ending(init, NAME))), deviation, activation];
        for (line, (weight, words)) in words.iter().flatten().enumerate() {
            text(&mut out, [GAP, middle + LINE * line as f64], "start", weight, words);
        }
        text(&mut out, [GAP, top + 1.5 * HEIGHT + GAP + 4.0 * LINE], "start", "normal", "gradients");
        for (column, layer) in layers.iter().enumerate() {
            let left = MARGIN + column as f64 * pitch[0];
            let title = format!("{}: {}", ending(&layer.name, NAME), layer.verdict);
            text(&mut out, [left + WIDTH / 2.0, top + 11.0], "middle", "bold", &title);
            let (values, gradients) = (top + GAP, top + HEIGHT + GAP + 4.0 * LINE);
            summary(&mut out, [left, values], &layer.value, "#2471a3");
            let [zero, dead, saturated] = layer.shares();
            let shares = format!("zero {zero} dead {dead} sat. {saturated}");
            text(&mut out, [left, values + HEIGHT + 3.0 * LINE], "start", "normal", &shares);
            summary(&mut out, [left, gradients], &layer.gradient, "#c0392b");
        }
    }
    for (line, (verdict, meaning)) in VERDICTS.iter().enumerate() {
        let y = legend + LINE * (line as f64 + 0.5);
        text(&mut out, [GAP, y], "start", "bold", verdict);
        text(&mut out, [MARGIN, y], "start", "normal", meaning);
    }
    out + "</svg>\n"
}

/// The end of a name that is too long for a cell, where members of blocks differ.
pub(crate) fn ending(name: &str, most: usize) -> String {
    let all = name.chars().count();
    if all <= most { name.to_string() } else { format!("…{}", name.chars().skip(all + 1 - most).collect::<String>()) }
}

/// A histogram with mean and deviation below it.
fn summary(out: &mut String, [left, top]: [f64; 2], summary: &Summary, colour: &str) {
    bars(out, [left, top], &summary.histogram, colour);
    let numbers = format!("mean {} std {}", short(summary.mean), short(summary.std));
    text(out, [left, top + HEIGHT + 2.0 * LINE], "start", "normal", &numbers);
}

/// A histogram over an axis whose ends, and 0 where it lies well between them, have their numbers below.
fn bars(out: &mut String, [left, top]: [f64; 2], histogram: &Histogram, colour: &str) {
    let most = histogram.counts.iter().max().copied().unwrap_or(0).max(1) as f64;
    let step = WIDTH / histogram.counts.len() as f64;
    for (k, &count) in histogram.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let height = HEIGHT * count as f64 / most;
        let _ = writeln!(
            out,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\" fill=\"{colour}\"/>",
            left + k as f64 * step,
            top + HEIGHT - height,
            step - 0.5
        );
    }
    let _ = writeln!(
        out,
        "<line x1=\"{left:.1}\" y1=\"{0:.1}\" x2=\"{1:.1}\" y2=\"{0:.1}\" stroke=\"black\"/>",
        top + HEIGHT,
        left + WIDTH
    );
    if histogram.low <= histogram.high {
        let zero = -histogram.low / (histogram.high - histogram.low);
        let ends = [(0.0, "start", histogram.low), (zero, "middle", 0.0), (1.0, "end", histogram.high)];
        for (place, anchor, x) in
            ends.into_iter().filter(|(_, anchor, _)| *anchor != "middle" || (0.3..0.7).contains(&zero))
        {
            let at = left + place * WIDTH;
            let _ = writeln!(
                out,
                "<line x1=\"{at:.1}\" y1=\"{:.1}\" x2=\"{at:.1}\" y2=\"{:.1}\" stroke=\"black\"/>",
                top + HEIGHT,
                top + HEIGHT + 3.0
            );
            text(out, [at, top + HEIGHT + LINE], anchor, "normal", &short(x));
        }
    }
}

fn text(out: &mut String, [x, y]: [f64; 2], anchor: &str, weight: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-weight=\"{weight}\">{words}</text>"
    );
}
