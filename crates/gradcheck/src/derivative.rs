//! Derivatives whose bar is as narrow as wanted: one ladder of steps after the other, each lower, and a second opinion.

use crate::ladder::{BARS, Estimate, FLOORS, ladder, unknown};
use crate::range::Range;

/// How many ladders are tried, each starting lower, before a kink or a wide bar is believed.
const LEVELS: i32 = 5;
/// How much lower each next ladder starts.
const DESCENT: f64 = 16.0;

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
            let found = ladder(&mut along, centre, lowest, sides, range.noise);
            evaluations += found.evaluations;
            exact = found.kink.is_some();
            kinked = Some(found).filter(|_| exact).or(kinked);
        }
        if exact && (1..LEVELS as usize).contains(&level) {
            continue;
        }
        let found = ladder(&mut along, centre, step, sides, range.noise);
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
        let next = ladder(&mut along, centre, first.step * ratio, sides, range.noise);
        joint.evaluations += next.evaluations;
        joint.kink = joint.kink.or(next.kink);
        joint.error = joint.error.max(next.error).max((next.value - first.value).abs());
    }
    for step in [first.step / DESCENT, range.other].into_iter().filter(|s| 0.0 < *s && *s < first.step) {
        let next = ladder(&mut along, centre, 0.81 * step, sides, range.noise);
        joint.evaluations += next.evaluations;
        let apart = (next.value - first.value).abs();
        // Lower steps have wider bars of rounding; they count where they contradict beyond those.
        if joint.kink.is_none() && next.kink.is_none() && apart > BARS * (next.error + joint.error) {
            joint.error = apart;
        }
    }
    joint
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
        let again = confirm(|t| (((0.3 + t).sin() + 1e8) - 1e8, t), Range::around(0.3), found);
        assert!(again.error >= found.error);
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
