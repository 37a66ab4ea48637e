//! The layout in which products read their factors: panels as wide as a tile, in the order of use.
#![allow(unsafe_code)]

use crate::mat::Mat;
use crate::real::Real;
use crate::simd::{Lanes, Vector};

/// The longest sum that a tile keeps in registers: a panel of this depth fills the nearest cache once.
pub(crate) const DEPTH: usize = 512;

/// The elements of memory that [`pack_panels`] wants for a factor of `rows` by `cols`.
pub(crate) fn packed_len<T: Lanes>(rows: usize, cols: usize) -> usize {
    rows * cols.next_multiple_of(T::loops().width)
}

/// Packs at most [`DEPTH`] rows: panel after panel of two vectors' width, each row by row, the last filled with zeros.
pub(crate) fn pack_panels<T: Lanes>(b: Mat<'_, T>, packed: &mut [T]) {
    let loops = T::loops();
    for (j, panel) in (0..b.cols()).step_by(loops.width).zip(packed.chunks_exact_mut(b.rows() * loops.width)) {
        let part = b.block([0, j], [b.rows(), loops.width.min(b.cols() - j)]);
        // SAFETY: the chunk has room for a panel of `b.rows()` steps, and `loops` was chosen for this processor.
        unsafe { (loops.pack)(&part, panel.as_mut_ptr()) }
    }
}

/// Packs one panel of two vectors' width.
///
/// # Safety
/// `to` has room for `b.rows()` rows of two vectors, and the processor has the instructions of `V`.
#[inline(always)]
pub(crate) unsafe fn panel<V: Vector>(b: &Mat<'_, V::Elem>, to: *mut V::Elem) {
    let width = 2 * V::LANES;
    let (from, down, across) = (b.as_ptr(), b.row_stride(), b.col_stride());
    // SAFETY: `b` vouches for its elements, the caller for the room.
    unsafe {
        if across == 1 && b.cols() == width {
            for p in 0..b.rows() {
                let row = from.offset(p as isize * down);
                V::load(row).store(to.add(p * width));
                V::load(row.add(V::LANES)).store(to.add(p * width + V::LANES));
            }
            return;
        }
        if b.cols() < width {
            to.write_bytes(0, b.rows() * width);
        }
        if down == 1 {
            crate::micro::transpose::<V>([b.cols(), b.rows()], from, across, to, width);
        } else {
            for p in 0..b.rows() {
                for j in 0..b.cols() {
                    *to.add(p * width + j) = *from.offset(p as isize * down + j as isize * across);
                }
            }
        }
    }
}

/// Splits `rows` into tiles of at most `most` and nearly equal heights: `(first row, height)` each.
pub(crate) fn tiles(rows: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = rows.div_ceil(most).max(1);
    let (height, taller) = (rows / count, rows % count);
    (0..count).map(move |i| (i * height + i.min(taller), height + usize::from(i < taller))).filter(|&(_, h)| h > 0)
}

/// The tiles that are packed side by side where the rows of a left factor are neighbours in memory: two cache lines of f32.
const ABREAST: usize = 4;

/// Packs a left factor: the tile from row `i` of height `h` starts at `i * a.cols()` and goes column by column.
pub(crate) fn pack_a<T: Lanes>(a: Mat<'_, T>, packed: &mut [T]) {
    let height = T::loops().height;
    let group = ABREAST * 8;
    if a.row_stride() == 1 && height == 8 && a.rows().is_multiple_of(group) {
        // Memory is read line after line, which columns that are a page apart would throw out of the cache otherwise.
        for (k, to) in packed[..a.rows() * a.cols()].chunks_exact_mut((group * a.cols()).max(1)).enumerate() {
            pack_abreast::<T, 8>(a.block([k * group, 0], [group, a.cols()]), to);
        }
        return;
    }
    for (i, height) in tiles(a.rows(), height) {
        let tile = a.block([i, 0], [height, a.cols()]);
        let to = &mut packed[i * a.cols()..][..height * a.cols()];
        match height {
            8 => pack_tile::<T, 8>(tile, to),
            7 => pack_tile::<T, 7>(tile, to),
            6 => pack_tile::<T, 6>(tile, to),
            5 => pack_tile::<T, 5>(tile, to),
            4 => pack_tile::<T, 4>(tile, to),
            3 => pack_tile::<T, 3>(tile, to),
            2 => pack_tile::<T, 2>(tile, to),
            _ => pack_tile::<T, 1>(tile, to),
        }
    }
}

/// Packs [`ABREAST`] tiles of `R` rows, which are neighbours in memory, column after column.
fn pack_abreast<T: Real, const R: usize>(a: Mat<'_, T>, to: &mut [T]) {
    let (from, across, len) = (a.as_ptr(), a.col_stride(), R * a.cols());
    for p in 0..a.cols() {
        for (tile, to) in to.chunks_exact_mut(len).enumerate() {
            // SAFETY: `a` has `ABREAST * R` rows, which vouch for their elements and follow each other.
            let column = unsafe { from.offset(p as isize * across).add(tile * R).cast::<[T; R]>().read_unaligned() };
            to[p * R..][..R].copy_from_slice(&column);
        }
    }
}

fn pack_tile<T: Real, const R: usize>(a: Mat<'_, T>, to: &mut [T]) {
    let (from, down, across) = (a.as_ptr(), a.row_stride(), a.col_stride());
    let (columns, _) = to.as_chunks_mut::<R>();
    for (p, column) in columns.iter_mut().enumerate() {
        for (i, x) in column.iter_mut().enumerate() {
            // SAFETY: `p` and `i` stay below the sizes of `a`, which vouches for its elements.
            *x = unsafe { *from.offset(p as isize * across + i as isize * down) };
        }
    }
}
