//! Products of larger matrices: blocks for the caches, panels for the registers.
//!
//! The scheme is that of Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34(3), 2008.
//! An element is the sum over blocks of [`DEPTH`] steps, in order, of sums in order: its bits depend on the sizes alone.
#![allow(unsafe_code)]

use crate::mat::{Accum, Mat, MatMut};
use crate::micro::Tile;
use crate::pack::{DEPTH, pack_a, pack_panels, packed_len, tiles};
use crate::simd::Lanes;

/// The bytes of the right factor that are packed at a time: about half of the second cache.
const RIGHT_BYTES: usize = 512 * 1024;

/// The bytes of the left factor that stay in the second cache beside it.
const LEFT_BYTES: usize = 192 * 1024;

/// The rows of the left factor that are packed at a time.
const GROUP_ROWS: usize = 1024;

/// The distance in bytes at which memory falls into the same set of the nearest cache.
const PAGE: usize = 4096;

/// Rows above which a right factor is worth packing, and those where its own rows fight for the nearest cache.
const FEW_ROWS: usize = 200;
const FEWER_ROWS: usize = 24;

/// The rows of the left factor that are multiplied at a time.
fn block_rows<T>() -> usize {
    LEFT_BYTES / (DEPTH * size_of::<T>())
}

/// The columns of the right factor that are packed at a time, for sums of that length.
fn block_cols<T>(depth: usize) -> usize {
    RIGHT_BYTES / (depth.clamp(64, DEPTH) * size_of::<T>())
}

/// The elements of scratch that [`gemm`] wants.
pub(crate) fn gemm_scratch<T: Lanes>(rows: usize, cols: usize, depth: usize) -> usize {
    let of = |rows: usize, cols: usize| {
        let steps = depth.min(DEPTH);
        rows.min(GROUP_ROWS) * steps + packed_len::<T>(steps, cols.min(block_cols::<T>(depth)))
    };
    of(rows, cols).max(of(cols, rows))
}

/// Where a block finds its left factor.
#[derive(Clone, Copy)]
enum Left<'a, T> {
    /// Tiles one after another, each column by column.
    Packed(&'a [T]),
    /// Contiguous rows where they are.
    InPlace,
}

/// Where a block finds its right factor.
#[derive(Clone, Copy)]
enum Right<'a, T> {
    /// Panels of zero-filled width.
    Packed(&'a [T]),
    /// Contiguous rows in place; the last panel, if it is not full, packed.
    Direct(Mat<'a, T>, &'a [T]),
}

/// Where a product goes: element `(i, j)` is at `place + i * row + j * col`, and one of the steps is 1.
#[derive(Clone, Copy)]
struct Target<T> {
    place: *mut T,
    row: usize,
    col: usize,
    alpha: T,
}

impl<T: Copy> Target<T> {
    /// The part that begins at row `i` and column `j`.
    fn at(self, i: usize, j: usize) -> Target<T> {
        Target { place: self.place.wrapping_add(i * self.row + j * self.col), ..self }
    }
}

/// `out = alpha a b` or `out += alpha a b` for factors of any strides.
///
/// A left factor with contiguous rows is read in place and a right one is packed, so that the transposed product is the
/// better one where it packs less. An element is the same sum either way.
pub(crate) fn gemm<T: Lanes>(
    mut out: MatMut<'_, T>,
    accum: Accum,
    alpha: T,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
    scratch: &mut [T],
) {
    let target = Target { place: out.as_mut_ptr(), row: out.row_stride(), col: 1, alpha };
    if packing(a, b) > packing(b.t(), a.t()) + a.rows() * b.cols() / 4 {
        multiply(Target { row: 1, col: target.row, ..target }, accum, b.t(), a.t(), scratch);
    } else {
        multiply(target, accum, a, b, scratch);
    }
}

/// Whether tiles read a left factor where it lies.
fn in_place<T: Lanes>(a: Mat<'_, T>, cols: usize, width: usize) -> bool {
    a.col_stride() == 1 && (cols <= 2 * width || apart(a))
}

/// Whether tiles read a right factor where it lies.
fn direct<T: Lanes>(rows: usize, b: Mat<'_, T>) -> bool {
    b.col_stride() == 1 && rows <= if apart(b) { FEW_ROWS } else { FEWER_ROWS }
}

/// Whether rows fall into different lines of the nearest cache: rows a page apart fight for the same ones.
fn apart<T: Lanes>(m: Mat<'_, T>) -> bool {
    !(m.row_stride().unsigned_abs() * size_of::<T>()).is_multiple_of(PAGE)
}

/// The elements that are packed for a product.
fn packing<T: Lanes>(a: Mat<'_, T>, b: Mat<'_, T>) -> usize {
    let left = if in_place(a, b.cols(), T::loops().width) { 0 } else { a.rows() * a.cols() };
    let right = if direct(a.rows(), b) { 0 } else { b.rows() * b.cols() };
    left + right
}

fn multiply<T: Lanes>(target: Target<T>, accum: Accum, a: Mat<'_, T>, b: Mat<'_, T>, scratch: &mut [T]) {
    let (rows, depth, loops) = (a.rows(), a.cols(), T::loops());
    let most = block_cols::<T>(depth);
    let in_place = in_place(a, b.cols(), loops.width);
    // What is packed of the left factor serves all columns.
    let group = if in_place { rows } else { GROUP_ROWS };
    let (left, packed) = scratch.split_at_mut(if in_place { 0 } else { rows.min(group) * depth.min(DEPTH) });
    for top in (0..rows).step_by(group.max(1)) {
        let rows = group.min(rows - top);
        for p in (0..depth).step_by(DEPTH) {
            let steps = DEPTH.min(depth - p);
            let part = a.block([top, p], [rows, steps]);
            if !in_place {
                for first in (0..rows).step_by(block_rows::<T>()) {
                    let rows = block_rows::<T>().min(rows - first);
                    pack_a(part.block([first, 0], [rows, steps]), &mut left[first * steps..]);
                }
            }
            for j in (0..b.cols()).step_by(most) {
                let cols = most.min(b.cols() - j);
                let below = b.block([p, j], [steps, cols]);
                let right = if direct(a.rows(), b) {
                    let whole = cols - cols % loops.width;
                    pack_panels(below.block([0, whole], [steps, cols - whole]), packed);
                    Right::Direct(below, packed)
                } else {
                    pack_panels(below, packed);
                    Right::Packed(packed)
                };
                let add = accum == Accum::Add || p > 0;
                let left = if in_place { Left::InPlace } else { Left::Packed(left) };
                block(target.at(top, j), add, part, left, right, cols);
            }
        }
    }
}

/// The product of at most [`DEPTH`] columns of the left factor with as many rows of the right.
fn block<T: Lanes>(target: Target<T>, add: bool, a: Mat<'_, T>, left: Left<'_, T>, right: Right<'_, T>, cols: usize) {
    let (depth, loops) = (a.cols(), T::loops());
    for top in (0..a.rows()).step_by(block_rows::<T>()) {
        let rows = block_rows::<T>().min(a.rows() - top);
        for j in (0..cols).step_by(loops.width) {
            let width = loops.width.min(cols - j);
            let (b, b_step) = match right {
                Right::Direct(b, _) if width == loops.width => (b.as_ptr().wrapping_add(j), b.row_stride()),
                Right::Direct(_, tail) => (tail.as_ptr(), loops.width as isize),
                Right::Packed(panels) => (panels[j * depth..].as_ptr(), loops.width as isize),
            };
            for (i, height) in tiles(rows, loops.height) {
                let i = top + i;
                let (a, a_row, a_step) = match left {
                    Left::InPlace => (a.as_ptr().wrapping_offset(i as isize * a.row_stride()), a.row_stride(), 1),
                    Left::Packed(tiles) => (tiles[i * depth..].as_ptr(), 1, height as isize),
                };
                let Target { place: c, row: c_row, col: c_col, alpha } = target.at(i, j);
                // What no processor foresees is named by the tiles before: a left factor's next rows, while they are new, and
                // a right factor's rows for the next panel, which are far apart, by halves.
                let after = (top + rows - i - height) / loops.height;
                let (ahead, ahead_step) = match (left, right) {
                    (Left::InPlace, _) if j == 0 => (a.wrapping_offset(height as isize * a_row), height as isize),
                    (_, Right::Direct(..)) if after < 2 => {
                        (b.wrapping_add(loops.width + (2 - after) * loops.width / 2 - 1), b_step)
                    }
                    _ => (b, 0),
                };
                let (rows, cols) = (height, width);
                let tile = Tile {
                    a,
                    a_row,
                    a_step,
                    b,
                    b_step,
                    ahead,
                    ahead_step,
                    depth,
                    c,
                    c_row,
                    c_col,
                    rows,
                    cols,
                    alpha,
                    add,
                };
                // SAFETY: the tile lies inside the output, whose rows do not overlap, and inside both factors, packed
                // or in place; `loops` was chosen for this processor.
                unsafe { (loops.tile)(&tile) }
            }
        }
    }
}
