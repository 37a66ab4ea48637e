//! Running sums along an axis.
#![allow(unsafe_code)]

use crate::reduce::Running;
use crate::view::{Num, View};
use crate::walk::Nest;

/// Writes to `out`, row-major, the sums of the elements up to and including each position along `axis`; from the
/// other end when `reverse`.
///
/// # Panics
/// When `out` has not the view's number of elements.
pub fn cumsum<T: Num>(x: View<'_, T>, axis: usize, reverse: bool, out: &mut [T]) {
    let (sizes, strides, dense) = (x.shape(), x.strides(), x.shape().strides());
    assert_eq!(out.len(), sizes.len(), "an output for {sizes}");
    let (len, step, out_step) = (sizes.sizes()[axis], strides[axis], dense[axis]);
    let others = (0..sizes.rank()).filter(|&k| k != axis);
    let nest = Nest::of(others.map(|k| (sizes.sizes()[k], [strides[k], dense[k]])));
    let (data, start) = x.parts();
    nest.for_each([start as isize, 0], |[at, to]| {
        let mut acc = T::Summed::START;
        for k in 0..len {
            let k = if reverse { len - 1 - k } else { k } as isize;
            // SAFETY: the nest and `k < len` cover the positions of the view and of the row-major output.
            acc = acc.with(unsafe { *data.as_ptr().offset(at + k * step) });
            out[(to + k * out_step) as usize] = acc.end();
        }
    });
}
