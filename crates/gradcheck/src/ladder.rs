//! Derivatives with error bars: a ladder of halved steps, extrapolated to step zero.
//!
//! Richardson's extrapolation removes the powers of the step one after the other, and the spread of the table's
//! neighbours is the error (C. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", 1982). The same evaluations
//! give the two one-sided slopes, and their gap tells a kink from a smooth point.

/// How many steps a ladder has, each half of the one before.
const RUNGS: usize = 8;
/// How many ladders are tried, each starting lower, before a kink or a wide bar is believed.
const LEVELS: i32 = 5;
/// How much lower each next ladder starts.
const DESCENT: f64 = 16.0;
/// The first step in units of the size of the point: small against the point, large against the rounding of values.
pub(crate) const STEP: f64 = 0.05;
/// Roundings of the function's values in a bar that rounding alone explains: the evaluations of a ladder each have some.
const FLOORS: f64 = 64.0;
/// The least gap of a kink, as a share of its slopes: far below what a gradient may be off, so that no kink passes for a
/// smooth point, and far above the rounding of quotients.
const GAP: f64 = 1e-8;
/// How far a value may lie from its estimate, in error bars.
pub(crate) const BARS: f64 = 10.0;

/// How far the variable may move to either side.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// The greatest step, before the limits.
    pub step: f64,
    /// The room below, to the border of the domain.
    pub below: f64,
    /// The room above, to the border of the domain.
    pub above: f64,
    /// A lower step, tried where steps of the first size give no sharp derivative: near a pole a function bends over
    /// the distance to 0, and far out over distances of 1. No such step when it is 0.
    pub other: f64,
}

impl Range {
    /// A range without borders: 0.05 max(|x|, 1) to either side, or else 0.05 min(|x|, 1).
    pub fn around(x: f64) -> Range {
        let step = |size: f64| STEP * size;
        let (step, other) = (step(x.abs().max(1.0)), step(x.abs().min(1.0)));
        Range { step, below: f64::INFINITY, above: f64::INFINITY, other }
    }

    /// The first step and the sides that it may go to. A border nearer than a thousandth of the step
    /// leaves only the other side; the border itself is never touched from within.
    fn start(self) -> (f64, Sides) {
        let room = |side: f64| (0.9 * side).min(self.step);
        let near = self.below.min(self.above);
        if near > 1e-3 * self.step {
            (room(near), Sides::Both)
        } else if self.above >= self.below {
            (room(self.above), Sides::Above)
        } else {
            (room(self.below), Sides::Below)
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Sides {
    Both,
    Above,
    Below,
}

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
    /// The greatest |f| met.
    pub magnitude: f64,
    /// How often the function was evaluated.
    pub evaluations: usize,
}

impl Estimate {
    /// The part of the bar that rounding alone explains.
    fn floor(&self) -> f64 {
        f64::EPSILON * self.magnitude / self.step
    }

    /// Whether the bar can be believed: one digit of the value is known, or rounding alone explains the bar. A ladder
    /// that does not converge, as across a pole or over many waves, has neither, and its bar says nothing.
    pub(crate) fn settled(&self) -> bool {
        BARS * self.error <= self.value.abs() || self.error <= FLOORS * self.floor()
    }
}

/// The derivative at step 0 of `along`, which takes a step and gives the value there and the step really taken.
///
/// ```
/// use graphrun_gradcheck::{Range, derivative};
///
/// let slope = derivative(|t| ((1.0 + t).exp(), t), Range::around(1.0));
/// assert!((slope.value - 1f64.exp()).abs() <= 10.0 * slope.error && slope.error < 1e-9);
/// ```
pub fn derivative(along: impl FnMut(f64) -> (f64, f64), range: Range) -> Estimate {
    refine(along, range, 1e-10, 0.0)
}

/// A derivative whose bar is at most `wanted` times the larger of itself and `scale`, if that can be had:
/// ladders start lower and lower until the bar is narrow and no kink is in sight.
pub(crate) fn refine(mut along: impl FnMut(f64) -> (f64, f64), range: Range, wanted: f64, scale: f64) -> Estimate {
    let (start, sides) = range.start();
    let (centre, _) = along(0.0);
    let mut evaluations = 1;
    let mut best: Option<Estimate> = None;
    let mut kinked = None;
    let lower = [1.0, 1.0 / DESCENT]
        .map(|part| range.other * part)
        .into_iter()
        .filter(|step| (0.0..start).contains(step) && *step > 0.0);
    let starts = (0..LEVELS).map(|level| start * DESCENT.powi(-level)).chain(lower);
    // A kink seen by the highest steps may lie beside the point; the lowest tell, and those between are asked only when
    // the two disagree.
    let lowest = start * DESCENT.powi(1 - LEVELS);
    let mut exact = false;
    for (level, step) in starts.enumerate() {
        if level == 1 && kinked.is_some() {
            let found = ladder(&mut along, centre, lowest, sides);
            evaluations += found.evaluations;
            exact = found.kink.is_some();
            kinked = Some(found).filter(|_| exact).or(kinked);
        }
        if exact && (1..LEVELS as usize).contains(&level) {
            continue;
        }
        let found = ladder(&mut along, centre, step, sides);
        evaluations += found.evaluations;
        if found.kink.is_some() {
            kinked = Some(found);
            continue;
        }
        // A kink seen from afar is none when the lowest steps do not see it.
        if level < LEVELS as usize {
            kinked = None;
        }
        if best.is_none_or(|b| better(&found, &b)) {
            best = Some(found);
        }
        let narrow = found.settled() && found.error <= wanted * found.value.abs().max(scale);
        if narrow || (found.error <= FLOORS * found.floor() && found.value.abs() <= BARS * found.error) {
            kinked = None;
            break;
        }
    }
    let chosen = kinked.or(best).unwrap_or_else(|| unknown(start));
    Estimate { evaluations, ..chosen }
}

/// Whether one estimate is to be believed rather than another with higher steps: settled ones first, then those that
/// contradict, since waves and poles show from near, then narrow ones.
fn better(one: &Estimate, other: &Estimate) -> bool {
    if one.settled() && other.settled() && (one.value - other.value).abs() > BARS * (one.error + other.error) {
        return true;
    }
    let key = |e: &Estimate| (!e.settled(), if e.error.is_nan() { f64::INFINITY } else { e.error });
    let (one, other) = (key(one), key(other));
    one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)).is_lt()
}

/// A second opinion on an estimate: three more ladders with other steps, and lower ones. The bar grows to their spread,
/// so a lucky agreement of rounding errors, or of the waves of a function that is quicker than the steps, does not count.
pub(crate) fn confirm(mut along: impl FnMut(f64) -> (f64, f64), range: Range, first: Estimate) -> Estimate {
    let (_, sides) = range.start();
    let (centre, _) = along(0.0);
    let mut joint = Estimate { evaluations: 1, ..first };
    for ratio in [0.73, 0.53, 0.39] {
        let next = ladder(&mut along, centre, first.step * ratio, sides);
        joint.evaluations += next.evaluations;
        joint.kink = joint.kink.or(next.kink);
        joint.error = joint.error.max(next.error).max((next.value - first.value).abs());
    }
    for step in [first.step / DESCENT, range.other].into_iter().filter(|s| 0.0 < *s && *s < first.step) {
        let next = ladder(&mut along, centre, 0.81 * step, sides);
        joint.evaluations += next.evaluations;
        let apart = (next.value - first.value).abs();
        // Lower steps have wider bars of rounding; they count where they contradict beyond those.
        if joint.kink.is_none() && next.kink.is_none() && apart > BARS * (next.error + joint.error) {
            joint.error = apart;
        }
    }
    joint
}

fn unknown(step: f64) -> Estimate {
    Estimate { value: f64::NAN, error: f64::INFINITY, kink: None, step, magnitude: 0.0, evaluations: 0 }
}

/// One ladder of `RUNGS` halvings that starts at `step`.
fn ladder(along: &mut impl FnMut(f64) -> (f64, f64), centre: f64, step: f64, sides: Sides) -> Estimate {
    let mut magnitude = centre.abs();
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
    let sharp = gap.abs() > BARS * gap_error && gap.abs() > GAP * from_below.abs().max(from_above.abs());
    if !sharp {
        return smooth;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(f: impl Fn(f64) -> f64, x: f64) -> Estimate {
        derivative(|t| (f(x + t), (x + t) - x), Range::around(x))
    }

    #[test]
    fn smooth_functions_get_ten_digits_and_an_honest_bar() {
        type Pair = (fn(f64) -> f64, fn(f64) -> f64);
        let cases: [Pair; 6] = [
            (f64::exp, f64::exp),
            (f64::sin, f64::cos),
            (|x| x * x * x, |x| 3.0 * x * x),
            (f64::tanh, |x| 1.0 - x.tanh() * x.tanh()),
            (|x| 1.0 / (1.0 + (-x).exp()), |x| 1.0 / ((1.0 + (-x).exp()) * (1.0 + x.exp()))),
            (|x| (7.0 * x).cos(), |x| -7.0 * (7.0 * x).sin()),
        ];
        for (which, (f, df)) in cases.iter().enumerate() {
            for k in -16..=16 {
                let x = k as f64 / 4.0 + 0.01;
                let found = at(f, x);
                let off = (found.value - df(x)).abs();
                assert!(found.kink.is_none(), "case {which} at {x}: {found:?}");
                assert!(off <= BARS * found.error, "case {which} at {x}: off by {off:e}, bar {:e}", found.error);
                assert!(found.error <= 1e-9 * df(x).abs().max(1e-2), "case {which} at {x}: {found:?}");
            }
        }
    }

    #[test]
    fn a_kink_shows_both_slopes_and_a_near_one_does_not_disturb() {
        for (x, kink) in [(0.0, true), (1e-12, false), (1e-4, false), (0.004, false), (-0.03, false), (2.0, false)] {
            let found = at(|x| x.max(0.0) * 3.0, x);
            assert_eq!(found.kink.is_some(), kink, "at {x}: {found:?}");
            match found.kink {
                Some((left, right)) => assert!(left.abs() < 1e-2 && (right - 3.0).abs() < 1e-2, "at {x}: {found:?}"),
                None => assert!((found.value - if x > 0.0 { 3.0 } else { 0.0 }).abs() < 1e-6, "at {x}: {found:?}"),
            }
        }
        assert_eq!(at(f64::abs, 0.0).kink.map(|(l, r)| (l.round(), r.round())), Some((-1.0, 1.0)));
        // A square behind the hinge has a slope on both sides that agrees.
        assert!(at(|x| x.max(0.0).powi(2), 0.0).kink.is_none());
    }

    #[test]
    fn a_border_is_never_crossed() {
        for x in [0.0, 1e-9, 0.001, 0.02] {
            let f = |t: f64| {
                assert!(x + t >= 0.0, "stepped to {}", x + t);
                ((x + t).powi(2) + 2.0 * (x + t), t)
            };
            let found = derivative(f, Range { below: x, ..Range::around(x) });
            assert!((found.value - (2.0 * x + 2.0)).abs() <= BARS * found.error, "at {x}: {found:?}");
            assert!(found.error < 1e-7, "at {x}: {found:?}");
        }
        let above = |t: f64| (if t > 0.0 { f64::NAN } else { (1.0 + t).sqrt() }, t);
        let found = derivative(above, Range { above: 0.0, ..Range::around(1.0) });
        assert!((found.value - 0.5).abs() < 1e-8);
    }

    #[test]
    fn an_unknown_border_only_costs_steps() {
        let found = at(f64::ln, 0.01);
        assert!((found.value - 100.0).abs() <= BARS * found.error && found.error < 1e-6, "{found:?}");
    }

    #[test]
    fn nothing_finite_gives_no_number() {
        for f in [|_: f64| f64::NAN, |x: f64| if x == 1.0 { f64::NAN } else { x }, |_: f64| f64::INFINITY] {
            let found = at(f, 1.0);
            assert!(found.value.is_nan() && found.error == f64::INFINITY, "{found:?}");
        }
    }

    #[test]
    fn cancellation_widens_the_bar() {
        let found = at(|x| (x.sin() + 1e8) - 1e8, 0.3);
        assert!((found.value - 0.3f64.cos()).abs() <= BARS * found.error, "{found:?}");
        assert!(found.error > 1e-9);
        let again = confirm(|t| (((0.3 + t).sin() + 1e8) - 1e8, t), Range::around(0.3), found);
        assert!(again.error >= found.error);
    }

    #[test]
    fn evaluations_are_counted() {
        let mut calls = 0;
        let found = derivative(
            |t| {
                calls += 1;
                (t.sin(), t)
            },
            Range::around(0.0),
        );
        assert_eq!(found.evaluations, calls);
        assert!(calls <= 2 * RUNGS + 1, "{calls}");
    }
}
