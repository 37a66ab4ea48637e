//! The innermost loops of matrix products, written once for every instruction set.
#![allow(unsafe_code)]

use crate::real::Real;
use crate::simd::{Vector, WIDEST};

/// The most rows of a tile, of any instruction set.
pub(crate) const TILE_ROWS: usize = 8;

/// `c = alpha a b` or `c += alpha a b` for a tile of `rows <= TILE_ROWS` by `cols` that fits two vectors.
pub(crate) struct Tile<T> {
    /// Element `(i, p)` of the left factor is at `a + i * a_row + p * a_step`.
    pub(crate) a: *const T,
    pub(crate) a_row: isize,
    pub(crate) a_step: isize,
    /// Row `p` of the right factor, readable for one or two whole vectors as `cols` asks, is at `b + p * b_step`.
    pub(crate) b: *const T,
    pub(crate) b_step: isize,
    /// What later tiles read: step `p` fetches the line at `ahead + p * ahead_step`, an address of any kind.
    pub(crate) ahead: *const T,
    pub(crate) ahead_step: isize,
    /// The length of the sums.
    pub(crate) depth: usize,
    /// Element `(i, j)` of the output is at `c + i * c_row + j * c_col`, where one of the two steps is 1.
    pub(crate) c: *mut T,
    pub(crate) c_row: usize,
    pub(crate) c_col: usize,
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) alpha: T,
    /// Whether the output is added to; otherwise it is not read.
    pub(crate) add: bool,
}

/// The outputs of a convolution for `rows <= TILE_ROWS` units of an item.
pub(crate) struct WindowTile<'a, T> {
    /// The weights of a unit, `offsets.len()` of them, follow those of the one before.
    pub(crate) a: *const T,
    /// Tap `p` of output `(i, j)` is at `b + i * b_row + j + offsets[p]`, readable for two whole vectors.
    pub(crate) b: *const T,
    pub(crate) b_row: usize,
    pub(crate) offsets: &'a [i64],
    /// What the sums of each unit begin with: a bias, or zeros when null.
    pub(crate) bias: *const T,
    /// Output `(i, j)` of unit `r` is at `c + r * c_unit + i * width + j`.
    pub(crate) c: *mut T,
    pub(crate) c_unit: usize,
    pub(crate) rows: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
}

/// The outputs of a convolution for `rows <= TILE_ROWS` neighbouring columns and `units` that fit two vectors.
pub(crate) struct UnitTile<'a, T> {
    /// Tap `p` of column `j` is at `a + j + offsets[p]`.
    pub(crate) a: *const T,
    pub(crate) offsets: &'a [i64],
    /// What the sums begin with, and then the weights of each tap: two whole vectors each.
    pub(crate) b: *const T,
    /// Column `j` of unit `r` is at `c + r * c_unit + j`.
    pub(crate) c: *mut T,
    pub(crate) c_unit: usize,
    pub(crate) rows: usize,
    pub(crate) units: usize,
}

/// The tiles of a convolution's weight gradient, one or two whole vectors wide, which are added to the output.
///
/// Row `i` of the left factor is made of `segments` runs of `segment` elements, the first at `a[i]`, each `a_jump` after
/// the last; the rows of the right factor, two vectors each, follow each other without gaps.
pub(crate) struct GradTile<T> {
    pub(crate) a: [*const T; TILE_ROWS],
    pub(crate) segments: usize,
    pub(crate) segment: usize,
    pub(crate) a_jump: usize,
    pub(crate) b: *const T,
    /// The columns that count: of a row's two vectors the second is left alone where the first holds all.
    pub(crate) cols: usize,
    pub(crate) c: *mut T,
    pub(crate) c_row: usize,
    pub(crate) rows: usize,
}

/// The most elements in a row of a tile, of any instruction set.
pub(crate) const TILE_COLUMNS: usize = 2 * WIDEST;

/// Calls a loop with the numbers of rows and of vectors of its tile as constants.
macro_rules! by_size {
    ($name:ident, $v:ident, $t:expr, $vectors:literal) => {
        match $t.rows {
            8 => $name::<$v, 8, $vectors>($t),
            7 => $name::<$v, 7, $vectors>($t),
            6 => $name::<$v, 6, $vectors>($t),
            5 => $name::<$v, 5, $vectors>($t),
            4 => $name::<$v, 4, $vectors>($t),
            3 => $name::<$v, 3, $vectors>($t),
            2 => $name::<$v, 2, $vectors>($t),
            _ => $name::<$v, 1, $vectors>($t),
        }
    };
}

/// Computes a tile.
///
/// # Safety
/// The pointers are valid for what [`Tile`] says of them, and the processor has the instructions of `V`.
#[inline(always)]
pub(crate) unsafe fn tile<V: Vector>(t: &Tile<V::Elem>) {
    // SAFETY: passed on.
    unsafe { if t.cols > V::LANES { by_size!(tile_of, V, t, 2) } else { by_size!(tile_of, V, t, 1) } }
}

/// Computes a tile of a convolution.
///
/// # Safety
/// The pointers are valid for what [`WindowTile`] says of them, and the processor has the instructions of `V`.
#[inline(always)]
pub(crate) unsafe fn window_tile<V: Vector>(t: &WindowTile<'_, V::Elem>) {
    // SAFETY: passed on.
    unsafe { if t.width > V::LANES { by_size!(window_tile_of, V, t, 2) } else { by_size!(window_tile_of, V, t, 1) } }
}

/// Computes a tile of a convolution whose lanes are units.
///
/// # Safety
/// The pointers are valid for what [`UnitTile`] says of them, and the processor has the instructions of `V`.
#[inline(always)]
pub(crate) unsafe fn unit_tile<V: Vector>(t: &UnitTile<'_, V::Elem>) {
    // SAFETY: passed on.
    unsafe { if t.units > V::LANES { by_size!(unit_tile_of, V, t, 2) } else { by_size!(unit_tile_of, V, t, 1) } }
}

/// Adds a tile of a convolution's weight gradient.
///
/// # Safety
/// The pointers are valid for what [`GradTile`] says of them, and the processor has the instructions of `V`.
#[inline(always)]
pub(crate) unsafe fn grad_tile<V: Vector>(t: &GradTile<V::Elem>) {
    // SAFETY: passed on.
    unsafe { if t.cols > V::LANES { by_size!(grad_tile_of, V, t, 2) } else { by_size!(grad_tile_of, V, t, 1) } }
}

#[inline(always)]
unsafe fn tile_of<V: Vector, const R: usize, const N: usize>(t: &Tile<V::Elem>) {
    // SAFETY: the caller promises `depth` steps of both factors and the output's rows.
    unsafe {
        let mut sums = Sums::<V, R, N>::new(t.cols, |_, _| V::splat(V::Elem::ZERO));
        let across = t.c_col != 1;
        // The output is on its way to the cache while the sums are made. A vector may lie in two lines.
        let (lines, line, length) = if across { (t.cols, t.c_col, R) } else { (R, t.c_row, t.cols) };
        for i in 0..lines {
            let c = t.c.add(i * line);
            prefetch(c);
            for j in 1..=if across { 1 } else { N } {
                prefetch(c.add(length.min(j * V::LANES) - 1));
            }
        }
        let (mut a, mut b, mut ahead) = (t.a, t.b, t.ahead);
        for _ in 0..t.depth {
            sums.step(|i| a.offset(i as isize * t.a_row), b);
            prefetch(ahead.cast_mut());
            a = a.wrapping_offset(t.a_step);
            b = b.wrapping_offset(t.b_step);
            ahead = ahead.wrapping_offset(t.ahead_step);
        }
        if across {
            sums.write_transposed(t.c, t.c_col, t.alpha, t.add);
        } else {
            sums.write(t.c, t.c_row, t.alpha, t.add);
        }
    }
}

#[inline(always)]
unsafe fn window_tile_of<V: Vector, const R: usize, const N: usize>(t: &WindowTile<'_, V::Elem>) {
    let (taps, most) = (t.offsets.len(), N * V::LANES);
    // SAFETY: as in `tile_of`.
    unsafe {
        for i in 0..t.height {
            let (b, c) = (t.b.add(i * t.b_row), t.c.add(i * t.width));
            let mut j = 0;
            while j < t.width {
                // The last tile of a row overlaps the one before rather than being narrower.
                j = j.min(t.width.saturating_sub(most));
                let mut sums = Sums::<V, R, N>::new(most.min(t.width), |r, _| match t.bias.is_null() {
                    true => V::splat(V::Elem::ZERO),
                    false => V::splat(*t.bias.add(r)),
                });
                let b = b.add(j);
                for (p, &offset) in t.offsets.iter().enumerate() {
                    sums.step(|r| t.a.add(r * taps + p), b.offset(offset as isize));
                }
                sums.write(c.add(j), t.c_unit, V::Elem::ONE, false);
                j += most;
            }
        }
    }
}

#[inline(always)]
unsafe fn unit_tile_of<V: Vector, const R: usize, const N: usize>(t: &UnitTile<'_, V::Elem>) {
    // SAFETY: as in `tile_of`.
    unsafe {
        let mut b = t.b;
        let mut sums = Sums::<V, R, N>::new(t.units, |_, column| V::load(b.add(column)));
        for &offset in t.offsets {
            b = b.add(2 * V::LANES);
            sums.step(|j| t.a.offset(offset as isize + j as isize), b);
        }
        sums.write_transposed(t.c, t.c_unit, V::Elem::ONE, false);
    }
}

#[inline(always)]
unsafe fn grad_tile_of<V: Vector, const R: usize, const N: usize>(t: &GradTile<V::Elem>) {
    // SAFETY: as in `tile_of`.
    unsafe {
        let mut sums = Sums::<V, R, N>::new(N * V::LANES, |_, _| V::splat(V::Elem::ZERO));
        let mut b = t.b;
        for segment in 0..t.segments {
            let a: [_; R] = std::array::from_fn(|i| t.a[i].wrapping_add(segment * t.a_jump));
            for p in 0..t.segment {
                sums.step(|i| a[i].add(p), b);
                b = b.wrapping_add(2 * V::LANES);
            }
        }
        sums.write(t.c, t.c_row, V::Elem::ONE, true);
    }
}

/// The sums of a tile of `R` rows in `N` vectors each, in registers: each lane is one chain of fused additions in order.
///
/// Of two vectors the second ends with the tile's last column, so that they overlap in a tile of fewer columns than both
/// have lanes; the lanes of a column hold the same.
struct Sums<V, const R: usize, const N: usize> {
    lanes: [[V; N]; R],
    cols: usize,
}

impl<V: Vector, const R: usize, const N: usize> Sums<V, R, N> {
    /// Sums of `cols` columns, more than one vector has lanes if there are two, that begin with `start` of their row and
    /// of their vector's first column.
    #[inline(always)]
    unsafe fn new(cols: usize, start: impl Fn(usize, usize) -> V) -> Self {
        let mut sums = Sums { lanes: [[start(0, 0); N]; R], cols };
        for r in 0..R {
            for j in 0..N {
                sums.lanes[r][j] = start(r, sums.column(j));
            }
        }
        sums
    }

    /// The first column of vector `j`.
    #[inline(always)]
    fn column(&self, j: usize) -> usize {
        if j == 0 { 0 } else { self.cols - V::LANES }
    }

    /// Adds the products of the element at `a(i)`, for each row, with the row at `b`.
    #[inline(always)]
    unsafe fn step(&mut self, a: impl Fn(usize) -> *const V::Elem, b: *const V::Elem) {
        // SAFETY: the caller promises the elements.
        unsafe {
            let row: [V; N] = std::array::from_fn(|j| V::load(b.add(self.column(j))));
            for (i, sums) in self.lanes.iter_mut().enumerate() {
                let x = V::splat(*a(i));
                for (sum, &y) in sums.iter_mut().zip(&row) {
                    *sum = x.mul_add(y, *sum);
                }
            }
        }
    }

    /// Writes or adds the columns, times `alpha`.
    #[inline(always)]
    unsafe fn write(&self, c: *mut V::Elem, c_row: usize, alpha: V::Elem, add: bool) {
        // SAFETY: the caller promises the output's rows of `cols` elements; a spill holds the widest vector.
        unsafe {
            let (factor, zero) = (V::splat(alpha), V::splat(V::Elem::ZERO));
            for (i, sums) in self.lanes.iter().enumerate() {
                let c = c.add(i * c_row);
                if self.cols >= V::LANES {
                    let before: [V; N] =
                        std::array::from_fn(|j| if add { V::load(c.add(self.column(j))) } else { zero });
                    for (j, (&sum, before)) in sums.iter().zip(before).enumerate() {
                        sum.mul_add(factor, before).store(c.add(self.column(j)));
                    }
                } else {
                    let mut spill = [V::Elem::ZERO; WIDEST];
                    sums[0].mul_add(factor, zero).store(spill.as_mut_ptr());
                    for (j, &sum) in spill[..self.cols].iter().enumerate() {
                        let c = c.add(j);
                        *c = if add { *c + sum } else { sum };
                    }
                }
            }
        }
    }

    /// As `write`, where the columns are `c_col` apart and the rows are neighbours.
    #[inline(always)]
    unsafe fn write_transposed(&self, c: *mut V::Elem, c_col: usize, alpha: V::Elem, add: bool) {
        let mut rows = [V::Elem::ZERO; TILE_ROWS * TILE_COLUMNS];
        let mut columns = [V::Elem::ZERO; TILE_ROWS * TILE_COLUMNS];
        // SAFETY: as in `write`; both copies hold the most rows and columns that a tile has.
        unsafe {
            for (i, sums) in self.lanes.iter().enumerate() {
                for (j, &sum) in sums.iter().enumerate() {
                    sum.store(rows.as_mut_ptr().add(i * TILE_COLUMNS + self.column(j)));
                }
            }
            for i in (0..R).step_by(V::BLOCK) {
                for j in (0..self.cols).step_by(V::BLOCK) {
                    let from = rows.as_ptr().add(i * TILE_COLUMNS + j);
                    V::transpose(from, TILE_COLUMNS as isize, columns.as_mut_ptr().add(j * TILE_ROWS + i), TILE_ROWS);
                }
            }
            for j in 0..self.cols {
                let (c, column) = (c.add(j * c_col), &columns[j * TILE_ROWS..][..R]);
                for (i, &sum) in column.iter().enumerate() {
                    let c = c.add(i);
                    *c = if add { alpha * sum + *c } else { alpha * sum };
                }
            }
        }
    }
}

/// Asks for the cache line of `place`, to write there soon; a hint that may name any address.
#[inline(always)]
fn prefetch<T>(place: *mut T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch touches no memory that a program could see.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(place.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

/// Writes the transpose of the matrix of `rows` by `cols` at `from`, whose contiguous rows are `step` apart, to `to`,
/// whose rows of `rows` elements are `to_step` apart.
///
/// # Safety
/// Both matrices lie in valid memory and do not overlap, and the processor has the instructions of `V`.
#[inline(always)]
pub(crate) unsafe fn transpose<V: Vector>(
    [rows, cols]: [usize; 2],
    from: *const V::Elem,
    step: isize,
    to: *mut V::Elem,
    to_step: usize,
) {
    let (whole_rows, whole_cols) = (rows - rows % V::BLOCK, cols - cols % V::BLOCK);
    // SAFETY: passed on; blocks and the remaining rows and columns stay inside the matrices.
    unsafe {
        for i in (0..whole_rows).step_by(V::BLOCK) {
            let row = from.offset(i as isize * step);
            for j in (0..whole_cols).step_by(V::BLOCK) {
                V::transpose(row.add(j), step, to.add(j * to_step + i), to_step);
            }
        }
        for i in 0..rows {
            let start = if i < whole_rows { whole_cols } else { 0 };
            for j in start..cols {
                *to.add(j * to_step + i) = *from.offset(i as isize * step).add(j);
            }
        }
    }
}

/// Ten chains of `rounds` fused multiply-additions: the most that the processor can do, to measure it.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
pub(crate) unsafe fn spin<V: Vector>(rounds: usize, x: V::Elem) -> V::Elem {
    // SAFETY: passed on.
    unsafe {
        let factor = V::splat(x);
        let mut acc = [factor; SPIN_CHAINS];
        for _ in 0..rounds {
            for a in &mut acc {
                *a = a.mul_add(factor, factor);
            }
        }
        acc.into_iter().fold(factor, |s, a| s.add(a)).sum()
    }
}

/// The chains of [`spin`].
pub(crate) const SPIN_CHAINS: usize = 10;
