//! Sequences of three vectors.

use crate::operations::plain::{Plain, sigmoid, softmax};
use crate::operations::values::Case;

/// A matrix times a vector.
fn times(w: &Plain, v: &[f64]) -> Vec<f64> {
    (0..w.shape[0]).map(|k| v.iter().enumerate().map(|(j, v)| w.at(&[k, j]) * v).sum()).collect()
}

/// The first five numbers of a state of `width` numbers after each of three steps, which `step` makes of an input and the
/// state before.
fn unrolled(x: &Plain, width: usize, step: impl Fn(&[f64], &mut [f64])) -> Plain {
    let mut data = Vec::new();
    for n in 0..x.shape[0] {
        let mut state = vec![0.0; width];
        for t in 0..3 {
            let fed: Vec<f64> = (0..x.shape[2]).map(|k| x.at(&[n, t, k])).collect();
            step(&fed, &mut state);
            data.extend_from_slice(&state[..5]);
        }
    }
    Plain { shape: vec![x.shape[0], 3, 5], data }
}

pub(crate) const CASES: &[Case] = &[
    Case::new("Rnn(x: a, units: 5)", &["N3M"], |x| {
        let [x, w, r, b] = x else { panic!() };
        unrolled(x, 5, |fed, h| {
            let (fed, back) = (times(w, fed), times(r, h));
            (0..5).for_each(|k| h[k] = (fed[k] + back[k] + b.data[k]).tanh());
        })
    }),
    Case::new("Gru(x: a, units: 5)", &["N3M"], |x| {
        let [x, w, r, b, c] = x else { panic!() };
        unrolled(x, 5, |fed, h| {
            let (fed, back) = (times(w, fed), times(r, h));
            let (fed, back) = (|k: usize| fed[k] + b.data[k], |k: usize| back[k] + c.data[k]);
            for (k, h) in h.iter_mut().enumerate() {
                let (reset, keep) = (sigmoid(fed(k) + back(k)), sigmoid(fed(5 + k) + back(5 + k)));
                *h = (1.0 - keep) * (fed(10 + k) + reset * back(10 + k)).tanh() + keep * *h;
            }
        })
    }),
    Case::new("Lstm(x: a, units: 5)", &["N3M"], |x| {
        let [x, w, r, b] = x else { panic!() };
        // The output, then the cell.
        unrolled(x, 10, |fed, state| {
            let (fed, back) = (times(w, fed), times(r, &state[..5]));
            let gate = |k: usize| fed[k] + back[k] + b.data[k];
            for k in 0..5 {
                state[5 + k] = sigmoid(gate(5 + k)) * state[5 + k] + sigmoid(gate(k)) * gate(10 + k).tanh();
                state[k] = sigmoid(gate(15 + k)) * state[5 + k].tanh();
            }
        })
    }),
    Case::new("PositionalEncoding(a)", &["N3M"], |x| {
        Plain::new(&x[0].shape, |at| {
            let angle = at[1] as f64 * 1e4f64.powf(-2.0 * (at[2] / 2) as f64 / x[0].shape[2] as f64);
            x[0].at(at) + if at[2] % 2 == 0 { angle.sin() } else { angle.cos() }
        })
    }),
    Case::new("Attention(a, b, c)", &["NM4", "N34", "N35"], |x| {
        let [q, k, v] = x else { panic!() };
        Plain::new(&[q.shape[0], q.shape[1], 5], |at| {
            let score = |s: usize| (0..4).map(|d| q.at(&[at[0], at[1], d]) * k.at(&[at[0], s, d])).sum::<f64>() / 2.0;
            let share = softmax(&[score(0), score(1), score(2)]);
            (0..3).map(|s| share[s] * v.at(&[at[0], s, at[2]])).sum()
        })
    }),
];
