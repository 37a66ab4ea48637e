//! One row or one column times a matrix, at the speed of memory.
#![allow(unsafe_code)]

use crate::real::Real;
use crate::simd::Vector;

/// `y = alpha A x` or `y += alpha A x` where `A` has `lines` contiguous lines of `len` elements.
///
/// In [`dots`] a line makes an output; in [`axpys`] a line is scaled and added to all outputs.
pub(crate) struct Job<T> {
    /// Line `i` is at `a + i * a_line`.
    pub(crate) a: *const T,
    pub(crate) a_line: isize,
    pub(crate) lines: usize,
    pub(crate) len: usize,
    /// Element `i` of the vector is at `x + i * x_step`; [`dots`] wants `x_step` 1.
    pub(crate) x: *const T,
    pub(crate) x_step: isize,
    /// Element `i` of the output is at `y + i * y_step`; [`axpys`] wants `y_step` 1.
    pub(crate) y: *mut T,
    pub(crate) y_step: usize,
    pub(crate) alpha: T,
    /// Whether the output is added to; otherwise it is not read.
    pub(crate) add: bool,
}

/// `y[i] = alpha <line i, x>`: the vector has `len` elements, the output `lines`.
///
/// # Safety
/// The pointers are valid for what [`Job`] says of them, and the processor has the instructions of `V`.
#[inline(always)]
pub(crate) unsafe fn dots<V: Vector>(job: &Job<V::Elem>) {
    let whole = job.lines - job.lines % 4;
    // SAFETY: passed on; the groups of lines cover `0..lines`.
    unsafe {
        for i in (0..whole).step_by(4) {
            dots_of::<V, 4>(job, i);
        }
        for i in whole..job.lines {
            dots_of::<V, 1>(job, i);
        }
    }
}

/// The dot products of `R` neighbouring lines, each in two chains of vectors, then lane by lane, then the rest.
#[inline(always)]
unsafe fn dots_of<V: Vector, const R: usize>(job: &Job<V::Elem>, first: usize) {
    // SAFETY: the caller promises the lines, and indices stay below `len`.
    unsafe {
        let lines: [*const V::Elem; R] = std::array::from_fn(|r| job.a.offset((first + r) as isize * job.a_line));
        let mut acc = [[V::splat(V::Elem::ZERO); 2]; R];
        let pair = 2 * V::LANES;
        let whole = job.len - job.len % pair;
        for p in (0..whole).step_by(pair) {
            let x = [V::load(job.x.add(p)), V::load(job.x.add(p + V::LANES))];
            for (line, acc) in lines.iter().zip(&mut acc) {
                acc[0] = V::load(line.add(p)).mul_add(x[0], acc[0]);
                acc[1] = V::load(line.add(p + V::LANES)).mul_add(x[1], acc[1]);
            }
        }
        for r in 0..R {
            let mut lanes = [V::Elem::ZERO; 16];
            acc[r][0].add(acc[r][1]).store(lanes.as_mut_ptr());
            let mut sum: V::Elem = lanes[..V::LANES].iter().copied().sum();
            for p in whole..job.len {
                sum += *lines[r].add(p) * *job.x.add(p);
            }
            let y = job.y.add((first + r) * job.y_step);
            *y = if job.add { *y + job.alpha * sum } else { job.alpha * sum };
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
