//! Sums of products.

use crate::operations::plain::{Plain, dot};
use crate::operations::values::Case;

pub(crate) const CASES: &[Case] = &[
    Case::new("Bilinear(a: a, b: b, units: 3)", &["NM", "N4"], |x| {
        let [a, b, w, c] = x else { panic!() };
        Plain::new(&[a.shape[0], 3], |at| {
            let row = |i: usize| (0..4).map(|j| w.at(&[at[1], i, j]) * b.at(&[at[0], j])).sum::<f64>();
            c.at(&[at[1]]) + (0..a.shape[1]).map(|i| a.at(&[at[0], i]) * row(i)).sum::<f64>()
        })
    }),
    Case::new("Dot(a, b)", &["NM", "M"], |x| x[0].reduce(&[1], |v| dot(v, &x[1].data))),
    Case::new("Einsum(xs: [a, b], spec: \"nd,cd->nc\")", &["NM", "5M"], |x| product(&x[0], &x[1].reversed())),
    Case::new("Linear(x: a, units: 5)", &["NM"], |x| {
        let sums = product(&x[0], &x[1].reversed());
        Plain::new(&sums.shape, |at| sums.at(at) + x[2].at(&[at[1]]))
    }),
    Case::new("MatMul(a, b)", &["NM", "M7"], |x| product(&x[0], &x[1])),
    Case::new("MatMul(a: a, b: b, transpose_a: true, transpose_b: true)", &["MN", "7M"], |x| {
        product(&x[0].reversed(), &x[1].reversed())
    }),
    Case::new("Outer(a, b)", &["N", "M"], |x| {
        Plain::new(&[x[0].shape[0], x[1].shape[0]], |at| x[0].at(&at[..1]) * x[1].at(&at[1..]))
    }),
    Case::new("Trace(a)", &["NMM"], |x| {
        Plain::new(&x[0].shape[..1], |at| (0..x[0].shape[1]).map(|k| x[0].at(&[at[0], k, k])).sum())
    }),
    Case::new("Transpose(x: a, axes: [1, 0, 2])", &["NM3"], |x| {
        Plain::new(&[x[0].shape[1], x[0].shape[0], 3], |at| x[0].at(&[at[1], at[0], at[2]]))
    }),
];

/// The product of two matrices.
pub(crate) fn product(a: &Plain, b: &Plain) -> Plain {
    let inner = 0..a.shape[1];
    Plain::new(&[a.shape[0], b.shape[1]], |at| inner.clone().map(|k| a.at(&[at[0], k]) * b.at(&[k, at[1]])).sum())
}
