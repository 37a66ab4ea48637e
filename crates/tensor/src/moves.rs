//! Copies between strided memories: transposes, slices, flips, broadcasts and concatenations are all this one copy.
#![allow(unsafe_code)]

use crate::shape::MAX_RANK;
use crate::view::{Element, StridedMut, View, ViewMut};
use crate::walk::Nest;

/// Copies `from`, of any strides, into row-major memory of the same shape.
///
/// # Panics
/// When the shapes differ.
pub fn copy<T: Element>(from: View<'_, T>, to: ViewMut<'_, T>) {
    copy_into(from, to.strided());
}

/// Copies `from` into `to`, both of any strides and of the same shape.
///
/// # Panics
/// When the shapes differ.
pub fn copy_into<T: Element>(from: View<'_, T>, to: StridedMut<'_, T>) {
    assert_eq!(from.shape(), to.shape(), "a copy between different shapes");
    if from.shape().is_empty() {
        return;
    }
    let (data, start) = from.parts();
    let source = data.as_ptr();
    let nest = Nest::new(from.shape(), [from.strides(), to.strides()]);
    let (target, first) = to.into_parts();
    let target = target.as_mut_ptr();
    let offsets = [start as isize, first as isize];
    let (outer, len, [s, t]) = nest.split_inner();
    // SAFETY: the views vouch that every position of the nest lies inside their memories, which do not overlap, since
    // one of them is borrowed mutably.
    match (s, t) {
        (1, 1) => outer.for_each(offsets, |[i, o]| unsafe {
            source.offset(i).copy_to_nonoverlapping(target.offset(o), len);
        }),
        (0, 1) => outer.for_each(offsets, |[i, o]| unsafe {
            std::slice::from_raw_parts_mut(target.offset(o), len).fill(*source.offset(i));
        }),
        (_, 1) => {
            let (outer, rows, [down, to_step]) = outer.split_inner();
            outer.for_each(offsets, |[i, o]| unsafe {
                transposing(source.offset(i), [rows, len], [down, s], target.offset(o), to_step);
            });
        }
        _ => outer.for_each(offsets, |[i, o]| unsafe {
            for k in 0..len as isize {
                *target.offset(o + k * t) = *source.offset(i + k * s);
            }
        }),
    }
}

/// Copies `rows` rows of `cols` elements, a column apart from the next by `across`, to contiguous rows `to_step` apart,
/// square by square, so that both sides touch few cache lines at a time.
///
/// # Safety
/// Both matrices lie in valid memory and do not overlap.
unsafe fn transposing<T: Element>(
    from: *const T,
    [rows, cols]: [usize; 2],
    [down, across]: [isize; 2],
    to: *mut T,
    to_step: isize,
) {
    if down == 1 && to_step > 0 {
        // SAFETY: passed on; contiguous columns of the source are the contiguous rows that `transpose` reads.
        unsafe { T::transpose([cols, rows], from, across, to, to_step as usize) };
        return;
    }
    const SIDE: usize = 16;
    for top in (0..rows).step_by(SIDE) {
        for left in (0..cols).step_by(SIDE) {
            for i in top..rows.min(top + SIDE) {
                for j in left..cols.min(left + SIDE) {
                    let (i, j) = (i as isize, j as isize);
                    // SAFETY: `i` and `j` stay inside the matrices.
                    unsafe { *to.offset(i * to_step + j) = *from.offset(i * down + j * across) };
                }
            }
        }
    }
}

/// Repeats `from` side by side `repeats[axis]` times along each axis.
///
/// # Panics
/// When a size of `to` is not that of `from` times the repeats.
pub fn tile<T: Element>(from: View<'_, T>, repeats: &[usize], to: ViewMut<'_, T>) {
    let rank = from.shape().rank();
    assert!(repeats.len() == rank && to.shape.rank() == rank, "a tiling of {} with {repeats:?} repeats", from.shape());
    let mut whole = to.strided();
    let mut place = [0; MAX_RANK];
    if repeats.contains(&0) {
        return;
    }
    loop {
        let mut part = whole.reborrow();
        for (axis, &k) in place[..rank].iter().enumerate() {
            let size = from.shape().sizes()[axis];
            part = part.sliced(axis, k * size, size, 1);
        }
        copy_into(from, part);
        let Some(axis) = (0..rank).rev().find(|&axis| place[axis] + 1 < repeats[axis]) else { return };
        place[axis] += 1;
        place[axis + 1..rank].fill(0);
    }
}

/// The elements in row-major order: in place where they lie so, otherwise copied to `scratch`.
///
/// # Panics
/// When a copy is needed and `scratch` is shorter than the view.
pub fn dense<'a, T: Element>(view: View<'a, T>, scratch: &'a mut [T]) -> &'a [T] {
    if let Some(slice) = view.as_slice() {
        return slice;
    }
    let to = &mut scratch[..view.shape().len()];
    copy(view, ViewMut::new(to, view.shape()));
    to
}
