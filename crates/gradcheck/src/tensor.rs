//! The check of one tensor: every element of a small one, random directions through a large one.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::difference::Method;
use crate::options::Options;
use crate::probe::{Probe, Target};
use crate::report::{Entry, Verdict};

/// How many elements of a direction are taken out because they stand on a kink.
const MAX_KINKS: usize = 64;

/// Checks the `gradient` of `f` at `x`, all of one tensor, and sums it up under `name`.
///
/// `f` may be stateful; what it is asked at equal points must be equal.
pub(crate) fn check_tensor(
    name: &str,
    f: &mut dyn FnMut(&[f64]) -> f64,
    x: &[f64],
    gradient: &[f64],
    options: &Options<'_>,
) -> Entry {
    if x.is_empty() {
        return Entry::vacuous(name);
    }
    if gradient.len() != x.len() {
        // A gradient of another size is wrong at the first element that has no partner.
        let index = x.len().min(gradient.len());
        let nan = f64::NAN;
        let entry = Entry { verdict: Verdict::Fail, worst_index: Some(index), zero: false, ..Entry::vacuous(name) };
        return Entry { max_rel_error: nan, analytic: nan, numeric: nan, ..entry };
    }
    let mut target = Target { f, x, gradient, options };
    let probes = if x.len() <= options.elements || options.method != Method::Adaptive {
        let scale = largest(gradient);
        (0..x.len()).map(|index| target.element(index, scale)).collect()
    } else {
        directions(&mut target)
    };
    sum_up(name, &probes)
}

fn largest(gradient: &[f64]) -> f64 {
    gradient.iter().filter(|g| g.is_finite()).fold(0.0, |m: f64, g| m.max(g.abs()))
}

/// Random directions through the whole tensor, each weight a random sign times U(0.5, 1.5), then the element with the
/// largest gradient. A direction that fails is bisected to the element.
fn directions(target: &mut Target<'_>) -> Vec<Probe> {
    let size = target.x.len();
    if let Some(index) = target.gradient.iter().position(|g| !g.is_finite()) {
        return vec![target.element(index, 0.0)];
    }
    let mut rng = ChaCha8Rng::seed_from_u64(target.options.seed);
    let mut probes = vec![];
    for _ in 0..target.options.directions {
        let mut weights: Vec<f64> = (0..size)
            .map(|_| {
                let weight: f64 = rng.random_range(0.5..1.5);
                if rng.random() { weight } else { -weight }
            })
            .collect();
        for _ in 0..MAX_KINKS {
            let probe = target.direction(0..size, &weights, norm(target.gradient, &weights));
            if probe.verdict != Verdict::Fail {
                probes.push(probe);
                break;
            }
            let culprit = bisect(target, &weights, probe);
            probes.push(culprit);
            // Where several elements stand on kinks, their slopes add up to none that lies between those of the whole
            // direction. Each is judged by itself, and the rest of the direction without it.
            if culprit.verdict == Verdict::Fail {
                return probes;
            }
            weights[culprit.index] = 0.0;
        }
    }
    let scale = largest(target.gradient);
    let steepest = (0..size).max_by(|&a, &b| target.gradient[a].abs().total_cmp(&target.gradient[b].abs()));
    probes.extend(steepest.map(|index| target.element(index, scale)));
    probes
}

/// The size that the sum of the products has when signs are random.
fn norm(gradient: &[f64], weights: &[f64]) -> f64 {
    gradient.iter().zip(weights).map(|(g, w)| (g * w).powi(2)).sum::<f64>().sqrt()
}

/// Halves a failing direction until one element is left, each time keeping the half that is further off.
fn bisect(target: &mut Target<'_>, weights: &[f64], failed: Probe) -> Probe {
    let mut span = 0..weights.len();
    let mut evaluations = 0;
    while span.len() > 1 {
        let middle = span.start + span.len() / 2;
        let halves = [span.start..middle, middle..span.end].map(|half| {
            let part = &weights[half.clone()];
            let probe = target.direction(half.clone(), part, norm(&target.gradient[half.clone()], part));
            evaluations += probe.evaluations;
            (half, probe.excess())
        });
        let [left, right] = halves;
        span = if left.1 >= right.1 { left.0 } else { right.0 };
    }
    let mut culprit = target.element(span.start, target.gradient[span.start].abs());
    if culprit.verdict != Verdict::Fail && !(culprit.kink && failed.kink) {
        // The error is spread too thin to be pinned on one element: the direction's own numbers are the evidence.
        culprit = Probe { index: span.start, evaluations: culprit.evaluations, ..failed };
    }
    culprit.evaluations += evaluations;
    culprit
}

fn sum_up(name: &str, probes: &[Probe]) -> Entry {
    let verdict = probes.iter().map(|p| p.verdict).max().unwrap_or(Verdict::Vacuous);
    let key = |p: &Probe| {
        let error = p.relative_error();
        (p.verdict == Verdict::Fail, if error.is_nan() { f64::INFINITY } else { error })
    };
    // The last of equals is an element of its own rather than a direction.
    let worst = probes.iter().max_by(|a, b| {
        let (a, b) = (key(a), key(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    let errors = probes.iter().map(Probe::relative_error);
    Entry {
        name: name.to_owned(),
        verdict,
        max_rel_error: errors.fold(0.0, |m: f64, e| if m.is_nan() || e <= m { m } else { e }),
        worst_index: worst.map(|p| p.index),
        analytic: worst.map_or(0.0, |p| p.analytic),
        numeric: worst.map_or(0.0, |p| p.numeric),
        digits: probes.iter().map(Probe::digits).fold(16.0, f64::min),
        evaluations: probes.iter().map(|p| p.evaluations).sum(),
        kinks: probes.iter().filter(|p| p.kink).count(),
        zero: probes.iter().all(|p| p.zero),
    }
}
