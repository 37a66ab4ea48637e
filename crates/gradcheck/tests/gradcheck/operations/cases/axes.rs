//! Along axes and over them.

use crate::operations::plain::{Plain, dot, first, mean, most, sigmoid, sum, variance};
use crate::operations::values::Case;

/// Elements of nothing: what is refused then, or has no place to stand.
const NO_FIRST: Option<&str> = Some("there is no first element of none");

pub(crate) const CASES: &[Case] = &[
    Case::new("ArgMax(x: a, axes: [1])", &["NM"], |x| x[0].reduce(&[1], |v| first(v) as f64)).but(NO_FIRST),
    Case::new("ArgMin(x: a, axes: [0])", &["NM"], |x| x[0].map(|v| -v).reduce(&[0], |v| first(v) as f64)).but(NO_FIRST),
    Case::new("CumSum(x: a, axes: [1])", &["NM"], |x| x[0].rows(|v| (1..=v.len()).map(|k| sum(&v[..k])).collect())),
    Case::new("CumSum(x: a, axes: [-1], reverse: true)", &["NM"], |x| {
        x[0].rows(|v| (0..v.len()).map(|k| sum(&v[k..])).collect())
    }),
    Case::new("LogSumExp(x: a, axes: [1])", &["NM"], |x| {
        x[0].reduce(&[1], |v| v.iter().map(|x| x.exp()).sum::<f64>().ln())
    }),
    Case::new("LogSumExp(x: a, axes: [0])", &["NM"], |x| {
        x[0].reduce(&[0], |v| v.iter().map(|x| x.exp()).sum::<f64>().ln())
    }),
    Case::new("Max(x: a, axes: [0])", &["NM"], |x| x[0].reduce(&[0], most)),
    Case::new("Max(a)", &["NM"], |x| x[0].all(most)),
    Case::new("MaxMask(x: a, axes: [1])", &["NM"], |x| {
        x[0].rows(|v| (0..v.len()).map(|k| f64::from(k == first(v))).collect())
    }),
    Case::new("Mean(x: a, axes: [0])", &["NM"], |x| x[0].reduce(&[0], mean)),
    Case::new("Mean(x: a, axes: [1])", &["NM"], |x| x[0].reduce(&[1], mean)),
    Case::new("Min(x: a, axes: [1])", &["NM"], |x| {
        x[0].reduce(&[1], |v| -most(&v.iter().map(|x| -x).collect::<Vec<_>>()))
    }),
    Case::new("Norm(x: a, axes: [1])", &["NM"], |x| x[0].reduce(&[1], |v| dot(v, v).sqrt())),
    Case::new("Norm(x: a, axes: [0], p: 3)", &["NM"], |x| {
        x[0].reduce(&[0], |v| v.iter().map(|x| x.abs().powi(3)).sum::<f64>().cbrt())
    }),
    Case::new("Prod(x: a, axes: [0])", &["3M"], |x| x[0].reduce(&[0], |v| v.iter().product())),
    Case::new("ProdOthers(x: a, axes: [0])", &["3M"], |x| {
        Plain::new(&x[0].shape, |at| (0..3).filter(|&k| k != at[0]).map(|k| x[0].at(&[k, at[1]])).product())
    }),
    Case::new("Shift(x: a, axes: [1])", &["NM"], |x| x[0].reduce(&[1], most).reshaped(&[x[0].shape[0], 1])),
    Case::new("Std(x: a, axes: [1])", &["NM"], |x| x[0].reduce(&[1], |v| variance(v).sqrt())),
    Case::new("Sum(x: a, axes: [0])", &["NM"], |x| x[0].reduce(&[0], sum)),
    Case::new("Sum(x: a, axes: [1], keep: true)", &["NM"], |x| x[0].reduce(&[1], sum).reshaped(&[x[0].shape[0], 1])),
    Case::new("Sum(x: a, axes: [0, 2])", &["N3M"], |x| x[0].reduce(&[0, 2], sum)),
    Case::new("Var(x: a, axes: [0])", &["NM"], |x| x[0].reduce(&[0], variance)),
    Case::new("Count(sizes: [N, M])", &["NM"], |x| Plain::scalar(x[0].data.len() as f64)),
    Case::new("StopGradient(a)", &["NM"], |x| x[0].clone()),
    Case::new("Formula(\"x * sigmoid(z) - 1\", { x: a, z: b })", &["NM", "M"], |x| {
        Plain::new(&x[0].shape, |at| x[0].at(at) * sigmoid(x[1].at(&at[1..])) - 1.0)
    }),
    Case::new("Add(a, b, c)", &["NM", "M", "N1"], |x| {
        Plain::new(&x[0].shape, |at| x[0].at(at) + x[1].at(&at[1..]) + x[2].at(&[at[0], 0]))
    }),
    Case::new("Mul(a, b, c)", &["NM", "M", "N1"], |x| {
        Plain::new(&x[0].shape, |at| x[0].at(at) * x[1].at(&at[1..]) * x[2].at(&[at[0], 0]))
    }),
];
