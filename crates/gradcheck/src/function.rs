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
        digits: (-(off.max(f64::EPSILON * size) / size.max(f64::MIN_POSITIVE)).log10()).clamp(0.0, 16.0),
        zero: size == 0.0,
        ..base
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
