//! The check of one tensor: every element of a small one, random directions through a large one.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::array::either_sign;
use crate::difference::{Method, greatest};
use crate::options::Options;
use crate::probe::{Aid, Insight, Probe, Target};
use crate::report::{Entry, Verdict};

/// How many elements of a large tensor that stand on kinks are checked by themselves. With more of them the tensor
/// is inconclusive: a point with so many says little.
const MAX_KINKS: usize = 128;
/// How many of too many elements on kinks are checked all the same.
const FEW: usize = 2;
/// How many elements are tried to see whether most of a tensor stands on kinks.
const SAMPLE: usize = 16;

/// Checks the `gradient` of `f` at `x`, all of one tensor, and sums it up under `name`.
///
/// `f` may be stateful; what it is asked at equal points must be equal.
pub(crate) fn check_tensor(
    name: &str,
    f: &mut dyn FnMut(&[f64]) -> f64,
    x: &[f64],
    gradient: &[f64],
    options: &Options<'_>,
    aid: Aid<'_>,
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
    let mut target = Target { f, x, gradient, options, aid };
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
/// largest gradient. A direction that fails is bisected to the element; elements that stand on a kink are taken out of
/// the directions and checked by themselves.
fn directions(target: &mut Target<'_, '_>) -> Vec<Probe> {
    let size = target.x.len();
    let scale = largest(target.gradient);
    if let Some(index) = target.gradient.iter().position(|g| !g.is_finite()) {
        return vec![target.element(index, 0.0)];
    }
    let mut rng = ChaCha8Rng::seed_from_u64(target.options.seed);
    let mut probes: Vec<Probe> = vec![];
    let mut kinked: Option<Vec<usize>> = None;
    for _ in 0..target.options.directions {
        let mut weights: Vec<f64> = (0..size).map(|_| either_sign(rng.random_range(0.5..1.5), &mut rng)).collect();
        kinked.iter().flatten().for_each(|k| weights[*k] = 0.0);
        let mut probe = target.direction(0..size, &weights, norm(target.gradient, &weights));
        if probe.kink.is_some() && kinked.is_none() {
            let (found, evaluations) = sharp_elements(target, &weights);
            let known = found.iter().take(MAX_KINKS).copied().collect::<Vec<_>>();
            probe.evaluations += evaluations;
            if found.len() > MAX_KINKS {
                probes.push(Probe { verdict: Verdict::Inconclusive, ..probe });
                probes.extend(known.iter().take(FEW).map(|k| target.element(*k, scale)));
                return probes;
            }
            probes.extend(known.iter().map(|k| target.element(*k, scale)));
            known.iter().for_each(|k| weights[*k] = 0.0);
            let spent = probe.evaluations;
            probe = target.direction(0..size, &weights, norm(target.gradient, &weights));
            probe.evaluations += spent;
            kinked = Some(known);
        }
        if probe.kink.is_some() {
            // A kink that no element has by itself proves nothing, whatever the slopes.
            probe.verdict = Verdict::Inconclusive;
        }
        if probe.verdict == Verdict::Fail {
            let culprit = bisect(target, &weights, probe);
            if culprit.index.is_some() {
                probes.push(culprit);
                return probes;
            }
            let jumps = target.aid.insight.map_or(vec![], |inside| inside.jumps());
            let jumps: Vec<usize> = jumps.into_iter().filter(|k| weights[*k] != 0.0).collect();
            probe = culprit;
            if !jumps.is_empty() {
                probe.verdict = Verdict::Inconclusive;
            }
            // Kinks that cancel along each element by itself, and not along all of them: those elements go out too.
            if (1..=MAX_KINKS).contains(&jumps.len()) {
                probes.extend(jumps.iter().map(|k| target.element(*k, scale)));
                jumps.iter().for_each(|k| weights[*k] = 0.0);
                let again = target.direction(0..size, &weights, norm(target.gradient, &weights));
                probe = Probe { evaluations: again.evaluations + probe.evaluations, ..again };
                if probe.verdict == Verdict::Fail {
                    probe = bisect(target, &weights, probe);
                }
                kinked.get_or_insert_default().extend(jumps);
            }
        }
        let beside = |inside: &dyn Insight| inside.right_beside(0..size, &weights, probe.off());
        if probe.verdict == Verdict::Fail && probe.index.is_none() && target.aid.insight.is_some_and(beside) {
            // Kinks too faint to be told from bends, and too many to be pinned on one element.
            probe.verdict = Verdict::Inconclusive;
        }
        probes.push(probe);
        if probe.verdict == Verdict::Fail {
            return probes;
        }
    }
    let steepest = (0..size).max_by(|&a, &b| target.gradient[a].abs().total_cmp(&target.gradient[b].abs()));
    probes.extend(steepest.map(|index| target.element(index, scale)));
    probes
}

/// The elements that stand on kinks, found by halving, and the evaluations spent: all of them up to one more than
/// `MAX_KINKS`, and more than that where a sample shows that half of the tensor does.
fn sharp_elements(target: &mut Target<'_, '_>, weights: &[f64]) -> (Vec<usize>, usize) {
    let size = weights.len();
    let centre = (target.f)(target.x);
    let mut evaluations = 1;
    let mut sharp = |span: std::ops::Range<usize>| {
        evaluations += 4;
        target.sharp(span.clone(), &weights[span], centre)
    };
    let sample: Vec<usize> = (0..SAMPLE).map(|k| (2 * k + 1) * size / (2 * SAMPLE)).collect();
    let met: Vec<usize> = sample.into_iter().filter(|k| sharp(*k..k + 1)).collect();
    let mut found = vec![];
    if 2 * met.len() >= SAMPLE && size > 2 * MAX_KINKS {
        let others = (0..size).filter(|k| !met.contains(k)).take(MAX_KINKS);
        found = met.iter().copied().chain(others).collect();
        return (found, evaluations);
    }
    let mut open: Vec<std::ops::Range<usize>> = std::iter::once(0..size).collect();
    while let Some(span) = open.pop() {
        if found.len() > MAX_KINKS || !sharp(span.clone()) {
            continue;
        }
        if span.len() == 1 {
            found.push(span.start);
        } else {
            let middle = span.start + span.len() / 2;
            open.extend([middle..span.end, span.start..middle]);
        }
    }
    (found, evaluations)
}

/// The size that the sum of the products has when signs are random.
fn norm(gradient: &[f64], weights: &[f64]) -> f64 {
    gradient.iter().zip(weights).map(|(g, w)| (g * w).powi(2)).sum::<f64>().sqrt()
}

/// Halves a failing direction until one element is left, each time keeping the half that is further off.
fn bisect(target: &mut Target<'_, '_>, weights: &[f64], failed: Probe) -> Probe {
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
    let culprit = target.element(span.start, target.gradient[span.start].abs());
    let evaluations = failed.evaluations + evaluations + culprit.evaluations;
    // An error that is spread too thin to be pinned on one element has the direction's own numbers as its evidence.
    let evidence = if culprit.verdict == Verdict::Fail { culprit } else { failed };
    Probe { evaluations, ..evidence }
}

fn sum_up(name: &str, probes: &[Probe]) -> Entry {
    let verdict = probes.iter().map(|p| p.verdict).max().unwrap_or(Verdict::Vacuous);
    let key = |p: &Probe| {
        let error = p.relative_error();
        (p.verdict, if error.is_nan() { f64::INFINITY } else { error })
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
        max_rel_error: greatest(errors),
        worst_index: worst.and_then(|p| p.index),
        analytic: worst.map_or(0.0, |p| p.analytic),
        numeric: worst.map_or(0.0, |p| p.numeric),
        slopes: worst.and_then(|p| p.kink),
        tolerance: worst.map_or(0.0, |p| p.tolerance),
        digits: probes.iter().map(Probe::digits).fold(16.0, f64::min),
        evaluations: probes.iter().map(|p| p.evaluations).sum(),
        kinks: probes.iter().filter(|p| p.kink.is_some()).count(),
        zero: probes.iter().all(|p| p.zero),
    }
}

#[cfg(test)]
mod tests;
