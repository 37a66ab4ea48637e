//! Derivatives with error bars: a ladder of halved steps, extrapolated to step zero.
//!
//! Richardson's extrapolation removes the powers of the step one after the other, and the spread of the table's
//! neighbours is the error (C. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", 1982). The same evaluations
//! give the two one-sided slopes, and their gap tells a kink from a smooth point.

use crate::range::Sides;

/// How many steps a ladder has, each half of the one before.
pub(crate) const RUNGS: usize = 8;
/// Roundings of the function's values in a bar that rounding alone explains: the evaluations of a ladder each have some.
pub(crate) const FLOORS: f64 = 64.0;
/// The least gap of a kink, as a share of its slopes: far below what a gradient may be off, so that no kink passes for a
/// smooth point, and far above the rounding of quotients.
const GAP: f64 = 1e-8;
/// How far a value may lie from its estimate, in error bars.
pub(crate) const BARS: f64 = 10.0;

/// A numeric derivative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The derivative; on a kink the mean of the two slopes. NaN when the function is not finite around the point.
    pub value: f64,
    /// The estimate's own error bar: spread of the extrapolation and rounding of the function.
    pub error: f64,
    /// On a kink, the slopes from below and from above.
    pub kink: Option<(f64, f64)>,
    /// The first step of the ladder that gave the estimate.
    pub step: f64,
    /// The greatest |f| met, or the size that its noise would be the last place of.
    pub magnitude: f64,
    /// How often the function was evaluated.
    pub evaluations: usize,
}

impl Estimate {
    /// The part of the bar that rounding alone explains.
    pub(crate) fn floor(&self) -> f64 {
        f64::EPSILON * self.magnitude / self.step
    }

    /// Whether the bar can be believed: one digit of the value is known, or rounding alone explains the bar. A ladder
    /// that does not converge, as across a pole or over many waves, has neither, and its bar says nothing.
    pub(crate) fn settled(&self) -> bool {
        BARS * self.error <= self.value.abs() || self.error <= FLOORS * self.floor()
    }
}

/// No derivative at all.
pub(crate) fn unknown(step: f64) -> Estimate {
    Estimate { value: f64::NAN, error: f64::INFINITY, kink: None, step, magnitude: 0.0, evaluations: 0 }
}

/// One ladder of `RUNGS` halvings that starts at `step`, of values that are off by `noise` at least.
pub(crate) fn ladder(
    along: &mut impl FnMut(f64) -> (f64, f64),
    centre: f64,
    step: f64,
    sides: Sides,
    noise: f64,
) -> Estimate {
    let mut magnitude = centre.abs().max(noise / f64::EPSILON);
    let mut evaluations = 0;
    let (mut middle, mut left, mut right, mut steps) = (vec![], vec![], vec![], vec![]);
    for rung in 0..RUNGS {
        let h = step * 0.5f64.powi(rung as i32);
        let mut at = |t: f64| {
            evaluations += 1;
            along(t)
        };
        let (above, to) = if sides == Sides::Below { (centre, 0.0) } else { at(h) };
        let (below, from) = if sides == Sides::Above { (centre, 0.0) } else { at(-h) };
        // A step onto a value that is not a number, or a step lost in rounding, says nothing: the ladder starts below it.
        if !(above.is_finite() && below.is_finite()) || to == from {
            [&mut middle, &mut left, &mut right].into_iter().for_each(|list| list.clear());
            steps.clear();
            continue;
        }
        magnitude = magnitude.max(above.abs()).max(below.abs());
        middle.push((above - below) / (to - from));
        right.push((above - centre) / to);
        left.push((centre - below) / -from);
        steps.push(h);
    }
    let first = steps.first().copied().unwrap_or(step);
    if middle.len() < 3 || !centre.is_finite() {
        return Estimate { evaluations, ..unknown(first) };
    }
    let rounding = f64::EPSILON * magnitude;
    let (first_power, stride) = if sides == Sides::Both { (2, 2) } else { (1, 1) };
    let (value, error) = extrapolate(&middle, &steps, rounding, first_power, stride);
    let smooth = Estimate { value, error, kink: None, step: first, magnitude, evaluations };
    if sides != Sides::Both {
        return smooth;
    }
    let gaps: Vec<f64> = right.iter().zip(&left).map(|(r, l)| r - l).collect();
    let (gap, gap_error) = extrapolate(&gaps, &steps, rounding, 1, 2);
    let (from_below, _) = extrapolate(&left, &steps, rounding, 1, 1);
    let (from_above, _) = extrapolate(&right, &steps, rounding, 1, 1);
    let least = GAP * from_below.abs().max(from_above.abs());
    let sharp = gap.abs() > BARS * gap_error && gap.abs() > least;
    if !sharp {
        // A gap too faint for a kink is there all the same, and the bar reaches to both slopes.
        let faint = if gap.abs() > gap_error { 0.5 * gap.abs().min(least) } else { 0.0 };
        return Estimate { error: error.max(faint), ..smooth };
    }
    Estimate {
        value: 0.5 * (from_below + from_above),
        error: smooth.error.max(gap_error),
        kink: Some((from_below, from_above)),
        ..smooth
    }
}

/// The limit at step zero of quotients at halved `steps`, and its error. The quotients' error has the powers
/// `first`, `first + stride`, ... of the step. `rounding` is the least that an evaluation of the function is off.
///
/// An entry's error is its distance from its neighbours in the table, and the noise of the function over its step.
fn extrapolate(quotients: &[f64], steps: &[f64], rounding: f64, first: i32, stride: i32) -> (f64, f64) {
    let mut columns = vec![quotients.to_vec()];
    for order in 1..quotients.len() {
        let weight = 2f64.powi(first + stride * (order as i32 - 1)) - 1.0;
        let next = columns[order - 1].windows(2).map(|pair| pair[1] + (pair[1] - pair[0]) / weight).collect();
        columns.push(next);
    }
    let noise = noise(&columns, steps).max(rounding);
    let mut best = (quotients[0], f64::INFINITY);
    for pair in columns.windows(2) {
        let finest = steps.len() - pair[1].len();
        for (rung, &value) in pair[1].iter().enumerate() {
            let spread = (value - pair[0][rung]).abs().max((value - pair[0][rung + 1]).abs());
            let error = spread + 2.0 * noise / steps[finest + rung];
            if error < best.1 {
                best = (value, error);
            }
        }
    }
    best
}

/// How far the values of the function seem to be off: in a column free of truncation, what is left of the differences
/// at the smallest steps. The largest of several differences counts, since rounded values often agree by luck; of
/// the columns the one with the smallest, since truncation only adds.
fn noise(columns: &[Vec<f64>], steps: &[f64]) -> f64 {
    let spread = |column: &Vec<f64>| {
        let differences = column.windows(2).map(|pair| (pair[1] - pair[0]).abs());
        let scaled = differences.rev().zip(steps.iter().rev()).map(|(d, h)| d * h);
        scaled.take(3).fold(0.0, f64::max)
    };
    let long = columns.iter().filter(|c| c.len() >= 4.min(columns.len() - 1));
    long.map(spread).fold(f64::INFINITY, f64::min)
}
