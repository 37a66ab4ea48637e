//! Activations that know more than one element, or have parameters.

use crate::operations::plain::{Plain, sigmoid, softmax};
use crate::operations::values::Case;

use super::algebra::product;

pub(crate) const CASES: &[Case] = &[
    Case::new("Apl(x: a, pieces: 2)", &["NM"], |x| {
        let [x, a, b] = x else { panic!() };
        Plain::new(&x.shape, |at| {
            let hinge = |s| a.at(&[s, at[1]]) * (b.at(&[s, at[1]]) - x.at(at)).max(0.0);
            x.at(at).max(0.0) + hinge(0) + hinge(1)
        })
    }),
    Case::new("Glu(a)", &["N6"], |x| x[0].rows(|v| (0..3).map(|k| v[k] * sigmoid(v[k + 3])).collect())),
    Case::new("Glu(x: a, axis: 1)", &["N6M"], |x| {
        Plain::new(&[x[0].shape[0], 3, x[0].shape[2]], |at| x[0].at(at) * sigmoid(x[0].at(&[at[0], at[1] + 3, at[2]])))
    }),
    Case::new("LogSoftmax(a)", &["NM"], |x| x[0].rows(|v| softmax(v).into_iter().map(f64::ln).collect())),
    Case::new("Maxout(x: a, units: 3, pieces: 2)", &["NM"], |x| {
        let sums = product(&x[0], &x[1].reversed());
        let piece = |at: &[usize], k| sums.at(&[at[0], 2 * at[1] + k]) + x[2].at(&[2 * at[1] + k]);
        Plain::new(&[x[0].shape[0], 3], |at| piece(at, 0).max(piece(at, 1)))
    }),
    Case::new("PRelu(a)", &["NM"], |x| {
        Plain::new(&x[0].shape, |at| {
            let v = x[0].at(at);
            if v > 0.0 { v } else { x[1].at(&at[1..]) * v }
        })
    }),
    Case::new("RRelu(x: a, low: 0.25, high: 0.75)", &["NM"], |x| x[0].map(|v| if v > 0.0 { v } else { 0.5 * v })),
    Case::new("Softmax(a)", &["NM"], |x| x[0].rows(softmax)),
    Case::new("Softmax(x: a, axis: 0)", &["NM"], |x| x[0].reversed().rows(softmax).reversed()),
    Case::new("Dropout(x: a, p: 0.5)", &["NM"], |x| x[0].clone()),
    Case::new("GaussianNoise(a)", &["NM"], |x| x[0].clone()),
];
