//! Products of larger matrices: blocks for the caches, panels for the registers.
//!
//! The scheme is that of Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34(3), 2008.
//! An element is the sum over blocks of [`DEPTH`] steps, in order, of sums in order: its bits depend on the sizes alone.
#![allow(unsafe_code)]

use crate::mat::{Accum, Mat, MatMut};
use crate::micro::Tile;
use crate::pack::{DEPTH, PackedB, pack_a, pack_panels, tiles};
use crate::simd::Lanes;

/// The columns of the right factor that are packed at a time.
const WIDTH: usize = 1024;

/// The distance in bytes at which memory falls into the same set of the nearest cache.
const PAGE: usize = 4096;

/// Rows above which a right factor is worth packing.
const FEW_ROWS: usize = 24;

/// The rows of the left factor that stay in the second cache together with a panel.
fn height<T>() -> usize {
    192 * 1024 / (DEPTH * size_of::<T>())
}

/// The elements of scratch for packing `rows` of the left factor, as [`gemm_packed`] wants.
pub(crate) fn left_scratch<T: Lanes>(rows: usize, depth: usize) -> usize {
    rows.min(height::<T>()) * depth.min(DEPTH)
}

/// The elements of scratch that [`gemm`] wants.
pub(crate) fn gemm_scratch<T: Lanes>(rows: usize, cols: usize, depth: usize) -> usize {
    left_scratch::<T>(rows, depth) + depth.min(DEPTH) * cols.min(WIDTH).next_multiple_of(T::loops().width)
}

/// Where a block finds its right factor.
#[derive(Clone, Copy)]
enum Right<'a, T> {
    /// Panels of zero-filled width.
    Packed(&'a [T]),
    /// Contiguous rows in place; the last panel, if it is not full, packed.
    Direct(Mat<'a, T>, &'a [T]),
}

/// `out = alpha a b` or `out += alpha a b` for factors of any strides.
pub(crate) fn gemm<T: Lanes>(
    mut out: MatMut<'_, T>,
    accum: Accum,
    alpha: T,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
    scratch: &mut [T],
) {
    let (rows, depth, loops) = (a.rows(), a.cols(), T::loops());
    let direct = rows <= FEW_ROWS && b.col_stride() == 1;
    for j in (0..b.cols()).step_by(WIDTH) {
        let cols = WIDTH.min(b.cols() - j);
        for p in (0..depth).step_by(DEPTH) {
            let steps = DEPTH.min(depth - p);
            let (packed, left) = scratch.split_at_mut(steps * cols.next_multiple_of(loops.width));
            let part = b.block([p, j], [steps, cols]);
            let right = if direct {
                let whole = cols - cols % loops.width;
                pack_panels(part.block([0, whole], [steps, cols - whole]), packed);
                Right::Direct(part, packed)
            } else {
                pack_panels(part, packed);
                Right::Packed(packed)
            };
            let add = accum == Accum::Add || p > 0;
            block(out.block([0, j], [rows, cols]), add, alpha, a.block([0, p], [rows, steps]), right, left);
        }
    }
}

/// [`gemm`] with a right factor packed beforehand.
pub(crate) fn gemm_packed<T: Lanes>(
    mut out: MatMut<'_, T>,
    accum: Accum,
    alpha: T,
    a: Mat<'_, T>,
    b: PackedB<'_, T>,
    scratch: &mut [T],
) {
    let (rows, depth) = (a.rows(), a.cols());
    for p in (0..depth).step_by(DEPTH) {
        let steps = DEPTH.min(depth - p);
        let add = accum == Accum::Add || p > 0;
        let right = Right::Packed(b.panels(p, steps));
        block(out.block([0, 0], [rows, b.cols()]), add, alpha, a.block([0, p], [rows, steps]), right, scratch);
    }
}

/// The product of at most [`DEPTH`] columns of the left factor with as many rows of the right.
fn block<T: Lanes>(mut out: MatMut<'_, T>, add: bool, alpha: T, a: Mat<'_, T>, right: Right<'_, T>, scratch: &mut [T]) {
    let (depth, cols, c_row, loops) = (a.cols(), out.cols(), out.row_stride(), T::loops());
    for top in (0..a.rows()).step_by(height::<T>()) {
        let rows = height::<T>().min(a.rows() - top);
        let part = a.block([top, 0], [rows, depth]);
        // Rows a page apart would fight for the same lines of the nearest cache.
        let in_place = part.col_stride() == 1
            && (cols <= 2 * loops.width || !(part.row_stride() as usize * size_of::<T>()).is_multiple_of(PAGE));
        if !in_place {
            pack_a(part, scratch);
        }
        for j in (0..cols).step_by(loops.width) {
            let width = loops.width.min(cols - j);
            let (b, b_step) = match right {
                Right::Direct(b, _) if width == loops.width => (b.as_ptr().wrapping_add(j), b.row_stride()),
                Right::Direct(_, tail) => (tail.as_ptr(), loops.width as isize),
                Right::Packed(panels) => (panels[j * depth..].as_ptr(), loops.width as isize),
            };
            for (i, height) in tiles(rows) {
                let (a, a_row, a_step) = if in_place {
                    (part.as_ptr().wrapping_offset(i as isize * part.row_stride()), part.row_stride(), 1)
                } else {
                    (scratch[i * depth..].as_ptr(), 1, height as isize)
                };
                let c = out.as_mut_ptr().wrapping_add((top + i) * c_row + j);
                let tile = Tile { a, a_row, a_step, b, b_step, depth, c, c_row, rows: height, cols: width, alpha, add };
                // SAFETY: the tile lies inside `out`, whose rows do not overlap, and inside both factors, packed or
                // in place; `loops` was chosen for this processor.
                unsafe { (loops.tile)(&tile) }
            }
        }
    }
}
