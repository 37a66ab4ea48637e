//! Windows slid over images.

use crate::operations::plain::{Plain, mean, most, sum};
use crate::operations::values::Case;

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

/// Images spread over larger ones by a weight `[channels, units, h, w]`, whose windows are `stride` apart; `pad` leaves each side.
fn spread(x: &Plain, w: &Plain, stride: usize, pad: usize) -> Plain {
    let side = |k: usize| (x.shape[k] - 1) * stride + w.shape[k] - 2 * pad;
    Plain::new(&[x.shape[0], w.shape[1], side(2), side(3)], |at| {
        // The place whose tap falls on this one, when there is any.
        let from = |k: usize, tap: usize| {
            (at[k] + pad).checked_sub(tap).filter(|far| far % stride == 0).map(|far| far / stride)
        };
        let taps = Plain::new(&[w.shape[0], w.shape[2], w.shape[3]], |tap| match (from(2, tap[1]), from(3, tap[2])) {
            (Some(i), Some(j)) => {
                x.near(&[at[0], tap[0], i, j].map(|k| k as i64), 0.0) * w.at(&[tap[0], at[1], tap[1], tap[2]])
            }
            _ => 0.0,
        });
        sum(&taps.data)
    })
}

/// Images under windows: M + 2 wide, so that a window fits.
pub(crate) const CASES: &[Case] = &[
    Case::new("AvgPool(x: a, kernel: 2, stride: 1)", &["N34W"], |x| windows(&x[0], mean)),
    Case::new("MaxPool(x: a, kernel: 2, stride: 1)", &["N34W"], |x| windows(&x[0], most)),
    Case::new("Conv1d(x: a, units: 3, kernel: 2)", &["N3W"], |x| {
        let [n, c, w] = x[0].shape[..] else { panic!() };
        let y = convolved(&x[0].reshaped(&[n, c, 1, w]), &x[1].reshaped(&[3, c, 1, 2]));
        biased(&y, &x[2]).reshaped(&[n, 3, w - 1])
    }),
    Case::new("Conv2d(x: a, units: 3, kernel: [3, 2])", &["N24W"], |x| biased(&convolved(&x[0], &x[1]), &x[2])),
    Case::new("ConvTranspose2d(x: a, units: 3, kernel: [3, 2], stride: 2, pad: 1)", &["N24W"], |x| {
        biased(&spread(&x[0], &x[1], 2, 1), &x[2])
    }),
    Case::new("Convolve(a, b, c)", &["N24W", "3222", "3"], |x| biased(&convolved(&x[0], &x[1]), &x[2])),
    Case::new("GlobalAvgPool(a)", &["N34W"], |x| x[0].reduce(&[2, 3], mean)),
    Case::new("GlobalMaxPool(a)", &["N34W"], |x| x[0].reduce(&[2, 3], most)),
    Case::new("Upsample(x: a, scale: 2)", &["N23M"], |x| {
        let [n, c, h, w] = x[0].shape[..] else { panic!() };
        Plain::new(&[n, c, 2 * h, 2 * w], |at| x[0].at(&[at[0], at[1], at[2] / 2, at[3] / 2]))
    }),
];
