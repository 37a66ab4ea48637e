//! Where the greatest or least element of an axis stands.
#![allow(unsafe_code)]

use crate::view::{Num, View};
use crate::walk::Nest;

/// Writes to `out`, the remaining axes in row-major order, the position of the greatest element along `axis`.
///
/// The first of equals wins, and the first NaN wins over all. An axis without elements gives 0.
///
/// # Panics
/// When `out` has not one element for each position of the remaining axes.
pub fn argmax<T: Num>(x: View<'_, T>, axis: usize, out: &mut [i64]) {
    first_of(x, axis, out, |x, best| x > best);
}

/// [`argmax`] for the least element.
///
/// # Panics
/// As [`argmax`].
pub fn argmin<T: Num>(x: View<'_, T>, axis: usize, out: &mut [i64]) {
    first_of(x, axis, out, |x, best| x < best);
}

#[inline(always)]
fn first_of<T: Num>(x: View<'_, T>, axis: usize, out: &mut [i64], beats: impl Fn(T, T) -> bool) {
    let (sizes, strides) = (x.shape(), x.strides());
    let (len, step) = (sizes.sizes()[axis], strides[axis]);
    let kept = (0..sizes.rank()).filter(|&k| k != axis);
    let nest = Nest::of(kept.map(|k| (sizes.sizes()[k], [strides[k]])));
    assert_eq!(out.len(), nest.len(), "an output for the kept axes");
    if len == 0 {
        out.fill(0);
        return;
    }
    let (data, start) = x.parts();
    let mut places = out.iter_mut();
    nest.for_each([start as isize], |[at]| {
        // SAFETY: the nest and `k < len` cover the positions of the view, which vouches for them.
        let element = |k: usize| unsafe { *data.as_ptr().offset(at + k as isize * step) };
        let mut best = (0, element(0));
        for k in 1..len {
            let x = element(k);
            let nan_wins = x.partial_cmp(&x).is_none() && best.1.partial_cmp(&best.1).is_some();
            if beats(x, best.1) || nan_wins {
                best = (k, x);
            }
        }
        if let Some(place) = places.next() {
            *place = best.0 as i64;
        }
    });
}
