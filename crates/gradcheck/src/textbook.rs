//! The verdict on one probe by a difference quotient with a given step.

use crate::difference::{Method, quotient, relative};
use crate::judge::{Asked, adaptive};
use crate::options::Options;
use crate::probe::Probe;
use crate::report::Verdict;

/// A textbook relative error above this is wrong whatever the step.
const CLEARLY_WRONG: f64 = 1e-2;
/// A textbook relative error below this is right: the lecture's.
const ENOUGH: f64 = 1e-7;

/// Judges by one difference quotient, which is as good as a second one says: those to either side differ by twice the
/// error of a one-sided quotient, and one at twice the step by three times that of a central one. Where the gradient lies
/// further off, a ladder tells a wrong gradient from a kink and from a step that is too coarse. Where the quotients to
/// either side lie further apart than a smooth function has them, it tells whether there is a kink.
pub(crate) fn textbook(along: &mut impl FnMut(f64) -> (f64, f64), asked: &Asked<'_>, options: &Options<'_>) -> Probe {
    let (analytic, step) = (asked.analytic, options.step);
    let mut known: Vec<(f64, (f64, f64))> = vec![];
    let mut once = |t: f64| match known.iter().find(|(step, _)| *step == t) {
        Some((_, found)) => *found,
        None => {
            known.push((t, along(t)));
            known[known.len() - 1].1
        }
    };
    let mut by = |method: Method, step: f64| quotient(&mut once, method, step);
    let numeric = by(options.method, step);
    let room = asked.range.below.min(asked.range.above);
    let sides = (step <= room).then(|| (by(Method::Backward, step), by(Method::Forward, step)));
    let apart = sides.map_or(0.0, |(below, above)| (above - below).abs());
    let truncation = match (options.method, sides) {
        (Method::Central, _) if 2.0 * step <= room => (by(Method::Central, 2.0 * step) - numeric).abs(),
        (Method::Forward | Method::Backward, Some(_)) => apart,
        _ => usual(options.method, step) * numeric.abs(),
    };
    let parted = sides.is_some_and(|(below, above)| relative(below, above) > usual(Method::Forward, step).max(ENOUGH));
    // Values are rounded, and so are steps, which takes the slope beside the point.
    let most = |size: fn(f64, f64, f64) -> f64| known.iter().fold(0.0, |m: f64, (t, (f, to))| m.max(size(*t, *f, *to)));
    let rounding =
        (4.0 * f64::EPSILON * most(|_, f, _| f.abs()) + apart * most(|t, _, to| (to - t).abs())) / step.abs();
    let (off, size) = ((analytic - numeric).abs(), analytic.abs() + numeric.abs());
    let bar = truncation + rounding + ENOUGH * size;
    let hidden = analytic == 0.0 && off <= rounding;
    let verdict = if !analytic.is_finite() {
        Verdict::Fail
    } else if off.is_finite() && (hidden || off <= bar.min(CLEARLY_WRONG * size)) {
        Verdict::Pass
    } else {
        Verdict::Inconclusive
    };
    let mut probe = Probe {
        index: asked.index,
        verdict,
        analytic,
        numeric,
        tolerance: 0.0,
        // Of a zero that rounding hides the digits are those of the lecture, whose errors are shares of 1e-8 at least.
        reference: if hidden { size.max(1e-8) } else { size },
        zero: analytic == 0.0 && numeric == 0.0,
        kink: None,
        evaluations: known.len(),
    };
    if analytic.is_finite() && (verdict > Verdict::Pass || parted) {
        let ladder = adaptive(along, asked, options);
        probe.evaluations += ladder.evaluations;
        probe.kink = ladder.kink;
        // Beside a kink there is a slope, be the quotient 0 or not.
        probe.zero &= ladder.kink.is_none();
        // A quotient that spans a kink or a bend may agree with a gradient that neither side has.
        if ladder.kink.is_some() || ladder.verdict == Verdict::Fail {
            probe.verdict = ladder.verdict;
        }
    }
    probe
}

/// What truncation may be of a quotient, for a function whose derivatives are about as large as itself: ten powers of the
/// step.
fn usual(method: Method, step: f64) -> f64 {
    10.0 * step.abs().powi(method.order().unwrap_or(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::range::Range;
    use Method::{Backward, Central, Forward};

    /// The probe at `x` of a function and a gradient.
    fn probed(f: impl Fn(f64) -> f64, analytic: f64, x: f64, how: (Method, f64)) -> Probe {
        within(Range::around(x), f, analytic, x, how)
    }

    /// The same where the function is known within a range alone.
    fn within(range: Range, f: impl Fn(f64) -> f64, analytic: f64, x: f64, (method, step): (Method, f64)) -> Probe {
        let asked = Asked { index: None, analytic, range, scale: 0.0, shaken: &|| 0.0, noise: &|| 0.0 };
        let mut calls = 0;
        let mut along = |t: f64| {
            calls += 1;
            (f(x + t), (x + t) - x)
        };
        let found = textbook(&mut along, &asked, &Options { method, step, ..Options::default() });
        assert_eq!(found.evaluations, calls, "every evaluation is counted");
        found
    }

    #[test]
    fn digits_are_shares_of_both_sides() {
        let how = (Central, 1e-3);
        let found = probed(f64::exp, 2.5, 1.0, how);
        assert_eq!(found.reference, 2.5 + found.numeric);
        assert_eq!((found.tolerance, found.zero), (0.0, false));
        let nothing = probed(|_| 7.0, 0.0, 1.0, how);
        assert_eq!((nothing.verdict, nothing.reference, nothing.zero), (Verdict::Pass, 1e-8, true));
        // The quotients to either side of the lowest point differ, and there is no kink.
        let lowest = probed(|x| (x - 1.0).powi(2), 0.0, 1.0, how);
        assert_eq!((lowest.verdict, lowest.kink), (Verdict::Pass, None));
        for (f, analytic) in [(f64::exp as fn(f64) -> f64, 0.0), (|_| 7.0, 1.0)] {
            assert!(!probed(f, analytic, 1.0, how).zero, "one side alone is no zero");
        }
    }

    #[test]
    fn a_quotient_passes_what_its_own_error_allows() {
        // Of the square those to either side are 4 + h and 4 - h, and the central one is exact.
        for (how, right, wrong) in [
            ((Forward, 1e-3), [4.0, 4.0029], [3.998, 4.0031]),
            ((Backward, 1e-3), [4.0, 3.9971], [4.002, 3.9969]),
            ((Central, 1e-3), [4.0, 4.0 + 5e-7], [4.0 + 1e-6, 4.0 - 1e-6]),
            ((Central, 1e-1), [4.0, 4.0 - 5e-7], [4.0 + 1e-6, 4.0 - 1e-6]),
        ] {
            for (gradients, verdict) in [(right, Verdict::Pass), (wrong, Verdict::Fail)] {
                for gradient in gradients {
                    assert_eq!(probed(|x| x * x, gradient, 2.0, how).verdict, verdict, "{how:?} {gradient}");
                }
            }
        }
        for how in
            [(Forward, 1e-3), (Backward, 1e-3), (Central, 1e-3), (Central, 1e-1), (Forward, 1e-5), (Central, 1e-5)]
        {
            // Small slopes are slopes.
            for x in [-50.0, -30.0, 1.0] {
                let slope = f64::exp(x);
                let at = |analytic| probed(f64::exp, analytic, x, how).verdict;
                assert_eq!(at(slope), Verdict::Pass, "{how:?} {x}");
                for wrong in [0.0, -slope, 1.02 * slope] {
                    assert_eq!(at(wrong), Verdict::Fail, "{how:?} {x} {wrong:e}");
                }
            }
            // Where rounding hides the slope, zero agrees and nothing else does.
            let hidden = |slope| probed(|x| 1.0 + 1e-20 * x, slope, 1.0, how).verdict;
            assert_eq!((hidden(0.0), hidden(1e-20)), (Verdict::Pass, Verdict::Inconclusive), "{how:?}");
        }
        assert_eq!(probed(|x| x * x, 2.8e-30, 1e-30, (Central, 1e-5)).verdict, Verdict::Fail);
        assert_eq!(probed(f64::ln, 0.0, 1e10, (Forward, 1e-3)).verdict, Verdict::Fail);
    }

    #[test]
    fn a_ladder_is_asked_in_doubt_alone() {
        for (how, spent) in [((Forward, 1e-3), 3), ((Backward, 1e-3), 3), ((Central, 1e-3), 5)] {
            assert_eq!(probed(f64::exp, 1f64.exp(), 1.0, how).evaluations, spent, "{how:?}");
            // What is no number is wrong without it.
            assert_eq!(probed(f64::exp, f64::NAN, 1.0, how).evaluations, spent, "{how:?}");
            assert!(probed(f64::exp, 2.8, 1.0, how).evaluations > spent, "{how:?}");
        }
        // Both sides of a hill are zero on both sides, and those of a kink are none.
        let (hill, kink) = (probed(|x| x * x, 0.0, 0.0, (Central, 1e-3)), probed(f64::abs, 0.0, 0.0, (Central, 1e-3)));
        assert_eq!((hill.verdict, hill.zero, hill.kink), (Verdict::Pass, true, None));
        assert_eq!((kink.verdict, kink.zero, kink.kink), (Verdict::Kink, false, Some((-1.0, 1.0))));
        // The rounding of a large value is no error of the gradient.
        for step in [1e-5, 1e-6] {
            assert_eq!(probed(|x| 1e4 + x, 1.0, 1.0, (Forward, step)).verdict, Verdict::Pass);
        }
    }

    /// At a border there is no second quotient, and ten powers of the step are allowed.
    #[test]
    fn a_border_leaves_the_step_alone_as_the_measure() {
        for (how, room, off, evaluations) in [
            ((Forward, 1e-3), 0.0, 1e-2, 2),
            ((Forward, 1e-3), 0.9e-3, 1e-2, 2),
            ((Backward, 1e-4), 0.9e-4, 1e-3, 2),
            ((Central, 1e-2), 1.9e-2, 1e-3, 3),
        ] {
            // Room for a step to one side alone, as far as a forward quotient needs it.
            let range = Range { below: room, above: room, ..Range::around(1.0) };
            let at = |slope: f64| within(range, |x| 3.0 * x, slope, 1.0, how);
            assert_eq!((at(3.0).verdict, at(3.0).evaluations), (Verdict::Pass, evaluations), "{how:?}");
            let allowed = 3.0 * f64::min(off, 2.0 * CLEARLY_WRONG);
            assert_eq!(at(3.0 + 0.9 * allowed).verdict, Verdict::Pass, "{how:?}");
            assert_eq!(at(3.0 - 0.9 * allowed).verdict, Verdict::Pass, "{how:?}");
            assert_ne!(at(3.0 + 1.1 * allowed).verdict, Verdict::Pass, "{how:?}");
        }
        // With just enough room the other quotients are asked.
        for (how, room, evaluations) in
            [((Forward, 1e-3), 1e-3, 3), ((Central, 1e-3), 1e-3, 3), ((Central, 1e-3), 2e-3, 5)]
        {
            let range = Range { below: room, above: room, ..Range::around(1.0) };
            assert_eq!(within(range, |x| 3.0 * x, 3.0, 1.0, how).evaluations, evaluations, "{how:?} {room}");
        }
    }

    /// A textbook quotient settles nothing where it is far off, and a ladder tells why.
    #[test]
    fn a_ladder_explains_a_quotient_that_is_off() {
        let with = |f: fn(f64) -> f64, analytic, step| {
            let found = probed(f, analytic, 1.0, (Forward, step));
            (found.verdict, found.kink.is_some())
        };
        // The step is too coarse; the gradient is wrong; it lies beside a kink, and on one.
        assert_eq!(with(|x| (30.0 * x).sin(), 30.0 * 30f64.cos(), 0.1), (Verdict::Inconclusive, false));
        assert_eq!(with(f64::exp, 2.0, 1e-5), (Verdict::Fail, false));
        assert_eq!(with(f64::exp, 1f64.exp(), 1e-5), (Verdict::Pass, false));
        assert_eq!(with(|x| (x - 1.0).abs(), 0.0, 1e-5), (Verdict::Kink, true));
        assert_eq!(with(|x| (x - 1.0).abs(), 1.0, 1e-5), (Verdict::Kink, true));
        assert_eq!(with(|x| (x - 1.0).abs(), 3.0, 1e-5), (Verdict::Fail, true));
        assert_eq!(with(f64::exp, f64::NAN, 1e-5), (Verdict::Fail, false));
        // What a quotient agrees with is wrong all the same, beyond both slopes or across a bend.
        assert_eq!(with(|x| (x - 1.0).abs(), 1.009, 1e-5), (Verdict::Fail, true));
        assert_eq!(with(|x| x + (x - 1.0 - 1e-7).max(0.0), 2.0, 1e-2), (Verdict::Fail, false));
    }
}
