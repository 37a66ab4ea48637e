//! The innermost loops of matrix products, written once for every instruction set.
#![allow(unsafe_code)]

use crate::real::Real;
use crate::simd::Vector;

/// The most rows of a tile: with two vectors a row, twelve sums, two factors and one broadcast fill sixteen registers.
pub(crate) const TILE_ROWS: usize = 6;

/// `c = alpha a b` or `c += alpha a b` for a tile of `rows <= TILE_ROWS` by `cols` that fits two vectors.
pub(crate) struct Tile<T> {
    /// Element `(i, p)` of the left factor is at `a + i * a_row + p * a_step`.
    pub(crate) a: *const T,
    pub(crate) a_row: isize,
    pub(crate) a_step: isize,
    /// Row `p` of the right factor, readable for one or two whole vectors as `cols` asks, is at `b + p * b_step`.
    pub(crate) b: *const T,
    pub(crate) b_step: isize,
    /// The length of the sums.
    pub(crate) depth: usize,
    /// Row `i` of the output is at `c + i * c_row`.
    pub(crate) c: *mut T,
    pub(crate) c_row: usize,
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) alpha: T,
    /// Whether the output is added to; otherwise it is not read.
    pub(crate) add: bool,
}

/// Computes a tile.
///
/// # Safety
/// The pointers are valid for what [`Tile`] says of them, and the processor has the instructions of `V`.
#[inline(always)]
pub(crate) unsafe fn tile<V: Vector>(t: &Tile<V::Elem>) {
    // SAFETY: passed on.
    unsafe {
        if t.cols > V::LANES {
            match t.rows {
                6 => sums::<V, 6, 2>(t),
                5 => sums::<V, 5, 2>(t),
                4 => sums::<V, 4, 2>(t),
                3 => sums::<V, 3, 2>(t),
                2 => sums::<V, 2, 2>(t),
                _ => sums::<V, 1, 2>(t),
            }
        } else {
            match t.rows {
                6 => sums::<V, 6, 1>(t),
                5 => sums::<V, 5, 1>(t),
                4 => sums::<V, 4, 1>(t),
                3 => sums::<V, 3, 1>(t),
                2 => sums::<V, 2, 1>(t),
                _ => sums::<V, 1, 1>(t),
            }
        }
    }
}

/// A tile of `R` rows of `N` vectors: every element is one chain of fused additions in the order of the depth.
#[inline(always)]
unsafe fn sums<V: Vector, const R: usize, const N: usize>(t: &Tile<V::Elem>) {
    // SAFETY: the caller promises `depth` steps of both factors and the output's rows.
    unsafe {
        let mut acc = [[V::splat(V::Elem::ZERO); N]; R];
        let (mut a, mut b) = (t.a, t.b);
        for _ in 0..t.depth {
            let row: [V; N] = std::array::from_fn(|j| V::load(b.add(j * V::LANES)));
            for (i, sums) in acc.iter_mut().enumerate() {
                let x = V::splat(*a.offset(i as isize * t.a_row));
                for (sum, &y) in sums.iter_mut().zip(&row) {
                    *sum = x.mul_add(y, *sum);
                }
            }
            a = a.wrapping_offset(t.a_step);
            b = b.wrapping_offset(t.b_step);
        }
        let alpha = V::splat(t.alpha);
        let zero = V::splat(V::Elem::ZERO);
        if t.cols == N * V::LANES {
            for (i, sums) in acc.iter().enumerate() {
                for (j, &sum) in sums.iter().enumerate() {
                    let c = t.c.add(i * t.c_row + j * V::LANES);
                    let before = if t.add { V::load(c) } else { zero };
                    sum.mul_add(alpha, before).store(c);
                }
            }
        } else {
            for (i, sums) in acc.iter().enumerate() {
                let mut spill = [[V::Elem::ZERO; 16]; 2];
                let spill = spill.as_mut_ptr().cast::<V::Elem>();
                let c = t.c.add(i * t.c_row);
                if t.add {
                    c.copy_to_nonoverlapping(spill, t.cols);
                }
                for (j, &sum) in sums.iter().enumerate() {
                    let s = spill.add(j * V::LANES);
                    sum.mul_add(alpha, V::load(s)).store(s);
                }
                spill.copy_to_nonoverlapping(c, t.cols);
            }
        }
    }
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
    // SAFETY: passed on; the vectors are stored to an array of the greatest width.
    unsafe {
        let factor = V::splat(x);
        let mut acc = [factor; SPIN_CHAINS];
        for _ in 0..rounds {
            for a in &mut acc {
                *a = a.mul_add(factor, factor);
            }
        }
        let sum = acc.into_iter().fold(factor, |s, a| s.add(a));
        let mut lanes = [V::Elem::ZERO; 16];
        sum.store(lanes.as_mut_ptr());
        lanes.into_iter().sum()
    }
}

/// The chains of [`spin`].
pub(crate) const SPIN_CHAINS: usize = 10;
