//! Elements moved about.

use crate::operations::plain::Plain;
use crate::operations::values::Case;

pub(crate) const CASES: &[Case] = &[
    Case::new("Broadcast(x: a, shape: [3, N, M])", &["NM"], |x| {
        Plain::new(&[&[3], &x[0].shape[..]].concat(), |at| x[0].at(&at[1..]))
    }),
    Case::new("Concat(xs: [a, b], axis: 1)", &["NM", "N3"], |x| {
        let m = x[0].shape[1];
        Plain::new(&[x[0].shape[0], m + 3], |at| if at[1] < m { x[0].at(at) } else { x[1].at(&[at[0], at[1] - m]) })
    }),
    Case::new("Embedding(x: a, width: 5)", &["N<4"], |x| {
        Plain::new(&[x[0].shape[0], 5], |at| x[1].at(&[x[0].index(&at[..1]), at[1]]))
    }),
    Case::new("Flatten(a)", &["NM3"], |x| x[0].reshaped(&[x[0].shape[0], 3 * x[0].shape[1]])),
    Case::new("Flip(x: a, axes: [1])", &["NM"], |x| x[0].rows(|v| v.iter().rev().copied().collect())),
    Case::new("Gather(x: a, index: b, axis: 1)", &["N4", "M<4"], |x| {
        Plain::new(&[x[0].shape[0], x[1].shape[0]], |at| x[0].at(&[at[0], x[1].index(&at[1..])]))
    }),
    Case::new("OneHot(a)", &["N<4"], |x| {
        Plain::new(&[x[0].shape[0], 4], |at| f64::from(x[0].index(&at[..1]) == at[1]))
    }),
    Case::new("Pad(x: a, before: [0, 1], after: [2, 0], value: 9)", &["NM"], |x| {
        Plain::new(&[x[0].shape[0] + 2, x[0].shape[1] + 1], |at| x[0].near(&[at[0] as i64, at[1] as i64 - 1], 9.0))
    }),
    Case::new("Pick(a, b)", &["NM4", "NM<4"], |x| {
        Plain::new(&x[1].shape, |at| x[0].at(&[at[0], at[1], x[1].index(at)]))
    }),
    Case::new("Reshape(x: a, shape: [3, N, M])", &["NM3"], |x| x[0].reshaped(&[3, x[0].shape[0], x[0].shape[1]])),
    Case::new("Scatter(x: a, index: b)", &["NM", "N<4"], |x| {
        Plain::new(&[4, x[0].shape[1]], |at| {
            let here = (0..x[0].shape[0]).filter(|&n| x[1].index(&[n]) == at[0]);
            here.map(|n| x[0].at(&[n, at[1]])).sum()
        })
    }),
    Case::new("Slice(x: a, axis: 1, start: -1, step: -2)", &["N5M"], |x| {
        Plain::new(&[x[0].shape[0], 3, x[0].shape[2]], |at| x[0].at(&[at[0], 4 - 2 * at[1], at[2]]))
    }),
    Case::new("Squeeze(x: a, axes: [1])", &["N1M"], |x| x[0].reshaped(&[x[0].shape[0], x[0].shape[2]])),
    Case::new("Stack(xs: [a, b], axis: 1)", &["NM", "NM"], |x| {
        Plain::new(&[x[0].shape[0], 2, x[0].shape[1]], |at| x[at[1]].at(&[at[0], at[2]]))
    }),
    Case::new("Tile(x: a, repeats: [2, 3])", &["NM"], |x| {
        let [n, m] = x[0].shape[..] else { panic!() };
        Plain::new(&[2 * n, 3 * m], |at| x[0].at(&[at[0] % n, at[1] % m]))
    }),
    Case::new("Unslice(x: a, axis: 1, start: 1, step: 2, end: 6, size: 7)", &["N3M"], |x| {
        Plain::new(&[x[0].shape[0], 7, x[0].shape[2]], |at| match at[1] {
            1 | 3 | 5 => x[0].at(&[at[0], at[1] / 2, at[2]]),
            _ => 0.0,
        })
    }),
    Case::new("Unsqueeze(x: a, axes: [1])", &["NM"], |x| x[0].reshaped(&[x[0].shape[0], 1, x[0].shape[1]])),
];
