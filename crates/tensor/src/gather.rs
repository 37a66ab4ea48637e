//! Picking slices by index, adding them back, and indices as rows of zeros with a one.
#![allow(unsafe_code)]

use crate::mat::Accum;
use crate::shape::Shape;
use crate::view::{Num, View};
use crate::walk::Nest;

/// The position that `index` names on an axis of `size`, if it lies there.
///
/// Indices are checked where they enter a graph; a wrong one that still arrives here touches no memory.
#[inline]
fn position(index: i64, size: usize) -> Option<usize> {
    let place = usize::try_from(index).ok().filter(|&k| k < size);
    debug_assert!(place.is_some(), "index {index} on an axis of {size}");
    place
}

/// The axes before and after `axis`, as numbers of elements.
fn around(shape: &Shape, axis: usize) -> [usize; 2] {
    [shape.sizes()[..axis].iter().product(), shape.sizes()[axis + 1..].iter().product()]
}

fn for_each_index(index: View<'_, i64>, mut visit: impl FnMut(usize, i64)) {
    let (data, start) = index.parts();
    let mut k = 0;
    Nest::new(index.shape(), [index.strides()]).for_each([start as isize], |[at]| {
        visit(k, data[at as usize]);
        k += 1;
    });
}

/// Writes `x` with `axis` replaced by the axes of `index`: `out[a.., i.., b..] = x[a.., index[i..], b..]`, row-major.
///
/// # Panics
/// When `out` has another number of elements than that.
pub fn gather<T: Num>(x: View<'_, T>, axis: usize, index: View<'_, i64>, out: &mut [T]) {
    let (shape, strides) = (x.shape(), x.strides());
    let [before, after] = around(&shape, axis);
    let picks = index.shape().len();
    assert_eq!(out.len(), before * picks * after, "an output of {before} x {picks} x {after} elements");
    if out.is_empty() {
        return;
    }
    let axes = |range: std::ops::Range<usize>| range.map(|k| (shape.sizes()[k], [strides[k]]));
    let (outer, inner) = (Nest::of(axes(0..axis)), Nest::of(axes(axis + 1..shape.rank())));
    let (inner, len, [step]) = inner.split_inner();
    let (data, start) = x.parts();
    let data = data.as_ptr();
    let mut rows = out.chunks_exact_mut(picks * after);
    outer.for_each([start as isize], |[at]| {
        let Some(row) = rows.next() else { return };
        for_each_index(index, |k, picked| {
            let to = &mut row[k * after..][..after];
            let Some(place) = position(picked, shape.sizes()[axis]) else {
                to.fill(T::ZERO);
                return;
            };
            let mut runs = to.chunks_exact_mut(len);
            inner.for_each([at + place as isize * strides[axis]], |[from]| {
                let Some(run) = runs.next() else { return };
                // SAFETY: the nests and the checked place cover positions of the view, which vouches for them.
                unsafe {
                    if step == 1 {
                        run.copy_from_slice(std::slice::from_raw_parts(data.offset(from), len));
                    } else {
                        run.iter_mut().enumerate().for_each(|(j, y)| *y = *data.offset(from + j as isize * step));
                    }
                }
            });
        });
    });
}

/// Adds to row-major `out`, of shape `shape`, the slices of `grad` where [`gather`] would have picked them from:
/// `out[a.., index[i..], b..] += grad[a.., i.., b..]`, in the order of the indices; [`Accum::Replace`] starts from zeros.
///
/// `grad` is row-major.
///
/// # Panics
/// When a length does not fit the shapes.
pub fn scatter_add<T: Num>(out: &mut [T], shape: Shape, accum: Accum, axis: usize, index: View<'_, i64>, grad: &[T]) {
    let ([before, after], size) = (around(&shape, axis), shape.sizes()[axis]);
    let picks = index.shape().len();
    assert_eq!(out.len(), shape.len(), "an output of shape {shape}");
    assert_eq!(grad.len(), before * picks * after, "a gradient of {before} x {picks} x {after} elements");
    if accum == Accum::Replace {
        out.fill(T::ZERO);
    }
    if out.is_empty() || grad.is_empty() {
        return;
    }
    for (out, grad) in out.chunks_exact_mut(size * after).zip(grad.chunks_exact(picks * after)) {
        for_each_index(index, |k, picked| {
            if let Some(place) = position(picked, size) {
                let row = out[place * after..][..after].iter_mut();
                row.zip(&grad[k * after..][..after]).for_each(|(y, &g)| *y += g);
            }
        });
    }
}

/// Writes a row of `size` zeros with a one at the index, for each index in row-major order.
///
/// # Panics
/// When `out` has not `size` elements for each index.
pub fn one_hot<T: Num>(index: View<'_, i64>, size: usize, out: &mut [T]) {
    assert_eq!(out.len(), index.shape().len() * size, "an output of {} rows of {size}", index.shape().len());
    out.fill(T::ZERO);
    for_each_index(index, |k, picked| {
        if let Some(place) = position(picked, size) {
            out[k * size + place] = T::ONE;
        }
    });
}
