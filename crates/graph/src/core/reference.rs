//! Plain loops over strided views: the reference that the executor's fast kernels are held against.

use graphrun_tensor::{Num, View};

/// Calls `f` with every element in row-major order.
pub(crate) fn each<T: Num>(view: View<'_, T>, mut f: impl FnMut(&[usize], T)) {
    let shape = view.shape();
    let (data, start) = view.parts();
    let mut at = vec![0usize; shape.rank()];
    for _ in 0..shape.len() {
        let offset: isize = at.iter().zip(view.strides()).map(|(&i, s)| i as isize * s).sum();
        f(&at, data[(start as isize + offset) as usize]);
        for axis in (0..at.len()).rev() {
            at[axis] += 1;
            if at[axis] < shape.sizes()[axis] {
                break;
            }
            at[axis] = 0;
        }
    }
}

/// Copies a view into row-major memory.
pub(crate) fn copy<T: Num>(view: View<'_, T>, out: &mut [T]) {
    let mut slots = out.iter_mut();
    each(view, |_, x| {
        if let Some(slot) = slots.next() {
            *slot = x;
        }
    });
}
