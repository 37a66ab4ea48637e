//! Normalisation.

use crate::operations::plain::{Plain, dot, mean, variance};
use crate::operations::values::Case;

/// The standard score of a row.
fn standard(v: &[f64]) -> Vec<f64> {
    v.iter().map(|x| (x - mean(v)) / (variance(v) + 1e-5).sqrt()).collect()
}

/// Normalisation; weights are drawn like everything else.
pub(crate) const CASES: &[Case] = &[
    Case::new("BatchNorm(a)", &["NM"], |x| {
        let [x, mean, variance, weight, bias] = x else { panic!() };
        Plain::new(&x.shape, |at| {
            let of = |parameter: &Plain| parameter.at(&at[1..]);
            (x.at(at) - of(mean)) / (of(variance) + 1e-5).sqrt() * of(weight) + of(bias)
        })
    }),
    Case::new("BatchNorm(x: a, axis: -1, epsilon: 0.5)", &["N3M"], |x| {
        let [x, mean, variance, weight, bias] = x else { panic!() };
        Plain::new(&x.shape, |at| {
            let of = |parameter: &Plain| parameter.at(&at[2..]);
            (x.at(at) - of(mean)) / (of(variance) + 0.5).sqrt() * of(weight) + of(bias)
        })
    }),
    Case::new("LayerNorm(a)", &["NM"], |x| {
        let y = x[0].rows(standard);
        Plain::new(&y.shape, |at| y.at(at) * x[1].at(&at[1..]) + x[2].at(&at[1..]))
    }),
    Case::new("RmsNorm(a)", &["NM"], |x| {
        let y = x[0].rows(|v| v.iter().map(|x| x / (dot(v, v) / v.len() as f64 + 1e-5).sqrt()).collect());
        Plain::new(&y.shape, |at| y.at(at) * x[1].at(&at[1..]))
    }),
    Case::new("InstanceNorm(a)", &["N3M"], |x| {
        let y = x[0].rows(standard);
        Plain::new(&y.shape, |at| y.at(at) * x[1].at(&at[1..2]) + x[2].at(&at[1..2]))
    }),
    Case::new("GroupNorm(x: a, groups: 2)", &["N4M"], |x| {
        let [n, c, m] = x[0].shape[..] else { panic!() };
        let y = x[0].reshaped(&[n, 2, c / 2 * m]).rows(standard).reshaped(&[n, c, m]);
        Plain::new(&y.shape, |at| y.at(at) * x[1].at(&at[1..2]) + x[2].at(&at[1..2]))
    }),
];
