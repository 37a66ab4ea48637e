//! A call of every operation that is not one expression by element, with its value in plain loops.

use super::plain::{Plain, dot, first, mean, most, sigmoid, softmax, sum, variance};
use super::values::Case;

/// Elements of nothing: what is refused then, or has no place to stand.
const NO_FIRST: Option<&str> = Some("there is no first element of none");

/// Along axes and over them.
pub(crate) const AXES: &[Case] = &[
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

/// Sums of products.
pub(crate) const ALGEBRA: &[Case] = &[
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

/// Of matrices.
fn product(a: &Plain, b: &Plain) -> Plain {
    let inner = 0..a.shape[1];
    Plain::new(&[a.shape[0], b.shape[1]], |at| inner.clone().map(|k| a.at(&[at[0], k]) * b.at(&[k, at[1]])).sum())
}

/// Elements moved about.
pub(crate) const SHAPE: &[Case] = &[
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

/// Activations that know more than one element, or have parameters.
pub(crate) const ACTIVATIONS: &[Case] = &[
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

pub(crate) const LOSSES: &[Case] = &[
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

/// A window of 2 x 2 at each place of images, as `f` sums it up.
fn windows(x: &Plain, f: impl Fn(&[f64]) -> f64) -> Plain {
    Plain::new(&[x.shape[0], x.shape[1], x.shape[2] - 1, x.shape[3] - 1], |at| {
        let [n, c, i, j] = at[..] else { panic!() };
        f(&[(0, 0), (0, 1), (1, 0), (1, 1)].map(|(u, v)| x.at(&[n, c, i + u, j + v])))
    })
}

/// A convolution of images, of stride 1 and without padding.
fn convolved(x: &Plain, w: &Plain) -> Plain {
    let side = |k: usize| x.shape[k] + 1 - w.shape[k];
    Plain::new(&[x.shape[0], w.shape[0], side(2), side(3)], |at| {
        let taps = Plain::new(&w.shape[1..], |tap| {
            x.at(&[at[0], tap[0], at[2] + tap[1], at[3] + tap[2]]) * w.at(&[at[1], tap[0], tap[1], tap[2]])
        });
        sum(&taps.data)
    })
}

/// `y` with a bias for each channel.
fn biased(y: &Plain, bias: &Plain) -> Plain {
    Plain::new(&y.shape, |at| y.at(at) + bias.at(&at[1..2]))
}

/// Images under windows: M + 2 wide, so that a window fits.
pub(crate) const WINDOWS: &[Case] = &[
    Case::new("AvgPool(x: a, kernel: 2, stride: 1)", &["N34W"], |x| windows(&x[0], mean)),
    Case::new("MaxPool(x: a, kernel: 2, stride: 1)", &["N34W"], |x| windows(&x[0], most)),
    Case::new("Conv1d(x: a, units: 3, kernel: 2)", &["N3W"], |x| {
        let [n, c, w] = x[0].shape[..] else { panic!() };
        let y = convolved(&x[0].reshaped(&[n, c, 1, w]), &x[1].reshaped(&[3, c, 1, 2]));
        biased(&y, &x[2]).reshaped(&[n, 3, w - 1])
    }),
    Case::new("Conv2d(x: a, units: 3, kernel: [3, 2])", &["N24W"], |x| biased(&convolved(&x[0], &x[1]), &x[2])),
    Case::new("Convolve(a, b, c)", &["N24W", "3222", "3"], |x| biased(&convolved(&x[0], &x[1]), &x[2])),
    Case::new("GlobalAvgPool(a)", &["N34W"], |x| x[0].reduce(&[2, 3], mean)),
    Case::new("GlobalMaxPool(a)", &["N34W"], |x| x[0].reduce(&[2, 3], most)),
    Case::new("Upsample(x: a, scale: 2)", &["N23M"], |x| {
        let [n, c, h, w] = x[0].shape[..] else { panic!() };
        Plain::new(&[n, c, 2 * h, 2 * w], |at| x[0].at(&[at[0], at[1], at[2] / 2, at[3] / 2]))
    }),
];

/// The standard score of a row.
fn standard(v: &[f64]) -> Vec<f64> {
    v.iter().map(|x| (x - mean(v)) / (variance(v) + 1e-5).sqrt()).collect()
}

/// Normalisation; weights are drawn like everything else.
pub(crate) const NORMS: &[Case] = &[
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

/// Sequences of three vectors.
pub(crate) const SEQUENCES: &[Case] = &[
    Case::new("Rnn(x: a, units: 5)", &["N3M"], |x| {
        let [x, w, r, b] = x else { panic!() };
        let mut h = Plain::new(&[x.shape[0], 3, 5], |_| 0.0);
        for t in 0..3 {
            let step = Plain::new(&[x.shape[0], 5], |at| {
                let fed: f64 = (0..x.shape[2]).map(|k| w.at(&[at[1], k]) * x.at(&[at[0], t, k])).sum();
                let back = |k| if t == 0 { 0.0 } else { r.at(&[at[1], k]) * h.at(&[at[0], t - 1, k]) };
                (fed + (0..5).map(back).sum::<f64>() + b.at(&at[1..])).tanh()
            });
            h = Plain::new(&h.shape, |at| if at[1] == t { step.at(&[at[0], at[2]]) } else { h.at(at) });
        }
        h
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
