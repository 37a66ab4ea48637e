//! Losses, which are means over elements or rows.

use crate::operations::plain::{Plain, dot, mean, softmax};
use crate::operations::values::Case;

/// The mean of `f` over the elements of two arrays.
fn pairs(x: &[Plain], f: impl Fn(f64, f64) -> f64) -> Plain {
    Plain::scalar(mean(&x[0].data.iter().zip(&x[1].data).map(|(a, b)| f(*a, *b)).collect::<Vec<_>>()))
}

/// The mean of `f` over the rows of two matrices.
fn rows(x: &[Plain], f: impl Fn(&[f64], &[f64]) -> f64) -> Plain {
    let row = |x: &Plain, n: usize| (0..x.shape[1]).map(|k| x.at(&[n, k])).collect::<Vec<_>>();
    Plain::scalar(mean(&(0..x[0].shape[0]).map(|n| f(&row(&x[0], n), &row(&x[1], n))).collect::<Vec<_>>()))
}

/// The mean of `f` over the rows of a matrix and their labels.
fn labelled(x: &[Plain], f: impl Fn(&[f64], usize) -> f64) -> Plain {
    let row = |n: usize| (0..x[0].shape[1]).map(|k| x[0].at(&[n, k])).collect::<Vec<_>>();
    Plain::scalar(mean(&(0..x[0].shape[0]).map(|n| f(&row(n), x[1].index(&[n]))).collect::<Vec<_>>()))
}

pub(crate) const CASES: &[Case] = &[
    Case::new("BinaryCrossEntropy(a, b)", &["?NM", "?NM"], |x| {
        pairs(x, |q, t| -(t * q.ln() + (1.0 - t) * (1.0 - q).ln()))
    }),
    Case::new("CosineSimilarity(a, b)", &["NM", "NM"], |x| {
        rows(x, |a, b| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(1e-8))
    }),
    Case::new("Hinge(a, b)", &["NM", "NM"], |x| pairs(x, |a, b| (1.0 - a * b).max(0.0))),
    Case::new("Huber(a, b)", &["NM", "NM"], |x| pairs(x, |a, b| huber(a - b))),
    Case::new("KlDivergence(a, b)", &["?NM", "?NM"], |x| {
        rows(x, |a, b| a.iter().zip(b).map(|(a, b)| a * (a / b).ln()).sum())
    }),
    Case::new("L1(a)", &["NM"], |x| x[0].map(f64::abs).all(mean)),
    Case::new("L2(a)", &["NM"], |x| x[0].map(|v| v * v).all(mean)),
    Case::new("Mae(a, b)", &["NM", "NM"], |x| pairs(x, |a, b| (a - b).abs())),
    Case::new("Mse(a, b)", &["NM", "NM"], |x| pairs(x, |a, b| (a - b).powi(2))),
    Case::new("NegativeLogLikelihood(a, b)", &["N4", "N<4"], |x| labelled(x, |v, label| -v[label])),
    Case::new("SigmoidCrossEntropy(a, b)", &["NM", "?NM"], |x| pairs(x, |s, t| s.exp().ln_1p() - t * s)),
    Case::new("SmoothL1(a, b)", &["NM", "NM"], |x| pairs(x, |a, b| huber(a - b))),
    Case::new("SoftmaxCrossEntropy(a, b)", &["N4", "N<4"], |x| labelled(x, |v, label| -softmax(v)[label].ln())),
    Case::new("SoftmaxCrossEntropy(scores: a, labels: b, smoothing: 0.25)", &["N4", "N<4"], |x| {
        labelled(x, |v, label| {
            let logs: Vec<f64> = softmax(v).into_iter().map(f64::ln).collect();
            -0.75 * logs[label] - 0.25 * mean(&logs)
        })
    }),
];

fn huber(d: f64) -> f64 {
    if d.abs() < 1.0 { 0.5 * d * d } else { d.abs() - 0.5 }
}
