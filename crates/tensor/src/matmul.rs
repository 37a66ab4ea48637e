//! Matrix products: one function that chooses the fastest kernel for the sizes.
#![allow(unsafe_code)]

use crate::gemm::{gemm, gemm_scratch};
use crate::mat::{Accum, Mat, MatMut};
use crate::matvec::Job;
use crate::simd::Lanes;

/// Multiplications up to which plain loops beat the set-up of anything else.
const TINY: usize = 160;

/// Columns up to which a product is one of vectors, where its factors allow: tiles would leave lanes unused.
const NARROW: usize = 12;
/// The least length of the sums for which several columns are worth it.
const LONG: usize = 64;

/// The elements of scratch that [`matmul`] wants for a product of `rows` by `depth` with `depth` by `cols`.
#[must_use]
pub fn matmul_scratch<T: Lanes>(rows: usize, cols: usize, depth: usize) -> usize {
    if rows * cols * depth <= TINY { 0 } else { gemm_scratch::<T>(rows, cols, depth) }
}

/// `out = alpha a b`, or `out += alpha a b` with [`Accum::Add`].
///
/// An empty sum is zero. The bits depend on the values, sizes and strides of the factors, never on their addresses.
///
/// # Panics
/// When the sizes do not fit each other, or `scratch` is shorter than [`matmul_scratch`].
#[inline]
pub fn matmul<T: Lanes>(
    mut out: MatMut<'_, T>,
    accum: Accum,
    alpha: T,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
    scratch: &mut [T],
) {
    assert!(
        a.rows() == out.rows() && b.cols() == out.cols() && a.cols() == b.rows(),
        "a product of {}x{} and {}x{} into {}x{}",
        a.rows(),
        a.cols(),
        b.rows(),
        b.cols(),
        out.rows(),
        out.cols()
    );
    let (rows, cols, depth) = (a.rows(), b.cols(), a.cols());
    if rows * cols * depth <= TINY {
        tiny(&mut out, accum, alpha, a, b);
        return;
    }
    let (to, step) = (out.as_mut_ptr(), out.row_stride());
    let narrow = match () {
        () if rows == 1 => vectors_job(to, [1, step], b.t(), a.t()),
        () if cols <= NARROW => vectors_job(to, [step, 1], a, b),
        () => None,
    };
    match narrow {
        // SAFETY: the job was made of matrices that vouch for their elements; `loops` was chosen for this processor.
        Some((run, job)) => unsafe { run(&Job { alpha, add: accum == Accum::Add, ..job }) },
        None if T::loops().tuned => gemm(out, accum, alpha, a, b, scratch),
        None => by_faer(&mut out, accum, alpha, a, b),
    }
}

/// The product by faer, which has loops for processors that ours were not made for.
fn by_faer<T: Lanes>(out: &mut MatMut<'_, T>, accum: Accum, alpha: T, a: Mat<'_, T>, b: Mat<'_, T>) {
    let accum = match accum {
        Accum::Replace => faer::Accum::Replace,
        Accum::Add => faer::Accum::Add,
    };
    // SAFETY: the matrices vouch for their elements, and the output is borrowed exclusively.
    let (to, [a, b]) = unsafe {
        let read = |m: Mat<'_, T>| {
            faer::MatRef::from_raw_parts(m.as_ptr(), m.rows(), m.cols(), m.row_stride(), m.col_stride())
        };
        let (rows, cols, step) = (out.rows(), out.cols(), out.row_stride() as isize);
        (faer::MatMut::from_raw_parts_mut(out.as_mut_ptr(), rows, cols, step, 1), [read(a), read(b)])
    };
    faer::linalg::matmul::matmul(to, accum, a, b, alpha, faer::Par::Seq);
}

type Vectorised<T> = (unsafe fn(&Job<T>), Job<T>);

/// The way to compute the product of `m` with the few columns of `x` into memory at `y`, whose steps from row to row and
/// from column to column are given, if the contiguous axes allow one.
fn vectors_job<T: Lanes>(
    y: *mut T,
    [y_step, y_vector]: [usize; 2],
    m: Mat<'_, T>,
    x: Mat<'_, T>,
) -> Option<Vectorised<T>> {
    let loops = T::loops();
    let job = Job {
        a: m.as_ptr(),
        a_line: 0,
        lines: 0,
        len: 0,
        x: x.as_ptr(),
        x_step: x.row_stride(),
        x_vector: x.col_stride(),
        vectors: x.cols(),
        y,
        y_step,
        y_vector,
        alpha: T::ONE,
        add: false,
    };
    if m.col_stride() == 1 && x.row_stride() == 1 && (x.cols() == 1 || m.cols() >= LONG) {
        Some((loops.dots, Job { a_line: m.row_stride(), lines: m.rows(), len: m.cols(), ..job }))
    } else if x.cols() == 1 && m.row_stride() == 1 && y_step == 1 {
        Some((loops.axpys, Job { a_line: m.col_stride(), lines: m.cols(), len: m.rows(), ..job }))
    } else {
        None
    }
}

/// Up to four columns at a time, by plain loops.
#[inline]
fn tiny<T: Lanes>(out: &mut MatMut<'_, T>, accum: Accum, alpha: T, a: Mat<'_, T>, b: Mat<'_, T>) {
    let cols = out.cols();
    for j in (0..cols).step_by(4) {
        match (cols - j, b.col_stride()) {
            (1, _) => columns::<T, 1, false>(out, j, accum, alpha, a, b),
            (2, _) => columns::<T, 2, false>(out, j, accum, alpha, a, b),
            (3, _) => columns::<T, 3, false>(out, j, accum, alpha, a, b),
            (_, 1) => columns::<T, 4, true>(out, j, accum, alpha, a, b),
            _ => columns::<T, 4, false>(out, j, accum, alpha, a, b),
        }
    }
}

/// Columns `first..first + N` of a product, `DENSE` when the columns of `b` are neighbours in memory.
#[inline(always)]
fn columns<T: Lanes, const N: usize, const DENSE: bool>(
    out: &mut MatMut<'_, T>,
    first: usize,
    accum: Accum,
    alpha: T,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
) {
    let across = if DENSE { 1 } else { b.col_stride() };
    let (depth, top) = (a.cols(), b.as_ptr().wrapping_offset(first as isize * across));
    let mut left = a.as_ptr();
    for i in 0..a.rows() {
        let (mut x, mut w, mut sums) = (left, top, [T::ZERO; N]);
        for _ in 0..depth {
            for (j, sum) in sums.iter_mut().enumerate() {
                // SAFETY: `x` runs along row `i` of `a` and `w` down `b`, which vouch for their elements.
                *sum += unsafe { *x * *w.offset(j as isize * across) };
            }
            x = x.wrapping_offset(a.col_stride());
            w = w.wrapping_offset(b.row_stride());
        }
        for (y, sum) in out.row(i)[first..first + N].iter_mut().zip(sums) {
            *y = if accum == Accum::Add { *y + alpha * sum } else { alpha * sum };
        }
        left = left.wrapping_offset(a.row_stride());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faer_agrees_with_the_loops_on_exact_products() {
        let numbers: Vec<f64> = (0..400).map(|k| f64::from(k * 7 % 11) - 5.0).collect();
        let (m, k, n) = (13, 9, 10);
        let a = Mat::row_major(&numbers, k, m).t();
        let b = Mat::new(&numbers, 399, [k, n], [-20, -2]);
        for accum in [Accum::Replace, Accum::Add] {
            let (mut ours, mut theirs) = ([2.0; 130], [2.0; 130]);
            let mut scratch = vec![0.0; matmul_scratch::<f64>(m, n, k)];
            matmul(MatMut::row_major(&mut ours, m, n), accum, 3.0, a, b, &mut scratch);
            by_faer(&mut MatMut::row_major(&mut theirs, m, n), accum, 3.0, a, b);
            assert_eq!(ours, theirs);
        }
    }
}
