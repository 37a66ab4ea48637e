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

    /// The same, with the evaluations of an estimate before it counted.
    pub(crate) fn after(self, before: Estimate) -> Estimate {
        Estimate { evaluations: before.evaluations + self.evaluations, ..self }
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
    let estimate = |(value, error)| Estimate { value, error, kink: None, step: first, magnitude, evaluations };
    if sides != Sides::Both {
        return estimate(Table::new(&middle, &steps, 1, 1).limit(rounding));
    }
    let gaps: Vec<f64> = right.iter().zip(&left).map(|(r, l)| r - l).collect();
    let gaps = Table::new(&gaps, &steps, 1, 2);
    // Central quotients do not see the centre. Where it is no neighbour of the other values, the point stands on a peak
    // that is narrower than the steps, and the gaps show by how much it is off.
    let smooth = estimate(Table::new(&middle, &steps, 2, 2).limit(rounding.max(0.5 * gaps.scatter)));
    let (gap, gap_error) = gaps.limit(rounding);
    let (from_below, _) = Table::new(&left, &steps, 1, 1).limit(rounding);
    let (from_above, _) = Table::new(&right, &steps, 1, 1).limit(rounding);
    let least = GAP * from_below.abs().max(from_above.abs());
    let sharp = gap.abs() > BARS * gap_error && gap.abs() > least;
    if !sharp {
        // A gap too faint for a kink is there all the same, and the bar reaches to both slopes.
        let faint = if gap.abs() > gap_error { 0.5 * gap.abs().min(least) } else { 0.0 };
        return Estimate { error: smooth.error.max(faint), ..smooth };
    }
    Estimate {
        value: 0.5 * (from_below + from_above),
        error: smooth.error.max(gap_error),
        kink: Some((from_below, from_above)),
        ..smooth
    }
}

/// Quotients at halved steps, extrapolated to step zero.
struct Table<'a> {
    /// The quotients, and column after column what is left of them once a power of the step more is removed.
    columns: Vec<Vec<f64>>,
    steps: &'a [f64],
    /// How far the values of the function scatter.
    scatter: f64,
}

impl<'a> Table<'a> {
    /// The quotients' error has the powers `first`, `first + stride`, ... of the step.
    fn new(quotients: &[f64], steps: &'a [f64], first: i32, stride: i32) -> Table<'a> {
        let mut columns = vec![quotients.to_vec()];
        for order in 1..quotients.len() {
            let weight = 2f64.powi(first + stride * (order as i32 - 1)) - 1.0;
            let next = columns[order - 1].windows(2).map(|pair| pair[1] + (pair[1] - pair[0]) / weight).collect();
            columns.push(next);
        }
        let scatter = scatter(&columns, steps);
        Table { columns, steps, scatter }
    }

    /// The limit at step zero and its error, where an evaluation of the function is off by `rounding` at least.
    ///
    /// An entry's error is its distance from its neighbours in the table, and the noise of the function over its step.
    fn limit(&self, rounding: f64) -> (f64, f64) {
        let noise = self.scatter.max(rounding);
        let mut best = (self.columns[0][0], f64::INFINITY);
        for pair in self.columns.windows(2) {
            let finest = self.steps.len() - pair[1].len();
            for (rung, &value) in pair[1].iter().enumerate() {
                let spread = (value - pair[0][rung]).abs().max((value - pair[0][rung + 1]).abs());
                let error = spread + 2.0 * noise / self.steps[finest + rung];
                if error < best.1 {
                    best = (value, error);
                }
            }
        }
        best
    }
}

/// How far the values of the function scatter: in a column free of truncation, what is left of the differences
/// at the smallest steps. The largest of several differences counts, since rounded values often agree by luck; of
/// the columns the one with the smallest, since truncation only adds.
fn scatter(columns: &[Vec<f64>], steps: &[f64]) -> f64 {
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

    /// One ladder from 0.5 at 0, of values without noise.
    fn one(f: impl Fn(f64) -> f64, sides: Sides) -> Estimate {
        ladder(&mut |t| (f(t), t), f(0.0), 0.5, sides, 0.0)
    }

    #[test]
    fn rounding_is_the_last_place_of_the_values_over_the_step() {
        let found = Estimate { value: 1.0, error: 0.0, kink: None, step: 0.5, magnitude: 3.0, evaluations: 0 };
        assert_eq!(found.floor(), 6.0 * f64::EPSILON);
        let with = |value: f64, error: f64| Estimate { value, error, ..found }.settled();
        assert!(with(1.0, 0.1) && !with(1.0, 0.11) && with(-1.0, 0.1));
        let rounding = 64.0 * 6.0 * f64::EPSILON;
        assert!(with(0.0, rounding) && !with(0.0, 1.01 * rounding) && !with(0.0, f64::NAN));
    }

    #[test]
    fn every_side_has_the_powers_of_its_own_quotients() {
        for (sides, evaluations, bar) in
            [(Sides::Both, 2 * RUNGS, 1e-11), (Sides::Above, RUNGS, 1e-6), (Sides::Below, RUNGS, 1e-6)]
        {
            let found = one(f64::exp, sides);
            assert!((found.value - 1.0).abs() <= BARS * found.error && found.error < bar, "{found:?}");
            assert_eq!((found.kink, found.evaluations, found.step), (None, evaluations, 0.5));
            let magnitude = if sides == Sides::Below { 1.0 } else { 0.5f64.exp() };
            assert_eq!(found.magnitude, magnitude);
        }
    }

    #[test]
    fn a_ladder_starts_below_what_is_no_number() {
        for lost in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            let until = |border: f64| move |t: f64| if t.abs() > border { lost } else { t.exp() };
            let above = |border: f64| move |t: f64| if t > border { lost } else { t.exp() };
            let below = |border: f64| move |t: f64| if -t > border { lost } else { t.exp() };
            for found in [one(until(0.2), Sides::Both), one(above(0.2), Sides::Both), one(below(0.2), Sides::Both)] {
                assert!((found.value - 1.0).abs() <= BARS * found.error && found.error < 1e-8, "{lost}: {found:?}");
                assert_eq!((found.step, found.evaluations), (0.125, 2 * RUNGS));
                assert_eq!(found.magnitude, 0.125f64.exp().max(found.magnitude.min(1.0)));
            }
            // Of the eight steps three have to be left, so that an error can be told.
            assert!(one(until(0.5f64.powi(6)), Sides::Both).value.is_finite());
            let none = one(until(0.5f64.powi(7)), Sides::Both);
            assert!(none.value.is_nan(), "{lost}: {none:?}");
            assert_eq!((none.error, none.kink, none.evaluations), (f64::INFINITY, None, 2 * RUNGS));
            // Nor is there a slope at what is no number itself.
            let centre = one(|t| if t == 0.0 { lost } else { t }, Sides::Both);
            assert!(centre.value.is_nan() && centre.kink.is_none(), "{lost}: {centre:?}");
        }
        // A step that is lost in rounding is none.
        let lost = ladder(&mut |t| (t, (1e17 + t) - 1e17), 0.0, 0.5, Sides::Both, 0.0);
        assert!(lost.value.is_nan() && lost.error == f64::INFINITY, "{lost:?}");
    }

    #[test]
    fn noise_of_values_widens_the_bar() {
        let with = |noise| ladder(&mut |t| (t, t), 0.0, 0.5, Sides::Both, noise).error;
        assert!(with(0.0) < 1e-14);
        assert!((1e-8..1e-6).contains(&with(1e-8)), "{:e}", with(1e-8));
    }

    #[test]
    fn a_kink_is_a_gap_wider_than_its_bar_and_a_share_of_the_slopes() {
        let found = one(|t| t.exp() + 3.0 * t.abs(), Sides::Both);
        let (below, above) = found.kink.unwrap();
        assert!((below + 2.0).abs() < 1e-8 && (above - 4.0).abs() < 1e-8, "{found:?}");
        assert!((found.value - 1.0).abs() < 1e-8 && found.error < 1e-8, "{found:?}");
        // A gap of 9e-9 beside slopes of 3 is too faint, and the bar reaches to both slopes.
        let faint = one(|t| 3.0 * t + 4.5e-9 * t.abs(), Sides::Both);
        assert!(faint.kink.is_none() && (4.4e-9..4.6e-9).contains(&faint.error), "{faint:?}");
        // Each side has powers of its own.
        let skew = one(|t| if t > 0.0 { t + t * t } else { 2.0 * t - 5.0 * t * t }, Sides::Both);
        assert!(skew.kink.is_some() && (skew.value - 1.5).abs() < 1e-9, "{skew:?}");
        // The bar reaches no further than a kink that would be seen.
        let noisy = ladder(&mut |t| (t + 1e-6 * t.abs(), t), 0.0, 0.5, Sides::Both, 4e-8);
        assert!(noisy.kink.is_none() && noisy.error < 1e-6, "{noisy:?}");
    }
}
