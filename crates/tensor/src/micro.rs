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

/// The tiles of a convolution: as [`Tile`], but row `p` of the right factor is at `b + offsets[p]`, and the left factor has
/// contiguous rows of as many elements.
pub(crate) struct WindowTile<'a, T> {
    pub(crate) a: *const T,
    pub(crate) b: *const T,
    pub(crate) offsets: &'a [i64],
    pub(crate) c: *mut T,
    pub(crate) c_row: usize,
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) add: bool,
}

/// The tiles of a convolution's weight gradient, two vectors wide, which are added to the output.
///
/// Row `i` of the left factor is made of `segments` runs of `segment` elements, the first at `a[i]`, each `a_jump` after
/// the last; the rows of the right factor follow each other without gaps.
pub(crate) struct GradTile<T> {
    pub(crate) a: [*const T; TILE_ROWS],
    pub(crate) segments: usize,
    pub(crate) segment: usize,
    pub(crate) a_jump: usize,
    pub(crate) b: *const T,
    pub(crate) c: *mut T,
    pub(crate) c_row: usize,
    pub(crate) rows: usize,
}

/// The most elements in a row of a tile, of any instruction set.
pub(crate) const TILE_COLUMNS: usize = 32;

/// Calls a loop with the numbers of rows and of vectors of its tile as constants.
macro_rules! by_size {
    ($name:ident, $v:ident, $t:expr, $cols:expr) => {
        match ($t.rows, $cols > $v::LANES) {
            (6, true) => $name::<$v, 6, 2>($t),
            (5, true) => $name::<$v, 5, 2>($t),
            (4, true) => $name::<$v, 4, 2>($t),
            (3, true) => $name::<$v, 3, 2>($t),
            (2, true) => $name::<$v, 2, 2>($t),
            (_, true) => $name::<$v, 1, 2>($t),
            (6, false) => $name::<$v, 6, 1>($t),
            (5, false) => $name::<$v, 5, 1>($t),
            (4, false) => $name::<$v, 4, 1>($t),
            (3, false) => $name::<$v, 3, 1>($t),
            (2, false) => $name::<$v, 2, 1>($t),
            (_, false) => $name::<$v, 1, 1>($t),
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
    unsafe { by_size!(tile_of, V, t, t.cols) }
}

/// Computes a tile of a convolution.
///
/// # Safety
/// The pointers are valid for what [`WindowTile`] says of them, and the processor has the instructions of `V`.
#[inline(always)]
pub(crate) unsafe fn window_tile<V: Vector>(t: &WindowTile<'_, V::Elem>) {
    // SAFETY: passed on.
    unsafe { by_size!(window_tile_of, V, t, t.cols) }
}

/// Adds a tile of a convolution's weight gradient.
///
/// # Safety
/// The pointers are valid for what [`GradTile`] says of them, and the processor has the instructions of `V`.
#[inline(always)]
pub(crate) unsafe fn grad_tile<V: Vector>(t: &GradTile<V::Elem>) {
    // SAFETY: passed on.
    unsafe { by_size!(grad_tile_of, V, t, 2 * V::LANES) }
}

#[inline(always)]
unsafe fn tile_of<V: Vector, const R: usize, const N: usize>(t: &Tile<V::Elem>) {
    // SAFETY: the caller promises `depth` steps of both factors and the output's rows.
    unsafe {
        let mut sums = Sums::<V, R, N>::new();
        let (mut a, mut b) = (t.a, t.b);
        for _ in 0..t.depth {
            sums.step(|i| a.offset(i as isize * t.a_row), b);
            a = a.wrapping_offset(t.a_step);
            b = b.wrapping_offset(t.b_step);
        }
        sums.write(t.c, t.c_row, t.cols, t.alpha, t.add);
    }
}

#[inline(always)]
unsafe fn window_tile_of<V: Vector, const R: usize, const N: usize>(t: &WindowTile<'_, V::Elem>) {
    // SAFETY: as in `tile_of`.
    unsafe {
        let mut sums = Sums::<V, R, N>::new();
        for (p, &offset) in t.offsets.iter().enumerate() {
            sums.step(|i| t.a.add(i * t.offsets.len() + p), t.b.offset(offset as isize));
        }
        sums.write(t.c, t.c_row, t.cols, V::Elem::ONE, t.add);
    }
}

#[inline(always)]
unsafe fn grad_tile_of<V: Vector, const R: usize, const N: usize>(t: &GradTile<V::Elem>) {
    // SAFETY: as in `tile_of`.
    unsafe {
        let mut sums = Sums::<V, R, N>::new();
        let mut b = t.b;
        for segment in 0..t.segments {
            let a: [_; R] = std::array::from_fn(|i| t.a[i].wrapping_add(segment * t.a_jump));
            for p in 0..t.segment {
                sums.step(|i| a[i].add(p), b);
                b = b.wrapping_add(N * V::LANES);
            }
        }
        sums.write(t.c, t.c_row, N * V::LANES, V::Elem::ONE, true);
    }
}

/// The sums of a tile of `R` rows of `N` vectors, in registers: each lane is one chain of fused additions in order.
struct Sums<V, const R: usize, const N: usize>([[V; N]; R]);

impl<V: Vector, const R: usize, const N: usize> Sums<V, R, N> {
    #[inline(always)]
    unsafe fn new() -> Self {
        // SAFETY: the caller has the instructions of `V`.
        Sums([[unsafe { V::splat(V::Elem::ZERO) }; N]; R])
    }

    /// Adds the products of the element at `a(i)`, for each row, with the row at `b`.
    #[inline(always)]
    unsafe fn step(&mut self, a: impl Fn(usize) -> *const V::Elem, b: *const V::Elem) {
        // SAFETY: the caller promises the elements.
        unsafe {
            let row: [V; N] = std::array::from_fn(|j| V::load(b.add(j * V::LANES)));
            for (i, sums) in self.0.iter_mut().enumerate() {
                let x = V::splat(*a(i));
                for (sum, &y) in sums.iter_mut().zip(&row) {
                    *sum = x.mul_add(y, *sum);
                }
            }
        }
    }

    /// Writes or adds the first `cols` columns, times `alpha`.
    #[inline(always)]
    unsafe fn write(&self, c: *mut V::Elem, c_row: usize, cols: usize, alpha: V::Elem, add: bool) {
        // SAFETY: the caller promises the output's rows of `cols` elements; the spill holds two of the widest vectors.
        unsafe {
            let (factor, zero) = (V::splat(alpha), V::splat(V::Elem::ZERO));
            for (i, sums) in self.0.iter().enumerate() {
                let c = c.add(i * c_row);
                let mut spill = [V::Elem::ZERO; TILE_COLUMNS];
                let whole = cols == N * V::LANES;
                let to = if whole { c } else { spill.as_mut_ptr() };
                if add && !whole {
                    c.copy_to_nonoverlapping(to, cols);
                }
                for (j, &sum) in sums.iter().enumerate() {
                    let to = to.add(j * V::LANES);
                    sum.mul_add(factor, if add { V::load(to) } else { zero }).store(to);
                }
                if !whole {
                    to.copy_to_nonoverlapping(c, cols);
                }
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
