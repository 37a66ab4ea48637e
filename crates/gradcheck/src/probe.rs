//! One probe: the derivative along one element, or along one direction, against the gradient under test.

use std::ops::Range as Span;

use crate::difference::{Method, quotient, relative};
use crate::ladder::{BARS, Estimate, Range, STEP, confirm, refine};
use crate::options::Options;
use crate::report::Verdict;

/// A textbook relative error above this is wrong whatever the step.
const CLEARLY_WRONG: f64 = 1e-2;
/// Roundings of the gradient under test, in units of the largest gradient of the tensor.
pub(crate) const ROUNDING: f64 = 64.0 * f64::EPSILON;

/// Roundings of the largest number inside the function that may drown a change of its value: a sum or two of them.
const UNSEEN: f64 = 4.0;

/// What the inside of the function tells of its gradient, beyond its values. Dear, so it is asked only in doubt.
pub(crate) trait Insight {
    /// Whether kinks explain the gradient at an element, though it is no slope of the function.
    fn explain(&self, index: usize) -> bool;
    /// The elements whose gradient jumps at kinks.
    fn jumps(&self) -> Vec<usize>;
    /// What some runs with random roundings change in the gradient.
    fn shaken(&self) -> &[Vec<f64>];
    /// What the largest number inside is rounded by; 0 where that is not known.
    fn rounding(&self) -> f64;
}

/// What is known of a gradient beside its values.
#[derive(Default)]
pub(crate) struct Aid<'a> {
    /// Asked where the gradient does not agree with the slopes.
    pub(crate) insight: Option<&'a dyn Insight>,
    /// Whether kinks may explain smooth points too, where they cancel; such a point is inconclusive.
    pub(crate) lenient: bool,
}

/// A function, the point and the gradient under test there.
pub(crate) struct Target<'a, 'b> {
    pub(crate) f: &'a mut dyn FnMut(&[f64]) -> f64,
    pub(crate) x: &'a [f64],
    pub(crate) gradient: &'a [f64],
    pub(crate) options: &'a Options<'a>,
    pub(crate) aid: Aid<'b>,
}

/// What a probe found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probe {
    /// The element, unless several were varied.
    pub(crate) index: Option<usize>,
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
        // Adding zero makes a negative zero positive.
        (-known.log10()).clamp(0.0, 16.0) + 0.0
    }

    /// The distance of the two in tolerances; NaN counts as infinite.
    pub(crate) fn excess(&self) -> f64 {
        let off = (self.analytic - self.numeric).abs();
        if off.is_nan() { f64::INFINITY } else { off / self.tolerance.max(f64::MIN_POSITIVE) }
    }
}

impl Target<'_, '_> {
    /// Probes one element; `scale` is the largest gradient of the tensor.
    pub(crate) fn element(&mut self, index: usize, scale: f64) -> Probe {
        let mut probe = self.direction(index..index + 1, &[1.0], scale);
        let doubtful = probe.verdict == Verdict::Fail && probe.analytic.is_finite() && (probe.kink || self.aid.lenient);
        if doubtful && self.aid.insight.is_some_and(|inside| inside.explain(index)) {
            probe.verdict = if probe.kink { Verdict::Kink } else { Verdict::Inconclusive };
        }
        probe
    }

    /// Probes the direction that has `weights` in `span` and zeros elsewhere.
    pub(crate) fn direction(&mut self, span: Span<usize>, weights: &[f64], scale: f64) -> Probe {
        let along = |values: &[f64]| values[span.clone()].iter().zip(weights).map(|(g, w)| g * w).sum::<f64>();
        let analytic = along(self.gradient);
        let range = self.range(span.clone(), weights);
        let runs = self.aid.insight;
        let shaken = || runs.map_or(0.0, |i| i.shaken().iter().map(|run| along(run).abs()).fold(0.0, f64::max));
        let index = (span.len() == 1).then_some(span.start);
        let rounding = || runs.map_or(0.0, Insight::rounding);
        let asked = Asked { index, analytic, range, scale, shaken: &shaken, rounding: &rounding };
        let mut point = self.x.to_vec();
        let (f, x, options) = (&mut *self.f, self.x, self.options);
        let mut along = |t: f64| {
            for (i, w) in span.clone().zip(weights) {
                point[i] = x[i] + t * w;
            }
            let taken = if weights == [1.0] { point[span.start] - x[span.start] } else { t };
            (f(&point), taken)
        };
        if options.method == Method::Adaptive {
            adaptive(&mut along, &asked, options)
        } else {
            textbook(&mut along, &asked, options)
        }
    }

    /// Whether the function bends sharply at the point along a direction, by two second differences: those of a smooth
    /// function shrink with the step, and those of a kink do not. Costs four evaluations.
    pub(crate) fn sharp(&mut self, span: Span<usize>, weights: &[f64], centre: f64) -> bool {
        let range = self.range(span.clone(), weights);
        let mut point = self.x.to_vec();
        let mut gap = |t: f64| {
            let mut at = |t: f64| {
                for (i, w) in span.clone().zip(weights) {
                    point[i] = self.x[i] + t * w;
                }
                (self.f)(&point)
            };
            let (above, below) = (at(t), at(-t));
            ((above - centre) - (centre - below), (above - centre).abs().max((centre - below).abs()))
        };
        // Far below the first step of a ladder, and far above the rounding of values.
        const REACH: f64 = 1e-4;
        const NARROWER: f64 = 16.0;
        let t = REACH * range.step;
        let ((wide, _), (narrow, size)) = (gap(t), gap(t / NARROWER));
        // Of a kink the narrow gap is a sixteenth of the wide one, of a smooth function its square.
        let rounding = 16.0 * f64::EPSILON * centre.abs().max(size);
        narrow.abs() > rounding && narrow.abs() * NARROWER > 0.5 * wide.abs() && narrow.abs() > 1e-6 * size
    }

    /// How far the direction may go: the step for its magnitude, the borders of the domain, and the nearest change of branch.
    fn range(&self, span: Span<usize>, weights: &[f64]) -> Range {
        let (low, high) = self.options.domain;
        let x = &self.x[span.clone()];
        // Scaled by the largest, so that no square leaves the range of numbers.
        let largest = x.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let mean = x.iter().map(|v| (v / largest.max(f64::MIN_POSITIVE)).powi(2)).sum::<f64>() / x.len() as f64;
        let magnitude = largest * mean.sqrt();
        // A direction moves many elements at once, and the function along it bends the more.
        let mut range = Range::around(magnitude);
        range.step /= (weights.len() as f64).sqrt();
        range.other /= (weights.len() as f64).sqrt();
        for (v, w) in x.iter().zip(weights).filter(|(_, w)| **w != 0.0) {
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

/// What a probe is asked for.
struct Asked<'a> {
    index: Option<usize>,
    analytic: f64,
    range: Range,
    /// The largest gradient of the tensor.
    scale: f64,
    /// What random roundings of the reverse walk change: asked where the error bar alone does not cover the difference.
    shaken: &'a dyn Fn() -> f64,
    /// What numbers inside the function are rounded by, which may drown the changes of a far smaller value.
    rounding: &'a dyn Fn() -> f64,
}

/// Judges by a ladder; a failure is confirmed on others.
fn adaptive(along: &mut impl FnMut(f64) -> (f64, f64), asked: &Asked<'_>, options: &Options<'_>) -> Probe {
    let narrow = options.wanted() / BARS / 10.0;
    let mut found = refine(&mut *along, asked.range, narrow, asked.scale);
    let mut probe = judge(asked, &found, options);
    if probe.verdict == Verdict::Fail && asked.analytic.is_finite() {
        let again = confirm(&mut *along, asked.range, found);
        found = Estimate { evaluations: found.evaluations + again.evaluations, ..again };
        probe = judge(asked, &found, options);
    }
    // A difference that moves the value by less than what is rounded off inside it is not to be seen there.
    let moves = (asked.analytic - found.value).abs() * found.step;
    if probe.verdict == Verdict::Fail && found.kink.is_none() && moves <= UNSEEN * (asked.rounding)() {
        probe.verdict = Verdict::Inconclusive;
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
/// step that is too coarse.
fn textbook(along: &mut impl FnMut(f64) -> (f64, f64), asked: &Asked<'_>, options: &Options<'_>) -> Probe {
    let analytic = asked.analytic;
    let mut evaluations = 0;
    let mut counted = |t: f64| {
        evaluations += 1;
        along(t)
    };
    let numeric = quotient(&mut counted, options.method, options.step);
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
        evaluations,
    };
    if analytic.is_finite() && verdict > Verdict::Pass {
        let ladder = adaptive(along, asked, options);
        probe.evaluations += ladder.evaluations;
        probe.kink = ladder.kink;
        if matches!(ladder.verdict, Verdict::Kink | Verdict::Fail) {
            probe.verdict = ladder.verdict;
        }
    }
    probe
}
