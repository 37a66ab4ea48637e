//! Derivatives whose bar is as narrow as wanted: one ladder of steps after the other, each lower, and a second opinion.

use std::iter::{once, successors};

use crate::ladder::{BARS, Estimate, FLOORS, ladder, unknown};
use crate::range::{Range, STEP};

/// How many ladders are tried, each starting lower, before a kink or a wide bar is believed.
const LEVELS: i32 = 5;
/// How much lower each next ladder starts.
const DESCENT: f64 = 16.0;
/// The first step of the lowest ladder that shows a kink, in roundings of values over its gap: the last step is 1/128 of
/// the first, and the gap there ten bars of several roundings.
const SHOWN: f64 = 1e5;

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
    let mut look = |step: f64| {
        let found = ladder(&mut along, centre, step, sides, range.noise);
        evaluations += found.evaluations;
        found
    };
    let first = look(start);
    let mut lowest = start * DESCENT.powi(1 - LEVELS);
    let mut closest = None;
    if let Some((below, above)) = first.kink {
        // A kink seen from afar may lie beside the point. The lowest steps that would show it tell, and those between are
        // asked only when the two disagree.
        let rounding = f64::EPSILON * (first.magnitude / (above - below).abs()).max(range.step / STEP);
        lowest = lowest.min(SHOWN * rounding);
        closest = Some(look(lowest));
    }
    let exact = closest.is_some_and(|found| found.kink.is_some());
    let closest = closest.filter(|_| !exact);
    let between = successors(Some(start / DESCENT), |step| Some(step / DESCENT));
    let between = between.take_while(|step| !exact && 0.99 * lowest < *step);
    let mut best: Option<Estimate> = None;
    let mut kinked: Option<Estimate> = None;
    for found in once(first).chain(between.chain(range.other_below(start)).map(look)).chain(closest) {
        if found.kink.is_some() {
            kinked = Some(found);
            continue;
        }
        if best.is_none_or(|b| better(&found, &b)) {
            best = Some(found);
        }
        // A kink is none when lower steps that would show it do not see it.
        kinked = kinked.filter(|kinked| !shows(&found, kinked));
        let narrow = found.settled() && found.error <= wanted * found.value.abs().max(scale);
        // Nor do lower ones tell more of a slope that rounding hides, unless it is that of larger values further away.
        let hidden = found.error <= FLOORS * found.floor() && found.value.abs() <= BARS * found.error;
        if narrow || hidden && found.magnitude <= 2.0 * centre.abs() {
            break;
        }
    }
    let chosen = kinked.or(best).unwrap_or_else(|| unknown(start));
    Estimate { evaluations, ..chosen }
}

/// Whether the bar of an estimate is so narrow that it would show the kink of another.
fn shows(found: &Estimate, kinked: &Estimate) -> bool {
    kinked.kink.is_some_and(|(below, above)| BARS * found.error < 0.1 * (above - below).abs())
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

/// A second opinion on an estimate that an expected slope lies `off`: three more ladders with other steps, and lower ones.
/// The bar grows to their spread, so a lucky agreement of rounding errors, or of the waves of a function that is quicker
/// than the steps, does not count. Where lower steps contradict, the highest of those comes with it.
pub(crate) fn confirm(
    mut along: impl FnMut(f64) -> (f64, f64),
    range: Range,
    first: Estimate,
    off: f64,
) -> (Estimate, Option<f64>) {
    let (_, sides) = range.start();
    let (centre, _) = along(0.0);
    let mut joint = Estimate { evaluations: 1, ..first };
    for ratio in [0.73, 0.53, 0.39] {
        let next = ladder(&mut along, centre, first.step * ratio, sides, range.noise);
        joint.evaluations += next.evaluations;
        joint.kink = joint.kink.or(next.kink);
        joint.error = joint.error.max(next.error).max((next.value - first.value).abs());
    }
    // A ladder spans 128 times its last step, so that these leave no gap.
    let lower = successors(Some(first.step / DESCENT), |step| Some(step / DESCENT / DESCENT));
    let seen = |step: &f64| Estimate { step: *step, ..first }.floor() * FLOORS < off;
    for step in lower.take(LEVELS as usize).take_while(seen).chain(range.other_below(first.step)) {
        let next = ladder(&mut along, centre, 0.81 * step, sides, range.noise);
        joint.evaluations += next.evaluations;
        let apart = (next.value - first.value).abs();
        // Lower steps have wider bars of rounding, and those that drown in it see values that do not move at all. They
        // count where they see a slope, and it contradicts beyond the bars.
        let sloping = next.value.abs() > BARS * next.error && next.kink.is_none() && joint.kink.is_none();
        if sloping && apart > BARS * (next.error + joint.error) {
            joint.error = apart;
            return (joint, Some(next.step));
        }
    }
    (joint, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::ROUNDING;
    use crate::ladder::RUNGS;

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

    /// What is found at `x` with and without a limit on the error, and without the steps that the size of `x` suggests.
    fn blunt(f: impl Fn(f64) -> f64, x: f64) -> Estimate {
        refine(|t| (f(x + t), (x + t) - x), Range { other: 0.0, ..Range::around(x) }, 1e-10, 0.0)
    }

    #[test]
    fn the_lowest_steps_tell_whether_a_kink_is_exact() {
        // The centre, the highest ladder and the lowest.
        assert_eq!(blunt(f64::abs, 0.0).evaluations, 1 + 2 * 2 * RUNGS);
        // Without a kink or an end to what can be known, every ladder.
        let ladders = LEVELS as usize;
        assert_eq!(blunt(|x| (1e9 * x).sin(), 1.0).evaluations, 1 + ladders * 2 * RUNGS);
        for distance in [1e-6, 1e-5, 1e-4, 1e-3] {
            // So large a constant leaves no ladder as narrow as wanted, and the lower ones count all the same.
            for large in [0.0, 1e4] {
                let found = blunt(|x| large + x + (x - distance).max(0.0), 0.0);
                assert_eq!(found.kink, None, "{distance:e}, {large:e}: {found:?}");
                assert!((found.value - 1.0).abs() <= BARS * found.error, "{distance:e}, {large:e}: {found:?}");
            }
        }
    }

    #[test]
    fn a_kink_is_looked_at_as_closely_as_rounding_allows() {
        // The centre, and the first steps of the highest ladder and the lowest.
        let steps = |f: fn(f64) -> f64, x: f64| {
            let mut steps = vec![];
            let along = |t: f64| {
                steps.push(t);
                (f(x + t), t)
            };
            let found = refine(along, Range { other: 0.0, ..Range::around(x) }, 1e-8, 0.0);
            assert!(found.kink.is_some() && steps.len() == 1 + 2 * 2 * RUNGS, "{found:?}");
            steps[1 + 2 * RUNGS]
        };
        let near = |a: f64, b: f64| (a - b).abs() < 1e-6 * b;
        let unit = 1e5 * f64::EPSILON;
        // By the size of values over the gap of slopes, or by that of the point, and never above the usual lowest steps.
        assert!(near(steps(|x| 40.0 + x + 2.0 * x.abs(), 0.0), unit * 40.15 / 4.0));
        assert!(near(steps(|x| x + 2.0 * (x - 1000.0).abs(), 1000.0), unit * 1000.0));
        assert!(near(steps(|x| 1.0 + 1e-5 * x.abs(), 0.0), STEP / DESCENT.powi(LEVELS - 1)));
    }

    #[test]
    fn ladders_go_on_until_no_lower_one_can_tell_more() {
        // A smooth function is known at once, and so is a constant, whose bar is its rounding.
        for f in [f64::exp, |x: f64| 1e4 * x.exp(), |_: f64| 3.0] {
            assert_eq!(blunt(f, 1.0).evaluations, 1 + 2 * RUNGS);
        }
        // A lower step of another kind is tried where it is lower.
        let (waves, all) = (|x: f64| (1e9 * x).sin(), 1 + LEVELS as usize * 2 * RUNGS);
        for (x, more) in [(1.0, 0), (0.5, 2 * RUNGS), (2.0, 2 * RUNGS)] {
            assert_eq!(at(waves, x).evaluations, all + more, "{x}");
        }
        // Not so a slope in a wide bar of rounding.
        let (ladders, found) = (LEVELS as usize, blunt(|x| 1e6 + x, 1.0));
        assert_eq!(found.evaluations, 1 + ladders * 2 * RUNGS, "{found:?}");
        assert_eq!(found.step, 0.05, "the highest steps have the least rounding: {found:?}");
    }

    #[test]
    fn large_values_far_away_hide_no_slope() {
        for (f, x, slope) in [
            ((|x| (1000.0 * x).exp()) as fn(f64) -> f64, 0.3, 1000.0 * 300f64.exp()),
            (|x| (800.0 * x).cosh(), 0.01, 800.0 * 8f64.sinh()),
            (|x| x.powi(2000), 1.0, 2000.0),
            (|x| x.sin() + (1e4 * (x - 0.301)).exp(), 0.3, 0.3f64.cos() + 1e4 * (1e4 * (0.3f64 - 0.301)).exp()),
        ] {
            let found = at(f, x);
            assert!((found.value - slope).abs() <= BARS * found.error && found.error <= 1e-6 * slope, "{x}: {found:?}");
        }
    }

    #[test]
    fn a_kink_shows_in_a_bar_a_hundred_times_narrower() {
        let with = |error: f64| Estimate { error, ..ONE };
        let kinked = |below, above| Estimate { kink: Some((below, above)), ..ONE };
        // Of a gap of 2 a hundredth is 0.02.
        for kink in [kinked(-1.0, 1.0), kinked(3.0, 1.0), kinked(5.0, 7.0)] {
            assert!(shows(&with(0.0195), &kink) && !shows(&with(0.0205), &kink), "{kink:?}");
        }
        assert!(!shows(&with(0.0), &ONE) && !shows(&with(f64::NAN), &kinked(0.0, 1.0)));
    }

    #[test]
    fn an_estimate_is_better_if_it_is_settled_contradicts_or_is_narrower() {
        let with =
            |value: f64, error: f64| Estimate { value, error, kink: None, step: 1.0, magnitude: 0.0, evaluations: 0 };
        for (one, other, better_than) in [
            ((8.0, 0.5), (8.0, 0.25), false),
            ((8.0, 0.25), (8.0, 0.5), true),
            ((8.0, 0.25), (8.0, 0.25), false),
            // Settled: the bar is at most a tenth of the value.
            ((8.0, 0.75), (1.0, 0.5), true),
            ((1.0, 0.5), (8.0, 0.75), false),
            // More than ten bars apart, the later one counts although it is wider; at ten they agree.
            ((8.0, 0.5), (16.0, 0.25), true),
            ((16.0, 0.5), (8.0, 0.25), true),
            ((15.5, 0.5), (8.0, 0.25), false),
            ((15.625, 0.5), (8.0, 0.25), true),
            // What is not settled contradicts nothing.
            ((1.0, 0.5), (90.0, 0.25), false),
            ((90.0, 10.0), (1.0, 9.0), false),
            ((8.0, f64::NAN), (8.0, 8.0), false),
            ((8.0, 9.0), (8.0, f64::NAN), true),
        ] {
            assert_eq!(better(&with(one.0, one.1), &with(other.0, other.1)), better_than, "{one:?} {other:?}");
        }
    }

    #[test]
    fn steps_that_drown_in_rounding_do_not_deny_a_kink() {
        // At 1e10 the steps of the second kind start at 0.05, where the last place of 1e14 hides the slopes.
        let found = at(|x| 1e14 + (x - 1e10).abs(), 1e10);
        assert!(found.kink.is_some(), "{found:?}");
    }

    #[test]
    fn however_faint_a_kink_its_slopes_are_covered() {
        for exponent in -56..=-8 {
            let gap = 10f64.powf(f64::from(exponent) / 4.0);
            let found = at(|x| x + gap * x.max(0.0), 0.0);
            let bar = BARS * found.error + ROUNDING;
            let (low, high) = found.kink.unwrap_or((found.value, found.value));
            assert!(low - bar <= 1.0 && 1.0 + gap <= high + bar, "{gap:e}: {found:?}");
            // Far narrower than the least error that is to be seen.
            assert!(found.error < 1e-8, "{gap:e}: {found:?}");
        }
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
        let (again, _) = confirm(|t| (((0.3 + t).sin() + 1e8) - 1e8, t), Range::around(0.3), found, 1.0);
        assert!(again.error >= found.error);
    }

    /// The second opinion at 0 on an estimate made from steps of 0.16, with the lower step that contradicts, and the first
    /// steps of its ladders.
    fn confirmed(f: impl Fn(f64) -> f64, other: f64, off: f64) -> (Estimate, Option<f64>, Vec<f64>) {
        let mut steps = vec![];
        let along = |t: f64| {
            steps.push(t);
            (f(t), t)
        };
        let (found, lower) = confirm(along, Range { other, ..Range::around(0.0) }, ONE, off);
        assert_eq!(found.evaluations, steps.len());
        (found, lower, steps[1..].iter().copied().step_by(2 * RUNGS).collect())
    }

    const ONE: Estimate = Estimate { value: 1.0, error: 1e-4, kink: None, step: 0.16, magnitude: 1.0, evaluations: 9 };

    #[test]
    fn a_second_opinion_has_steps_of_its_own() {
        // Lower ones for as long as rounding, which here is 1.4e-14 over the step, would not hide how far the slope is off.
        for (off, count) in [(0.0, 0), (1e-12, 0), (2e-12, 1), (1e-9, 2), (1.0, 5), (1e300, 5)] {
            for (other, last) in [(0.0, None), (0.16, None), (0.2, None), (0.02, Some(0.02)), (1e-5, Some(1e-5))] {
                let (found, lower, steps) = confirmed(|t| t, other, off);
                let same = [0.73, 0.53, 0.39].map(|ratio| 0.16 * ratio).into_iter();
                let lowered = (0..count).map(|k| 0.81 * (0.01 / 256f64.powi(k)));
                let expected: Vec<f64> = same.chain(lowered).chain(last.map(|step| 0.81 * step)).collect();
                assert_eq!((steps, lower), (expected, None), "{off:e} {other}");
                assert_eq!((found.value, found.error), (ONE.value, ONE.error), "what agrees changes no bar");
            }
        }
    }

    #[test]
    fn a_second_opinion_widens_the_bar_by_what_contradicts() {
        // Waves below the steps of high ladders double the slope at 0.
        let waves = |t: f64| t + 1e-6 * (1e6 * t).sin();
        let (found, lower, _) = confirmed(waves, 0.0, 1.0);
        assert!((found.error - 1.0).abs() < 1e-6 && lower == Some(0.81 * 0.01 / 256f64.powi(2)), "{found:?} {lower:?}");
        let (found, lower, _) = confirmed(waves, 1e-7, 1e-12);
        assert!((found.error - 1.0).abs() < 1e-6 && lower == Some(0.81 * 1e-7), "{found:?} {lower:?}");
        let (found, lower, _) = confirmed(waves, 0.0, 1e-12);
        assert!(found.error < 0.5 && lower.is_none(), "{found:?} {lower:?}");
        // What lower steps see within ten bars of their own is noise, and what does not move is hidden by rounding.
        let noisy = |t: f64| t + 1e-10 * (8.1e12 * t).sin();
        for f in [noisy, |t: f64| 1e-9 * (1e9 * t).round()] {
            let (found, lower, _) = confirmed(f, 3e-10, 1e-9);
            assert!(found.error < 1e-3 && lower.is_none(), "{found:?} {lower:?}");
        }
        // Higher steps count with their whole distance, and a kink is one whichever ladder sees it.
        assert!((confirmed(|t| 1.25 * t, 0.0, 0.0).0.error - 0.25).abs() < 1e-9);
        let (kinked, lower, _) = confirmed(|t| t + 0.5 * t.abs(), 1e-5, 1.0);
        assert!(kinked.kink.is_some() && kinked.error < 1e-3 && lower.is_none(), "{kinked:?} {lower:?}");
        // One beside the point is seen by the higher steps alone, and the lower ones do not contradict it.
        let (beside, lower, _) = confirmed(|t| t + (t - 1e-6).max(0.0), 1e-9, 1.0);
        assert!(beside.kink.is_some() && lower.is_none(), "{beside:?} {lower:?}");
    }

    #[test]
    fn a_value_that_moves_in_steps_has_no_slope_of_zero() {
        // Near 2 the last place is 4.4e-16, of which the small difference knows nothing.
        let rounded = |t: f64| ((2.0 + 3.7e-11 * t) - 2.0, t);
        let noise = 2.0 * f64::EPSILON;
        let found = refine(rounded, Range { noise, ..Range::around(0.0) }, 1e-8, 0.0);
        assert!((found.value - 3.7e-11).abs() <= BARS * found.error.min(1e-13), "{found:?}");
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
