//! One probe: the derivative along one element, or along one direction, against the gradient under test.

use std::ops::Range as Span;

use crate::difference::{Method, quotient, relative};
use crate::ladder::{BARS, Estimate, Range, confirm, refine};
use crate::options::Options;
use crate::report::Verdict;

/// A textbook relative error above this is wrong whatever the step.
const CLEARLY_WRONG: f64 = 1e-2;
/// Roundings of the gradient under test, in units of the largest number that went into it.
const ROUNDING: f64 = 64.0 * f64::EPSILON;

/// A function, the point and the gradient under test there.
pub(crate) struct Target<'a> {
    pub(crate) f: &'a mut dyn FnMut(&[f64]) -> f64,
    pub(crate) x: &'a [f64],
    pub(crate) gradient: &'a [f64],
    pub(crate) options: &'a Options<'a>,
}

/// What a probe found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probe {
    pub(crate) index: usize,
    pub(crate) verdict: Verdict,
    pub(crate) analytic: f64,
    pub(crate) numeric: f64,
    /// How far apart the two may be.
    pub(crate) tolerance: f64,
    /// What the digits are counted against.
    pub(crate) reference: f64,
    /// Whether both are zero within the tolerance.
    pub(crate) zero: bool,
    /// Whether the one-sided slopes differ.
    pub(crate) kink: bool,
    pub(crate) evaluations: usize,
}

impl Probe {
    /// The lecture's relative error; zero where both sides are proved zero.
    pub(crate) fn relative_error(&self) -> f64 {
        if self.zero { 0.0 } else { relative(self.analytic, self.numeric) }
    }

    /// The digits that this probe proves.
    pub(crate) fn digits(&self) -> f64 {
        let off = (self.analytic - self.numeric).abs();
        if off.is_nan() || matches!(self.verdict, Verdict::Kink) {
            return 0.0;
        }
        let known = off.max(self.tolerance).max(f64::MIN_POSITIVE) / self.reference.max(f64::MIN_POSITIVE);
        (-known.log10()).clamp(0.0, 16.0)
    }

    /// The distance of the two in tolerances; NaN counts as infinite.
    pub(crate) fn excess(&self) -> f64 {
        let off = (self.analytic - self.numeric).abs();
        if off.is_nan() { f64::INFINITY } else { off / self.tolerance.max(f64::MIN_POSITIVE) }
    }
}

impl Target<'_> {
    /// Probes one element; `scale` is the largest gradient of the tensor.
    pub(crate) fn element(&mut self, index: usize, scale: f64) -> Probe {
        self.direction(index..index + 1, &[1.0], scale)
    }

    /// Probes the direction that has `weights` in `span` and zeros elsewhere.
    pub(crate) fn direction(&mut self, span: Span<usize>, weights: &[f64], scale: f64) -> Probe {
        let analytic: f64 = self.gradient[span.clone()].iter().zip(weights).map(|(g, w)| g * w).sum();
        let index = span.start;
        let range = self.range(span.clone(), weights);
        let mut point = self.x.to_vec();
        let (f, x) = (&mut *self.f, self.x);
        let mut along = |t: f64| {
            for (i, w) in span.clone().zip(weights) {
                point[i] = x[i] + t * w;
            }
            let taken = if weights == [1.0] { point[index] - x[index] } else { t };
            (f(&point), taken)
        };
        if self.options.method == Method::Adaptive {
            adaptive(&mut along, index, analytic, range, scale, self.options)
        } else {
            textbook(&mut along, index, analytic, range, scale, self.options)
        }
    }

    /// How far the direction may go: the step for its magnitude, the borders of the domain, and the nearest change of branch.
    fn range(&self, span: Span<usize>, weights: &[f64]) -> Range {
        let (low, high) = self.options.domain;
        let x = &self.x[span.clone()];
        let magnitude = (x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64).sqrt();
        // A direction moves many elements at once, and the function along it bends the more.
        let mut range = Range::around(magnitude);
        range.step /= (weights.len() as f64).sqrt();
        for (v, w) in x.iter().zip(weights) {
            let (down, up) = ((v - low).max(0.0) / w.abs(), (high - v).max(0.0) / w.abs());
            let (below, above) = if *w > 0.0 { (down, up) } else { (up, down) };
            range.below = range.below.min(below);
            range.above = range.above.min(above);
        }
        if let Some(branch) = self.options.branch {
            range.step = agreeing(branch, self.x, span, weights, range.step);
        }
        range
    }
}

/// The largest of `step`, a quarter of it, and so on, at which both sides take the branch of the point itself.
/// At an exact kink no step does, and the last one is as good as any.
fn agreeing(branch: &dyn Fn(&[f64]) -> u64, x: &[f64], span: Span<usize>, weights: &[f64], step: f64) -> f64 {
    let here = branch(x);
    let mut point = x.to_vec();
    let mut at = |t: f64| {
        for (i, w) in span.clone().zip(weights) {
            point[i] = x[i] + t * w;
        }
        branch(&point)
    };
    let mut h = step;
    for _ in 0..10 {
        if at(h) == here && at(-h) == here {
            return h;
        }
        h /= 4.0;
    }
    h
}

/// Judges by a ladder; a failure is confirmed on others.
fn adaptive(
    along: &mut impl FnMut(f64) -> (f64, f64),
    index: usize,
    analytic: f64,
    range: Range,
    scale: f64,
    options: &Options<'_>,
) -> Probe {
    let narrow = options.wanted() / BARS / 10.0;
    let mut found = refine(&mut *along, range, narrow, scale);
    let mut probe = judge(index, analytic, &found, scale, options);
    if probe.verdict == Verdict::Fail && analytic.is_finite() {
        let again = confirm(along, range, found);
        found = Estimate { evaluations: found.evaluations + again.evaluations, ..again };
        probe = judge(index, analytic, &found, scale, options);
    }
    probe
}

fn judge(index: usize, analytic: f64, found: &Estimate, scale: f64, options: &Options<'_>) -> Probe {
    let numeric = found.value;
    let reference = analytic.abs().max(numeric.abs()).max(scale);
    let met = reference.max(options.magnitude);
    let tolerance = BARS * found.error + ROUNDING * if met.is_finite() { met } else { 0.0 };
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
        if (left.min(right) - tolerance..=left.max(right) + tolerance).contains(&analytic) {
            probe.verdict = Verdict::Kink;
        }
        return probe;
    }
    if (analytic - numeric).abs() > tolerance {
        return probe;
    }
    if analytic.abs() <= tolerance && numeric.abs() <= tolerance {
        // A zero has no size of its own; what its bar is narrow against is the slope that the values of f would allow.
        probe.reference = reference.max(found.magnitude).max(options.magnitude);
        probe.zero = probe.tolerance <= options.wanted() * probe.reference;
    }
    let proved = probe.zero || tolerance <= options.wanted() * reference;
    probe.verdict = if proved { Verdict::Pass } else { Verdict::Inconclusive };
    probe
}

/// Judges by one difference quotient, and asks a ladder only whether a large error is a kink.
fn textbook(
    along: &mut impl FnMut(f64) -> (f64, f64),
    index: usize,
    analytic: f64,
    range: Range,
    scale: f64,
    options: &Options<'_>,
) -> Probe {
    let mut evaluations = 0;
    let mut counted = |t: f64| {
        evaluations += 1;
        along(t)
    };
    let numeric = quotient(&mut counted, options.method, options.step);
    let error = relative(analytic, numeric);
    let threshold = options.threshold();
    let verdict = if !analytic.is_finite() {
        Verdict::Fail
    } else if !numeric.is_finite() {
        Verdict::Inconclusive
    } else if error <= threshold {
        Verdict::Pass
    } else if error <= CLEARLY_WRONG {
        Verdict::Inconclusive
    } else {
        Verdict::Fail
    };
    let reference = (analytic.abs() + numeric.abs()).max(1e-8);
    let mut probe = Probe {
        index,
        verdict,
        analytic,
        numeric,
        tolerance: 0.0,
        reference,
        zero: analytic == 0.0 && numeric == 0.0,
        kink: false,
        evaluations,
    };
    if analytic.is_finite() && verdict > Verdict::Pass {
        let ladder = adaptive(along, index, analytic, range, scale, options);
        probe.evaluations += ladder.evaluations;
        if ladder.verdict == Verdict::Kink {
            (probe.verdict, probe.kink) = (Verdict::Kink, true);
        }
    }
    probe
}
