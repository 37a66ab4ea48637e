//! One probe: the derivative along one element, or along one direction, against the gradient under test.

use std::ops::Range as Span;

use crate::difference::relative;
use crate::judge::{Asked, probe};
use crate::options::Options;
use crate::range::Range;
use crate::report::Verdict;

/// What the inside of the function tells of its gradient, beyond its values. Dear, so it is asked only in doubt.
pub(crate) trait Insight {
    /// Whether kinks explain the gradient at an element, though it lies this far `off` the slope of the function.
    fn explain(&self, index: usize, off: f64) -> bool;
    /// Whether the gradient is right along a direction beside the point, where being as far `off` would show.
    fn right_beside(&self, span: Span<usize>, weights: &[f64], off: f64) -> bool;
    /// The elements whose gradient jumps at kinks.
    fn jumps(&self) -> Vec<usize>;
    /// What some runs with random roundings change in the gradient.
    fn shaken(&self) -> &[Vec<f64>];
    /// How far values of the function are off for what is rounded inside; 0 where that is not known.
    fn noise(&self) -> f64;
}

/// What is known of a gradient beside its values.
#[derive(Default)]
pub(crate) struct Aid<'a> {
    /// Asked where the gradient does not agree with the slopes.
    pub(crate) insight: Option<&'a dyn Insight>,
    /// Whether smooth points may be explained too, where kinks cancel; such a point is inconclusive.
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
    /// The slopes to either side, where they differ.
    pub(crate) kink: Option<(f64, f64)>,
    pub(crate) evaluations: usize,
}

impl Probe {
    /// The lecture's relative error; zero where both sides are proved zero.
    pub(crate) fn relative_error(&self) -> f64 {
        if self.zero { 0.0 } else { relative(self.analytic, self.numeric) }
    }

    /// The digits that this probe proves.
    pub(crate) fn digits(&self) -> f64 {
        let off = self.off();
        if !off.is_finite() || matches!(self.verdict, Verdict::Kink) {
            return 0.0;
        }
        let known = off.max(self.tolerance).max(f64::MIN_POSITIVE) / self.reference.max(f64::MIN_POSITIVE);
        // Adding zero makes a negative zero positive.
        (-known.log10()).clamp(0.0, 16.0) + 0.0
    }

    /// The distance of the two.
    pub(crate) fn off(&self) -> f64 {
        (self.analytic - self.numeric).abs()
    }

    /// The distance of the two in tolerances; NaN counts as infinite.
    pub(crate) fn excess(&self) -> f64 {
        let off = self.off();
        if off.is_nan() { f64::INFINITY } else { off / self.tolerance.max(f64::MIN_POSITIVE) }
    }
}

impl Target<'_, '_> {
    /// Probes one element; `scale` is the largest gradient of the tensor.
    pub(crate) fn element(&mut self, index: usize, scale: f64) -> Probe {
        let mut probe = self.direction(index..index + 1, &[1.0], scale);
        let doubtful =
            probe.verdict == Verdict::Fail && probe.analytic.is_finite() && (probe.kink.is_some() || self.aid.lenient);
        if doubtful && self.aid.insight.is_some_and(|inside| inside.explain(index, probe.off())) {
            probe.verdict = if probe.kink.is_some() { Verdict::Kink } else { Verdict::Inconclusive };
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
        let noise = || runs.map_or(0.0, Insight::noise);
        let asked = Asked { index, analytic, range, scale, shaken: &shaken, noise: &noise };
        let mut point = self.x.to_vec();
        let (f, x, options) = (&mut *self.f, self.x, self.options);
        let mut along = |t: f64| {
            for (i, w) in span.clone().zip(weights) {
                point[i] = x[i] + t * w;
            }
            let taken = if weights == [1.0] { point[span.start] - x[span.start] } else { t };
            (f(&point), taken)
        };
        probe(&mut along, &asked, options)
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

#[cfg(test)]
pub(crate) mod tests;
