//! The verdict on one probe: the gradient along a line against a ladder.

use crate::derivative::{confirm, refine};
use crate::difference::Method;
use crate::ladder::{BARS, Estimate};
use crate::options::Options;
use crate::probe::Probe;
use crate::range::{Range, STEP};
use crate::report::Verdict;
use crate::textbook::textbook;

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
pub(crate) fn adaptive(along: &mut impl FnMut(f64) -> (f64, f64), asked: &Asked<'_>, options: &Options<'_>) -> Probe {
    let narrow = options.wanted() / BARS / 10.0;
    let mut range = asked.range;
    let mut found = refine(&mut *along, range, narrow, asked.scale);
    let mut probe = judge(asked, &found, options);
    let doubted = |probe: &Probe| probe.verdict == Verdict::Fail && asked.analytic.is_finite();
    if doubted(&probe) {
        // Values that are off by more than their own size tells show steps and kinks that the function has not.
        range.noise = (asked.noise)();
        if range.noise > f64::EPSILON * found.magnitude {
            found = refine(&mut *along, range, narrow, asked.scale).after(found);
            probe = judge(asked, &found, options);
        }
    }
    if doubted(&probe) {
        let (again, lower) = confirm(&mut *along, range, found, probe.off());
        probe = judge(asked, &again.after(found), options);
        if let Some(step) = lower {
            // What only seemed to converge varies on a lower scale.
            let spent = probe.evaluations;
            let range = Range { step, other: 0.0, ..range };
            probe = adaptive(along, &Asked { range, ..*asked }, options);
            probe.evaluations += spent;
        }
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
        kink: found.kink,
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
        let (low, high) = (left.min(right), left.max(right));
        // Shaken values may take another branch at a kink, which is no rounding.
        let rounding = ROUNDING * reference.min(f64::MAX);
        let within = |bar: f64| (low - bar - rounding..=high + bar + rounding).contains(&analytic);
        // Slopes that are known to fewer digits than asked for excuse no gradient beyond them, and condemn none.
        let bar = BARS * found.error;
        probe.verdict = match (within(bar.min(options.wanted() * scale.max(low.abs()).max(high.abs()))), within(bar)) {
            (true, _) => Verdict::Kink,
            (_, true) => Verdict::Inconclusive,
            _ => Verdict::Fail,
        };
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
    // What roundings do not make is a gradient, and one that the values of f do not show is not proved.
    if reference <= tolerance && analytic.abs() <= BARS * shaken() {
        // A tensor of zeros has no size of its own; its bar is held against the slope that the values of f would allow.
        probe.reference = reference.max(found.magnitude * STEP / range.step);
    }
    let proved = tolerance <= options.wanted() * probe.reference;
    probe.verdict = if proved { Verdict::Pass } else { Verdict::Inconclusive };
    probe
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMOOTH: Estimate =
        Estimate { value: 2.0, error: 1e-9, kink: None, step: 0.05, magnitude: 1.0, evaluations: 17 };

    /// The judgement at six digits of a gradient at `x`, in a tensor whose largest one is `scale`, where random roundings
    /// change it by `shaken`.
    fn judged(analytic: f64, found: Estimate, scale: f64, shaken: f64, x: f64) -> Probe {
        let (shaken, noise) = (&|| shaken, &|| 0.0);
        let asked = Asked { index: Some(3), analytic, range: Range::around(x), scale, shaken, noise };
        judge(&asked, &found, &Options::default())
    }

    #[test]
    fn ten_bars_and_the_roundings_are_the_tolerance() {
        let roundings = 64.0 * f64::EPSILON;
        for (off, scale, shaken, tolerance, verdict) in [
            (0.9e-8, 0.0, 0.0, 1e-8 + 2.0 * roundings, Verdict::Pass),
            (-0.9e-8, 0.0, 0.0, 1e-8 + 2.0 * roundings, Verdict::Pass),
            (1.1e-8, 0.0, 0.0, 1e-8 + 2.0 * roundings, Verdict::Fail),
            (-1.1e-8, 0.0, 0.0, 1e-8 + 2.0 * roundings, Verdict::Fail),
            // Roundings grow with the largest gradient of the tensor.
            (0.2e-8, 1e5, 0.0, 1e-8 + 1e5 * roundings, Verdict::Pass),
            (2.3e-8, 1e6, 0.0, 1e-8 + 1e6 * roundings, Verdict::Pass),
            (2.5e-8, 1e6, 0.0, 1e-8 + 1e6 * roundings, Verdict::Fail),
            // Those of the reverse walk count where the bar does not cover the difference, and there alone.
            (0.9e-8, 0.0, 1e-7, 1e-8 + 2.0 * roundings, Verdict::Pass),
            (1e-7, 0.0, 1e-7, 1.1e-7, Verdict::Pass),
            (1.2e-7, 0.0, 1e-7, 1.1e-7, Verdict::Fail),
            // Where they hide the digits asked for, nothing is proved.
            (2e-6, 0.0, 3e-6, 3.01e-6, Verdict::Inconclusive),
        ] {
            let probe = judged(2.0 + off, SMOOTH, scale, shaken, 1.0);
            assert_eq!(probe.verdict, verdict, "{off:e} of {scale:e}: {probe:?}");
            assert!((probe.tolerance - tolerance).abs() < 1e-4 * tolerance, "{off:e} of {scale:e}: {probe:?}");
            assert_eq!((probe.index, probe.evaluations, probe.kink), (Some(3), 17, None));
            assert_eq!((probe.reference, probe.zero), (scale.max(2.0 + off.max(0.0)), false));
        }
    }

    #[test]
    fn a_bar_as_wide_as_the_digits_proves_none() {
        let with = |error, scale| judged(2.0, Estimate { error, ..SMOOTH }, scale, 0.0, 1.0).verdict;
        assert_eq!(with(1.9e-7, 0.0), Verdict::Pass);
        assert_eq!(with(2.1e-7, 0.0), Verdict::Inconclusive);
        // Digits are those of the largest gradient of the tensor.
        assert_eq!(with(2.1e-7, 20.0), Verdict::Pass);
        // A bar that is no part of the value is not believed, however far the two are apart.
        let wild = Estimate { error: 0.3, ..SMOOTH };
        assert_eq!(judged(90.0, wild, 0.0, 0.0, 1.0).verdict, Verdict::Inconclusive);
    }

    #[test]
    fn no_number_is_never_a_pass() {
        for analytic in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for value in [2.0, f64::NAN] {
                assert_eq!(judged(analytic, Estimate { value, ..SMOOTH }, 9.0, 0.0, 1.0).verdict, Verdict::Fail);
            }
        }
        let unknown = Estimate { value: f64::NAN, error: f64::INFINITY, ..SMOOTH };
        assert_eq!(judged(2.0, unknown, 2.0, 0.0, 1.0).verdict, Verdict::Inconclusive);
        // An infinite gradient elsewhere widens no tolerance.
        assert_eq!(judged(2.1, SMOOTH, f64::INFINITY, 0.0, 1.0).verdict, Verdict::Fail);
    }

    #[test]
    fn at_a_kink_the_slopes_bound_the_gradient() {
        for kink in [(-1.0, 3.0), (3.0, -1.0)] {
            let found = Estimate { value: 1.0, kink: Some(kink), ..SMOOTH };
            for (analytic, verdict) in [
                (-1.0, Verdict::Kink),
                (3.0, Verdict::Kink),
                (-1.0 - 0.9e-8, Verdict::Kink),
                (3.0 + 0.9e-8, Verdict::Kink),
                (-1.0 - 1.1e-8, Verdict::Fail),
                (3.0 + 1.1e-8, Verdict::Fail),
            ] {
                // Shaken values may take another branch, so they are not asked.
                let probe = judged(analytic, found, 0.0, 9.0, 1.0);
                assert_eq!((probe.verdict, probe.kink), (verdict, Some(kink)), "{analytic}: {probe:?}");
            }
            // Slopes known to fewer digits than asked for prove nothing beyond them.
            let coarse = Estimate { error: 1e-2, ..found };
            for (analytic, verdict) in [
                (3.0 + 2e-6, Verdict::Kink),
                (-1.0 - 2e-6, Verdict::Kink),
                (3.0 + 4e-6, Verdict::Inconclusive),
                (-1.0 - 0.09, Verdict::Inconclusive),
                (3.11, Verdict::Fail),
                (-1.11, Verdict::Fail),
            ] {
                assert_eq!(judged(analytic, coarse, 0.0, 0.0, 1.0).verdict, verdict, "{analytic}");
            }
            assert_eq!(judged(3.0 + 4e-6, coarse, 10.0, 0.0, 1.0).verdict, Verdict::Kink);
            // Roundings of large gradients beside it are allowed here too.
            assert_eq!(judged(3.0 + 2e-8, found, 1e6, 0.0, 1.0).verdict, Verdict::Kink);
            assert_eq!(judged(-1.0 - 2e-8, found, 1e6, 0.0, 1.0).verdict, Verdict::Kink);
        }
    }

    /// Where all gradients are zero, the bar is held against the slope that values of this size would allow over the step.
    #[test]
    fn a_zero_is_proved_by_the_size_of_the_values() {
        let flat = Estimate { value: 0.0, error: 1e-14, magnitude: 3.0, ..SMOOTH };
        for (x, allowed) in [(1.0, 3.0), (100.0, 0.03)] {
            let probe = judged(0.0, flat, 0.0, 0.0, x);
            assert_eq!((probe.verdict, probe.zero), (Verdict::Pass, true), "{probe:?}");
            assert!((probe.reference - allowed).abs() < 1e-12, "{probe:?}");
        }
        // A bar as wide as that proves no zero, and a zero among others is held against those.
        let wide = Estimate { value: 0.0, error: 1e-6, step: 1e-9, ..flat };
        assert_eq!(judged(0.0, wide, 0.0, 0.0, 1.0).verdict, Verdict::Inconclusive);
        let among = judged(0.0, flat, 5.0, 0.0, 1.0);
        assert_eq!((among.verdict, among.zero, among.reference), (Verdict::Pass, true, 5.0));
        // Zero means both sides, and that roundings make no less.
        for (analytic, value, zero, verdict) in [
            (1e-13, 1e-13, true, Verdict::Pass),
            (1e-13, 0.0, true, Verdict::Pass),
            (1.5e-13, 0.0, true, Verdict::Inconclusive),
            (1.0, 1.0, false, Verdict::Pass),
        ] {
            let probe = judged(analytic, Estimate { value, error: 2e-14, ..flat }, 0.0, 1e-14, 1.0);
            assert_eq!((probe.verdict, probe.zero), (verdict, zero), "{probe:?}");
        }
        let one_sided = judged(1e-13, Estimate { value: 2.5e-13, error: 2e-14, ..flat }, 0.0, 0.0, 1.0);
        assert_eq!((one_sided.verdict, one_sided.zero), (Verdict::Inconclusive, false), "{one_sided:?}");
        let nothing = Estimate { value: 0.0, error: 0.0, magnitude: 0.0, ..SMOOTH };
        assert_eq!(judged(0.0, nothing, 0.0, 0.0, 1.0).verdict, Verdict::Pass);
    }

    /// The whole probe at 1 of a function and a gradient, and how often the noise of values was asked for.
    fn probed(f: impl Fn(f64) -> f64, analytic: f64, options: &Options<'_>) -> (Probe, usize) {
        noisy(f, analytic, 1.0, options, 0.0)
    }

    /// The same at `x`, of values that are off by `noise`.
    fn noisy(f: impl Fn(f64) -> f64, analytic: f64, x: f64, options: &Options<'_>, noise: f64) -> (Probe, usize) {
        let asks = std::cell::Cell::new(0);
        let noise = || {
            asks.set(asks.get() + 1);
            noise
        };
        let asked =
            Asked { index: None, analytic, range: Range::around(x), scale: 0.0, shaken: &|| 0.0, noise: &noise };
        let mut calls = 0;
        let mut along = |t: f64| {
            calls += 1;
            (f(x + t), (x + t) - x)
        };
        let found = probe(&mut along, &asked, options);
        assert_eq!(found.evaluations, calls, "every evaluation is counted");
        (found, asks.get())
    }

    #[test]
    fn a_failure_alone_is_doubted() {
        let options = &Options::default();
        let (right, asks) = probed(f64::exp, 1f64.exp(), options);
        assert_eq!((right.verdict, asks), (Verdict::Pass, 0));
        let (wrong, asks) = probed(f64::exp, 2.8, options);
        assert_eq!((wrong.verdict, asks), (Verdict::Fail, 1));
        assert!(wrong.evaluations > 2 * right.evaluations, "{wrong:?}");
        // What is no number is wrong without a second look.
        let (nan, asks) = probed(f64::exp, f64::NAN, options);
        assert_eq!((nan.verdict, asks, nan.evaluations), (Verdict::Fail, 0, right.evaluations));
    }

    #[test]
    fn noise_beyond_the_last_place_is_looked_into() {
        let options = &Options::default();
        // Near 2 the last place is 4.4e-16, of which the small difference knows nothing.
        let steps = |x: f64| (2.0 + 3.7e-11 * (x - 1.0)) - 2.0;
        assert_ne!(noisy(steps, 3.7e-11, 1.0, options, 2.0 * f64::EPSILON).0.verdict, Verdict::Fail);
        // Values are around 3 here, and off by less than their last place or by more.
        let evaluations = |noise| noisy(f64::exp, 2.8, 1.0, options, noise).0.evaluations;
        assert_eq!(evaluations(0.5 * f64::EPSILON), evaluations(0.0));
        assert!(evaluations(2e-15) > evaluations(0.0));
    }

    #[test]
    fn waves_of_any_length_are_proved() {
        for k in (1..=300).map(f64::from) {
            let (found, _) = probed(|x| (k * x).sin(), k * k.cos(), &Options::default());
            assert_eq!(found.verdict, Verdict::Pass, "{k}: {found:?}");
        }
    }

    /// Steps over many waves, or past a narrow peak, find them flat until a second opinion contradicts.
    #[test]
    fn what_only_seemed_flat_is_looked_at_from_nearer() {
        type Case = (fn(f64) -> f64, f64, f64);
        let far = 1e8f64;
        let cases: [Case; 5] = [
            (f64::sin, far.cos(), far),
            (|x| x + 1e-7 * (1e7 * x).sin(), 1.0 + 1e7f64.cos(), 1.0),
            (|x| x.sin() + 1e-9 * (1e8 * x).sin(), 0.3f64.cos() + 0.1 * 3e7f64.cos(), 0.3),
            (|x| (-1e12 * (x - 1e-6).powi(2)).exp(), 2e6 / 1f64.exp(), 0.0),
            (|x| (-1e10 * (x - 1e-5).powi(2)).exp(), 2e5 / 1f64.exp(), 0.0),
        ];
        for (which, (f, slope, x)) in cases.into_iter().enumerate() {
            let at = |slope| noisy(f, slope, x, &Options { digits: 4, ..Options::default() }, 0.0).0;
            let right = at(slope);
            assert_ne!(right.verdict, Verdict::Fail, "{which}: {right:?}");
            assert!((right.numeric - slope).abs() <= 1e-6 * slope.abs(), "{which}: {right:?}");
            for wrong in [1.1 * slope, 0.0, -slope] {
                assert_eq!(at(wrong).verdict, Verdict::Fail, "{which} {wrong}: {:?}", at(wrong));
            }
        }
    }

    #[test]
    fn a_kink_beside_the_point_excuses_nothing() {
        for distance in [1e-10, 1e-8, 1e-7, 1e-6, 1e-4, 1e-2] {
            for x in [0.0f64, 1.0, 1000.0] {
                let border = x + distance * x.max(1.0);
                let at = |slope| {
                    noisy(|t| t + (t - border).max(0.0), slope, x, &Options { digits: 4, ..Options::default() }, 0.0).0
                };
                let right = at(1.0);
                assert_eq!(right.verdict, Verdict::Pass, "{distance:e} from {x}: {right:?}");
                assert_eq!(at(1.4).verdict, Verdict::Fail, "{distance:e} from {x}: {:?}", at(1.4));
            }
        }
    }
}
