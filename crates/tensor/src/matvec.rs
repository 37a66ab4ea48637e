//! Products of which one side is a few rows: at the speed of memory, and without packing anything.
#![allow(unsafe_code)]

use crate::pack::tiles;
use crate::real::Real;
use crate::simd::Vector;

/// The products of the `lines` contiguous lines of a matrix, each of `len` elements, with a few vectors.
///
/// In [`dots`] a line makes an output for each vector; in [`axpys`] a line is scaled and added to all outputs.
pub(crate) struct Job<T> {
    /// Line `i` is at `a + i * a_line`.
    pub(crate) a: *const T,
    pub(crate) a_line: isize,
    pub(crate) lines: usize,
    pub(crate) len: usize,
    /// Element `i` of vector `j` is at `x + i * x_step + j * x_vector`; [`dots`] wants `x_step` 1.
    pub(crate) x: *const T,
    pub(crate) x_step: isize,
    pub(crate) x_vector: isize,
    /// How many vectors there are; [`axpys`] wants one.
    pub(crate) vectors: usize,
    /// Element `i` of the output of vector `j` is at `y + i * y_step + j * y_vector`; [`axpys`] wants `y_step` 1.
    pub(crate) y: *mut T,
    pub(crate) y_step: usize,
    pub(crate) y_vector: usize,
    pub(crate) alpha: T,
    /// Whether the output is added to; otherwise it is not read.
    pub(crate) add: bool,
}

/// `y[i, j] = alpha <line i, x[j]>`: a vector has `len` elements, its output `lines`.
///
/// # Safety
/// The pointers are valid for what [`Job`] says of them, and the processor has the instructions of `V`.
#[inline(always)]
pub(crate) unsafe fn dots<V: Vector>(job: &Job<V::Elem>) {
    // SAFETY: passed on; the groups cover all vectors. Four lines by the sums of a group, and their factors, fill the
    // registers.
    unsafe {
        for (j, vectors) in tiles(job.vectors, V::ROWS - 3) {
            match vectors {
                5.. => dots_with::<V, 5, 1>(job, j),
                4 => dots_with::<V, 4, 1>(job, j),
                3 => dots_with::<V, 3, 1>(job, j),
                2 => dots_with::<V, 2, 1>(job, j),
                _ => dots_with::<V, 1, 2>(job, j),
            }
        }
    }
}

/// The dot products of all lines with `C` vectors: the same sums for a line whatever lines stand beside it.
#[inline(always)]
unsafe fn dots_with<V: Vector, const C: usize, const P: usize>(job: &Job<V::Elem>, vector: usize) {
    let whole = job.lines - job.lines % 4;
    // SAFETY: passed on; the groups of lines cover `0..lines`.
    unsafe {
        for i in (0..whole).step_by(4) {
            dots_of::<V, 4, C, P>(job, i, vector);
        }
        for i in whole..job.lines {
            dots_of::<V, 1, C, P>(job, i, vector);
        }
    }
}

/// The dot products of `R` neighbouring lines with `C` vectors, each in `P` chains of vectors, then lane by lane, then
/// the rest.
#[inline(always)]
unsafe fn dots_of<V: Vector, const R: usize, const C: usize, const P: usize>(
    job: &Job<V::Elem>,
    first: usize,
    vector: usize,
) {
    // SAFETY: the caller promises the lines and vectors, and indices stay below `len`.
    unsafe {
        let lines: [*const V::Elem; R] = std::array::from_fn(|r| job.a.offset((first + r) as isize * job.a_line));
        let xs: [*const V::Elem; C] = std::array::from_fn(|c| job.x.offset((vector + c) as isize * job.x_vector));
        let mut acc = [[[V::splat(V::Elem::ZERO); P]; C]; R];
        let step = P * V::LANES;
        let whole = job.len - job.len % step;
        for p in (0..whole).step_by(step) {
            let x = xs.map(|x| -> [V; P] { std::array::from_fn(|k| V::load(x.add(p + k * V::LANES))) });
            for (line, acc) in lines.iter().zip(&mut acc) {
                let a: [V; P] = std::array::from_fn(|k| V::load(line.add(p + k * V::LANES)));
                for (x, acc) in x.iter().zip(acc) {
                    for ((acc, &x), &a) in acc.iter_mut().zip(x).zip(&a) {
                        *acc = a.mul_add(x, *acc);
                    }
                }
            }
        }
        // A loop of its own, short enough to be unrolled, so that the chains stay in registers.
        let mut sums = [[V::Elem::ZERO; C]; R];
        for (sums, acc) in sums.iter_mut().zip(&acc) {
            for (sum, chains) in sums.iter_mut().zip(acc) {
                *sum = chains[1..].iter().fold(chains[0], |sum, &chain| sum.add(chain)).sum();
            }
        }
        for r in 0..R {
            for c in 0..C {
                let mut sum = sums[r][c];
                for p in whole..job.len {
                    sum += *lines[r].add(p) * *xs[c].add(p);
                }
                let y = job.y.add((first + r) * job.y_step + (vector + c) * job.y_vector);
                *y = if job.add { *y + job.alpha * sum } else { job.alpha * sum };
            }
        }
    }
}

/// `y = alpha sum_i x[i] line i`: the vector has `lines` elements, the output `len`.
///
/// # Safety
/// The pointers are valid for what [`Job`] says of them, and the processor has the instructions of `V`.
#[inline(always)]
pub(crate) unsafe fn axpys<V: Vector>(job: &Job<V::Elem>) {
    let whole = job.lines - job.lines % 4;
    // SAFETY: passed on; the groups of lines cover `0..lines`.
    unsafe {
        if job.lines == 0 && !job.add {
            for j in 0..job.len {
                *job.y.add(j) = V::Elem::ZERO;
            }
        }
        for i in (0..whole).step_by(4) {
            axpys_of::<V, 4>(job, i, job.add || i > 0);
        }
        for i in whole..job.lines {
            axpys_of::<V, 1>(job, i, job.add || i > 0);
        }
    }
}

/// Adds `R` neighbouring lines to the output, which stays in the nearest cache.
#[inline(always)]
unsafe fn axpys_of<V: Vector, const R: usize>(job: &Job<V::Elem>, first: usize, add: bool) {
    // SAFETY: the caller promises the lines, and indices stay below `len`.
    unsafe {
        let lines: [*const V::Elem; R] = std::array::from_fn(|r| job.a.offset((first + r) as isize * job.a_line));
        let factors: [V::Elem; R] =
            std::array::from_fn(|r| job.alpha * *job.x.offset((first + r) as isize * job.x_step));
        let vectors = factors.map(|f| V::splat(f));
        let whole = job.len - job.len % V::LANES;
        for j in (0..whole).step_by(V::LANES) {
            let mut sum = if add { V::load(job.y.add(j)) } else { V::splat(V::Elem::ZERO) };
            for (line, &factor) in lines.iter().zip(&vectors) {
                sum = V::load(line.add(j)).mul_add(factor, sum);
            }
            sum.store(job.y.add(j));
        }
        for j in whole..job.len {
            let mut sum = if add { *job.y.add(j) } else { V::Elem::ZERO };
            for (line, &factor) in lines.iter().zip(&factors) {
                sum += *line.add(j) * factor;
            }
            *job.y.add(j) = sum;
        }
    }
}
