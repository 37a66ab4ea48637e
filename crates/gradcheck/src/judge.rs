//! The verdict on one probe: the gradient along a line against a ladder, or against one difference quotient.

use crate::derivative::{confirm, refine};
use crate::difference::{Method, quotient, relative};
use crate::ladder::{BARS, Estimate};
use crate::options::Options;
use crate::probe::Probe;
use crate::range::{Range, STEP};
use crate::report::Verdict;

/// A textbook relative error above this is wrong whatever the step.
const CLEARLY_WRONG: f64 = 1e-2;
/// Roundings of the gradient under test, in units of the largest gradient of the tensor.
pub(crate) const ROUNDING: f64 = 64.0 * f64::EPSILON;

/// What a probe is asked for.
pub(crate) struct Asked<'a> {
    pub(crate) index: Option<usize>,
    pub(crate) analytic: f64,
    pub(crate) range: Range,
    /// The largest gradient of the tensor.
    pub(crate) scale: f64,
    /// What random roundings of the reverse walk change: asked where the error bar alone does not cover the difference.
    pub(crate) shaken: &'a dyn Fn() -> f64,
    /// How far values of the function are off: asked in doubt, as the former.
    pub(crate) noise: &'a dyn Fn() -> f64,
}

/// Probes along a line by the method that the options name.
pub(crate) fn probe(along: &mut impl FnMut(f64) -> (f64, f64), asked: &Asked<'_>, options: &Options<'_>) -> Probe {
    if options.method == Method::Adaptive { adaptive(along, asked, options) } else { textbook(along, asked, options) }
}

/// Judges by a ladder; a failure is confirmed on others.
fn adaptive(along: &mut impl FnMut(f64) -> (f64, f64), asked: &Asked<'_>, options: &Options<'_>) -> Probe {
    let narrow = options.wanted() / BARS / 10.0;
    let mut range = asked.range;
    let mut found = refine(&mut *along, range, narrow, asked.scale);
    let mut probe = judge(asked, &found, options);
    let doubted = |probe: &Probe| probe.verdict == Verdict::Fail && asked.analytic.is_finite();
    if doubted(&probe) {
        // Values that are off by more than their own size tells show steps and kinks that the function has not.
        range.noise = (asked.noise)();
        if range.noise > f64::EPSILON * found.magnitude {
            let again = refine(&mut *along, range, narrow, asked.scale);
            found = Estimate { evaluations: found.evaluations + again.evaluations, ..again };
            probe = judge(asked, &found, options);
        }
    }
    if doubted(&probe) {
        let again = confirm(&mut *along, range, found);
        found = Estimate { evaluations: found.evaluations + again.evaluations, ..again };
        probe = judge(asked, &found, options);
    }
    // A ladder that only seemed to converge: the function varies on a lower scale.
    let lower = Range { step: asked.range.other, other: 0.0, ..asked.range };
    if probe.verdict == Verdict::Inconclusive && !found.settled() && 0.0 < lower.step && lower.step < asked.range.step {
        let spent = probe.evaluations;
        probe = adaptive(along, &Asked { range: lower, ..*asked }, options);
        probe.evaluations += spent;
    }
    probe
}

fn judge(asked: &Asked<'_>, found: &Estimate, options: &Options<'_>) -> Probe {
    let &Asked { index, analytic, range, scale, shaken, .. } = asked;
    let numeric = found.value;
    let reference = analytic.abs().max(numeric.abs()).max(scale);
    let rounding = if reference.is_finite() { ROUNDING * reference } else { 0.0 };
    let tolerance = BARS * found.error + rounding;
    let mut probe = Probe {
        index,
        verdict: Verdict::Fail,
        analytic,
        numeric,
        tolerance,
        reference,
        zero: false,
        kink: found.kink.is_some(),
        evaluations: found.evaluations,
    };
    if !analytic.is_finite() {
        return probe;
    }
    if numeric.is_nan() {
        probe.verdict = Verdict::Inconclusive;
        return probe;
    }
    if let Some((left, right)) = found.kink {
        // Shaken values may take another branch at a kink, which is no rounding.
        let tolerance = BARS * found.error + ROUNDING * reference.min(f64::MAX);
        if (left.min(right) - tolerance..=left.max(right) + tolerance).contains(&analytic) {
            probe.verdict = Verdict::Kink;
        }
        return probe;
    }
    if !found.settled() {
        probe.verdict = Verdict::Inconclusive;
        return probe;
    }
    if (analytic - numeric).abs() > probe.tolerance {
        probe.tolerance = BARS * found.error + rounding.max(shaken());
    }
    let tolerance = probe.tolerance;
    if (analytic - numeric).abs() > tolerance {
        return probe;
    }
    probe.zero = analytic.abs() <= tolerance && numeric.abs() <= tolerance;
    if reference <= tolerance {
        // A tensor of zeros has no size of its own; its bar is held against the slope that the values of f would allow.
        probe.reference = reference.max(found.magnitude * STEP / range.step);
    }
    let proved = tolerance <= options.wanted() * probe.reference || (tolerance == 0.0 && probe.zero);
    probe.verdict = if proved { Verdict::Pass } else { Verdict::Inconclusive };
    probe
}

/// Judges by one difference quotient. Where that lies far off, a ladder tells a wrong gradient from a kink and from a
/// step that is too coarse. Where those to either side lie further apart than a smooth function has them, it tells whether
/// there is a kink.
fn textbook(along: &mut impl FnMut(f64) -> (f64, f64), asked: &Asked<'_>, options: &Options<'_>) -> Probe {
    let analytic = asked.analytic;
    let mut known: Vec<(f64, (f64, f64))> = vec![];
    let mut once = |t: f64| match known.iter().find(|(step, _)| *step == t) {
        Some((_, found)) => *found,
        None => {
            known.push((t, along(t)));
            known[known.len() - 1].1
        }
    };
    let mut by = |method: Method| quotient(&mut once, method, options.step);
    let numeric = by(options.method);
    let parted = options.step <= asked.range.below.min(asked.range.above) && {
        let (below, above) = (by(Method::Backward), by(Method::Forward));
        relative(below, above) > Options { method: Method::Forward, ..*options }.threshold()
    };
    let error = relative(analytic, numeric);
    let verdict = if !analytic.is_finite() {
        Verdict::Fail
    } else if error <= options.threshold().min(CLEARLY_WRONG) {
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
        reference: (analytic.abs() + numeric.abs()).max(1e-8),
        zero: analytic == 0.0 && numeric == 0.0,
        kink: false,
        evaluations: known.len(),
    };
    if analytic.is_finite() && (verdict > Verdict::Pass || parted) {
        let ladder = adaptive(along, asked, options);
        probe.evaluations += ladder.evaluations;
        probe.kink = ladder.kink;
        // Beside a kink there is a slope, be the quotient 0 or not.
        probe.zero &= !ladder.kink;
        probe.verdict = match (verdict, ladder.verdict) {
            // What agrees with a quotient lies between the two slopes.
            (Verdict::Pass, _) if ladder.kink => Verdict::Kink,
            (Verdict::Inconclusive, Verdict::Kink | Verdict::Fail) => ladder.verdict,
            _ => verdict,
        };
    }
    probe
}
