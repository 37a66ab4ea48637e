//! The error of difference quotients against their step, for the terminal and as SVG.

use std::fmt::Write;

use graphrun::gradcheck::{Curve, Report};

use crate::gradcheck::name;

/// Decades of error shown, from 1e1 down to 1e-16.
const TOP: f64 = 1.0;
const BOTTOM: f64 = -16.0;

/// The logarithm of an error, kept within what is shown.
fn height(error: f64) -> f64 {
    if error.is_nan() { TOP } else { error.max(1e-300).log10().clamp(BOTTOM, TOP) }
}

/// The letter that a method is drawn with.
fn letter(curve: &Curve) -> char {
    name(curve.method).chars().next().unwrap_or('?')
}

/// A plot of letters: the first letter of each method, one column a step, the largest step on the right. `report` is the
/// check at the same point.
pub(crate) fn plot(curves: &[Curve], report: &Report) -> String {
    let columns = curves.iter().map(|c| c.points.len()).max().unwrap_or(0);
    let rows = (TOP - BOTTOM) as usize + 1;
    let mut grid = vec![vec![' '; 2 * columns]; rows];
    for curve in curves {
        let letter = letter(curve);
        for (k, (_, error)) in curve.points.iter().enumerate() {
            let row = (TOP - height(*error)).round() as usize;
            let cell = &mut grid[row.min(rows - 1)][2 * (columns - 1 - k)];
            *cell = if *cell == ' ' { letter } else { '*' };
        }
    }
    let letters = curves.iter().map(|curve| format!("{} {}", letter(curve), name(curve.method)));
    let mut out = format!("relative error against step: {}, * several\n", letters.collect::<Vec<_>>().join(", "));
    for (k, row) in grid.iter().enumerate() {
        let line: String = row.iter().collect();
        let _ = writeln!(out, "1e{:<4}|{}", TOP as i32 - k as i32, line.trim_end());
    }
    let _ = writeln!(out, "      +{}", "-".repeat(2 * columns));
    let _ = writeln!(out, "       1e-12{:>width$}", "1e-1", width = (2 * columns).saturating_sub(5));
    out += "the highest line holds errors of 10 and more and what is no number, the lowest those of 1e-16 and less\n";
    for curve in curves {
        let _ = writeln!(out, "{:<9} {}", name(curve.method), curve.words(report));
    }
    out.truncate(out.trim_end().len());
    out
}

/// The same as a drawing, 640 by 400.
pub(crate) fn svg(curves: &[Curve], report: &Report) -> String {
    const COLOURS: [&str; 3] = ["#c0392b", "#2471a3", "#1e8449"];
    let x = |step: f64| 60.0 + (step.log10() + 12.0) / 11.0 * 540.0;
    let y = |error: f64| 20.0 + (TOP - height(error)) / (TOP - BOTTOM) * 330.0;
    let mut out = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 400\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"640\" height=\"400\" fill=\"white\"/>\n",
    );
    for decade in (-12..=-1).step_by(2) {
        let at = x(10f64.powi(decade));
        let _ = writeln!(out, "<line x1=\"{at:.1}\" y1=\"20\" x2=\"{at:.1}\" y2=\"350\" stroke=\"#ddd\"/>");
        let _ = writeln!(out, "<text x=\"{at:.1}\" y=\"368\" text-anchor=\"middle\">1e{decade}</text>");
    }
    for decade in (BOTTOM as i32..=TOP as i32).step_by(4) {
        let at = y(10f64.powi(decade));
        let _ = writeln!(out, "<line x1=\"60\" y1=\"{at:.1}\" x2=\"600\" y2=\"{at:.1}\" stroke=\"#ddd\"/>");
        let _ = writeln!(out, "<text x=\"54\" y=\"{:.1}\" text-anchor=\"end\">1e{decade}</text>", at + 4.0);
    }
    out += "<text x=\"330\" y=\"390\" text-anchor=\"middle\">step</text>\n";
    for (k, curve) in curves.iter().enumerate() {
        let colour = COLOURS[k % COLOURS.len()];
        let points: Vec<String> = curve.points.iter().map(|(h, e)| format!("{:.1},{:.1}", x(*h), y(*e))).collect();
        let _ = writeln!(
            out,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{}\"/>",
            points.join(" ")
        );
        let label = format!("{}: {}", name(curve.method), curve.words(report));
        let _ = writeln!(out, "<text x=\"70\" y=\"{}\" fill=\"{colour}\">{label}</text>", 300 + 18 * k);
    }
    out + "</svg>\n"
}
