//! Checks of plain functions: a gradient, a Jacobian, second derivatives.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::options::Options;
use crate::probe::Aid;
use crate::report::{Entry, Report, Verdict};
use crate::tensor::check_tensor;

/// Checks that `gradient` is the gradient of `f` at `x`.
///
/// ```
/// use graphrun_gradcheck::{Options, Verdict, check_function};
///
/// let f = |x: &[f64]| x[0] * x[1].sin();
/// let right = |x: &[f64]| vec![x[1].sin(), x[0] * x[1].cos()];
/// let wrong = |x: &[f64]| vec![x[1].sin(), -x[0] * x[1].cos()];
/// assert_eq!(check_function(f, right, &[2.0, 0.5], &Options::default()).verdict, Verdict::Pass);
///
/// let report = check_function(f, wrong, &[2.0, 0.5], &Options::default());
/// assert_eq!(report.verdict, Verdict::Fail);
/// assert_eq!(report.entries[0].worst_index, Some(1));
/// ```
pub fn check_function(
    f: impl Fn(&[f64]) -> f64,
    gradient: impl Fn(&[f64]) -> Vec<f64>,
    x: &[f64],
    options: &Options<'_>,
) -> Report {
    Report::new(vec![check_tensor("x", &mut |x| f(x), x, &gradient(x), options, Aid::default())])
}

/// Checks that `jacobian` gives the rows of the derivative of the vector-valued `f` at `x`: one entry an output.
pub fn check_jacobian(
    f: impl Fn(&[f64]) -> Vec<f64>,
    jacobian: impl Fn(&[f64]) -> Vec<Vec<f64>>,
    x: &[f64],
    options: &Options<'_>,
) -> Report {
    let (rows, outputs) = (jacobian(x), f(x).len());
    let entries = (0..outputs.max(rows.len())).map(|output| {
        let row = rows.get(output).map_or(&[][..], |r| r);
        let mut one = |x: &[f64]| f(x).get(output).copied().unwrap_or(f64::NAN);
        check_tensor(&format!("y[{output}]"), &mut one, x, row, options, Aid::default())
    });
    Report::new(entries.collect())
}

/// Checks second derivatives: that `product(x, v)` is the Hessian of the function with this `gradient` times `v`.
///
/// The first entries compare it with differences of gradients along random cotangents; the last, `symmetry`, holds
/// u H v against v H u.
pub fn check_second_order(
    gradient: impl Fn(&[f64]) -> Vec<f64>,
    product: impl Fn(&[f64], &[f64]) -> Vec<f64>,
    x: &[f64],
    options: &Options<'_>,
) -> Report {
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let mut random = || -> Vec<f64> { x.iter().map(|_| rng.random_range(-1.5..1.5)).collect() };
    let (u, v) = (random(), random());
    let mut entries = vec![];
    for (name, cotangent) in [("H u", &u), ("H v", &v)] {
        let mut slope = |x: &[f64]| dot(&gradient(x), cotangent);
        entries.push(check_tensor(name, &mut slope, x, &product(x, cotangent), options, Aid::default()));
    }
    entries.push(symmetry(&product(x, &v), &product(x, &u), &u, &v));
    Report::new(entries)
}

/// Compares u H v with v H u. Both are sums of the same products in another order, so they agree to rounding.
fn symmetry(hv: &[f64], hu: &[f64], u: &[f64], v: &[f64]) -> Entry {
    let (one, other) = (dot(hv, u), dot(hu, v));
    let size: f64 = hv.iter().zip(u).chain(hu.iter().zip(v)).map(|(a, b)| (a * b).abs()).sum();
    let tolerance = 1e-9 * size;
    let off = (one - other).abs();
    let base = Entry::vacuous("symmetry");
    if u.is_empty() {
        return base;
    }
    Entry {
        verdict: if off <= tolerance { Verdict::Pass } else { Verdict::Fail },
        max_rel_error: crate::difference::relative(one, other),
        worst_index: Some(0),
        analytic: one,
        numeric: other,
        tolerance,
        digits: (-(off.max(f64::EPSILON * size) / size.max(f64::MIN_POSITIVE)).log10()).clamp(0.0, 16.0),
        zero: size == 0.0,
        ..base
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: [f64; 3] = [0.5, -1.25, 2.0];

    fn worst(report: &Report) -> Option<(&str, Option<usize>)> {
        let failed = report.entries.iter().find(|entry| entry.verdict == Verdict::Fail)?;
        Some((&failed.name, failed.worst_index))
    }

    #[test]
    fn rows_of_a_jacobian_are_checked_each_by_itself() {
        let f = |x: &[f64]| vec![x[0] * x[1], x[2].sin()];
        let right = |x: &[f64]| vec![vec![x[1], x[0], 0.0], vec![0.0, 0.0, x[2].cos()]];
        let check = |jacobian: &dyn Fn(&[f64]) -> Vec<Vec<f64>>| check_jacobian(f, jacobian, &X, &Options::default());
        let report = check(&right);
        assert_eq!((report.verdict, report.entries.len()), (Verdict::Pass, 2));
        let changed = |row: usize, column: usize| {
            move |x: &[f64]| {
                let mut rows = right(x);
                rows[row][column] += 1e-3;
                rows
            }
        };
        assert_eq!(worst(&check(&changed(1, 0))), Some(("y[1]", Some(0))));
        assert_eq!(worst(&check(&changed(0, 1))), Some(("y[0]", Some(1))));
        // A row too few or too many is wrong.
        assert_eq!(worst(&check(&|x| right(x)[..1].to_vec())), Some(("y[1]", Some(0))));
        let more = |x: &[f64]| [right(x), vec![vec![0.0; 3]]].concat();
        assert_ne!(check(&more).verdict, Verdict::Pass);
    }

    /// f = x0^2 x1 + sin(x2), whose gradient and Hessian are written out.
    fn gradient(x: &[f64]) -> Vec<f64> {
        vec![2.0 * x[0] * x[1], x[0] * x[0], x[2].cos()]
    }

    fn product(x: &[f64], v: &[f64]) -> Vec<f64> {
        vec![2.0 * x[1] * v[0] + 2.0 * x[0] * v[1], 2.0 * x[0] * v[0], -x[2].sin() * v[2]]
    }

    #[test]
    fn second_derivatives_are_held_against_differences_and_each_other() {
        let report = check_second_order(gradient, product, &X, &Options::default());
        let names: Vec<&str> = report.entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!((report.verdict, names), (Verdict::Pass, vec!["H u", "H v", "symmetry"]));
        let symmetry = &report.entries[2];
        assert!(symmetry.digits > 14.0 && symmetry.max_rel_error < 1e-14 && !symmetry.zero, "{symmetry:?}");
        assert!((symmetry.analytic - symmetry.numeric).abs() < 1e-12 && symmetry.analytic != 0.0, "{symmetry:?}");
        let wrong = |x: &[f64], v: &[f64]| {
            let mut h = product(x, v);
            h[1] += 1e-3 * v[0];
            h
        };
        let report = check_second_order(gradient, wrong, &X, &Options::default());
        assert!(report.entries.iter().all(|entry| entry.verdict == Verdict::Fail), "{report}");
        // Other seeds are other directions.
        let with = |seed| check_second_order(gradient, product, &X, &Options { seed, ..Options::default() }).entries;
        assert_ne!(with(0)[2].analytic, with(1)[2].analytic);
        assert_eq!(check_second_order(|_| vec![], |_, _| vec![], &[], &Options::default()).verdict, Verdict::Vacuous);
        let flat = check_second_order(|_| vec![1.0; 3], |_, _| vec![0.0; 3], &X, &Options::default());
        assert!(flat.entries.iter().all(|entry| entry.zero), "{flat}");
    }

    #[test]
    fn both_sides_of_a_hessian_agree_to_rounding() {
        // u H v and v H u are 4 + 0.5, or differ by `off`.
        let with = |off: f64| symmetry(&[2.0, 2.0], &[8.0, 1.0 + 2.0 * off], &[2.0, 0.25], &[0.5, 0.5]);
        let (exact, near, far) = (with(0.0), with(0.8e-8), with(1e-8));
        assert_eq!((exact.verdict, near.verdict, far.verdict), (Verdict::Pass, Verdict::Pass, Verdict::Fail));
        assert_eq!((exact.analytic, exact.numeric, exact.worst_index), (4.5, 4.5, Some(0)));
        assert!((near.digits - -(0.8e-8f64 / 9.0).log10()).abs() < 1e-6, "{near:?}");
        assert!((15.6..15.7).contains(&exact.digits) && (exact.tolerance - 9e-9).abs() < 1e-20, "{exact:?}");
        assert!((far.max_rel_error - 1e-8 / 9.0).abs() < 1e-15, "{far:?}");
        // Signs cancel in the sums, and not in what they may be off.
        let cancelling = symmetry(&[1.0, -1.0], &[1.0, -1.0 + 1e-9], &[1.0, 1.0], &[1.0, 1.0]);
        assert_eq!(cancelling.verdict, Verdict::Pass);
        assert_eq!(symmetry(&[f64::NAN], &[1.0], &[1.0], &[1.0]).verdict, Verdict::Fail);
    }
}
