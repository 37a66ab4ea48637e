//! Reductions of a strided view over any set of axes.
//!
//! The order of every sum is a function of the shape and strides alone. Sums are held in `f64` for `f32` and with a
//! running compensation (Neumaier, ZAMM 54, 1974) for `f64`, which keeps them within 2 ULP of the sum of magnitudes.
#![allow(unsafe_code)]

use crate::real::Real;
use crate::simd::vectorised;
use crate::view::{Num, View};
use crate::walk::Nest;

/// What a reduction makes of the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// The sum; 0 of nothing.
    Sum,
    /// The product; 1 of nothing.
    Prod,
    /// The greatest, or NaN where there is one; negative infinity of nothing.
    Max,
    /// The least, or NaN where there is one; infinity of nothing.
    Min,
}

/// Reduces `x` over the axes that `axes` marks into `out`, the remaining axes in row-major order.
///
/// # Panics
/// When `axes` has not one mark an axis, or `out` not one element for each position of the remaining axes.
pub fn reduce<T: Num>(reduction: Reduction, x: View<'_, T>, axes: &[bool], out: &mut [T]) {
    match reduction {
        Reduction::Sum => fold::<T, T::Summed>(x, axes, out),
        Reduction::Prod => fold::<T, Product>(x, axes, out),
        Reduction::Max => fold::<T, Greatest<T>>(x, axes, out),
        Reduction::Min => fold::<T, Least<T>>(x, axes, out),
    }
}

/// A running reduction.
pub trait Running<T>: Copy {
    /// The reduction of nothing.
    const START: Self;
    /// With one more element.
    #[must_use]
    fn with(self, x: T) -> Self;
    /// With the elements that `other` has seen.
    #[must_use]
    fn and(self, other: Self) -> Self;
    /// The result.
    fn end(self) -> T;
}

/// The columns that are reduced side by side when the innermost axis is kept.
const COLUMNS: usize = 64;

/// The chains of a contiguous run.
const CHAINS: usize = 32;

fn fold<T: Num, R: Running<T>>(x: View<'_, T>, axes: &[bool], out: &mut [T]) {
    let (sizes, strides) = (x.shape(), x.strides());
    assert_eq!(axes.len(), sizes.rank(), "a mark for each axis of {sizes}");
    let part =
        |marked: bool| (0..axes.len()).filter(move |&k| axes[k] == marked).map(move |k| (x.shape().sizes()[k], k));
    let kept = Nest::of(part(false).map(|(size, k)| (size, [strides[k]])));
    let reduced = Nest::of(part(true).map(|(size, k)| (size, [strides[k]])));
    assert_eq!(out.len(), part(false).map(|(size, _)| size).product::<usize>(), "an output for the kept axes");
    if sizes.is_empty() {
        out.fill(R::START.end());
        return;
    }
    let (data, start) = x.parts();
    let data = data.as_ptr();
    let (kept_outer, columns, [across]) = kept.split_inner();
    let (reduced_outer, len, [step]) = reduced.split_inner();
    let side_by_side = columns > 1 && len > 1 && across.abs() < step.abs();
    vectorised(
        #[inline(always)]
        || {
            let mut next = 0;
            kept_outer.for_each([start as isize], |[at]| {
                let row = &mut out[next..next + columns];
                next += columns;
                if side_by_side {
                    for (left, part) in (0..columns).step_by(COLUMNS).zip(row.chunks_mut(COLUMNS)) {
                        let mut acc = [R::START; COLUMNS];
                        reduced.for_each([at + left as isize * across], |[from]| {
                            // SAFETY: the nests cover the positions of the view, which vouches for them.
                            unsafe { add_row(&mut acc[..part.len()], data.offset(from), across) }
                        });
                        part.iter_mut().zip(acc).for_each(|(y, acc)| *y = acc.end());
                    }
                    return;
                }
                for (j, y) in row.iter_mut().enumerate() {
                    let mut acc = R::START;
                    reduced_outer.for_each([at + j as isize * across], |[from]| {
                        // SAFETY: the nests cover the positions of the view, which vouches for them.
                        acc = acc.and(unsafe { run::<T, R>(data.offset(from), len, step) });
                    });
                    *y = acc.end();
                }
            });
        },
    );
}

/// Adds a row of elements `step` apart to the accumulators.
///
/// # Safety
/// There is an element for each accumulator.
#[inline(always)]
unsafe fn add_row<T: Copy, R: Running<T>>(acc: &mut [R], from: *const T, step: isize) {
    // SAFETY: passed on.
    unsafe {
        if step == 1 {
            let row = std::slice::from_raw_parts(from, acc.len());
            acc.iter_mut().zip(row).for_each(|(a, &x)| *a = a.with(x));
        } else {
            acc.iter_mut().enumerate().for_each(|(j, a)| *a = a.with(*from.offset(j as isize * step)));
        }
    }
}

/// Reduces `len` elements `step` apart in interleaved chains that are then joined.
///
/// # Safety
/// The elements exist.
#[inline(always)]
unsafe fn run<T: Copy, R: Running<T>>(from: *const T, len: usize, step: isize) -> R {
    // SAFETY: passed on; every index is below `len`.
    unsafe {
        if step != 1 || len < CHAINS {
            return (0..len as isize).fold(R::START, |acc, k| acc.with(*from.offset(k * step)));
        }
        let (chunks, rest) = std::slice::from_raw_parts(from, len).as_chunks::<CHAINS>();
        let mut acc = [R::START; CHAINS];
        for chunk in chunks {
            for (a, &x) in acc.iter_mut().zip(chunk) {
                *a = a.with(x);
            }
        }
        // Halves onto halves, by arrays of fixed length, which stay in registers.
        let half: [R; CHAINS / 2] = std::array::from_fn(|i| acc[i].and(acc[i + CHAINS / 2]));
        let mut quarter: [R; CHAINS / 4] = std::array::from_fn(|i| half[i].and(half[i + CHAINS / 4]));
        let (chunks, rest) = rest.as_chunks::<{ CHAINS / 4 }>();
        for chunk in chunks {
            for (a, &x) in quarter.iter_mut().zip(chunk) {
                *a = a.with(x);
            }
        }
        let joined = quarter.into_iter().fold(R::START, R::and);
        rest.iter().fold(joined, |acc, &x| acc.with(x))
    }
}

impl Running<f32> for f64 {
    const START: f64 = 0.0;
    #[inline(always)]
    fn with(self, x: f32) -> f64 {
        self + f64::from(x)
    }
    #[inline(always)]
    fn and(self, other: f64) -> f64 {
        self + other
    }
    #[inline(always)]
    fn end(self) -> f32 {
        self as f32
    }
}

/// A sum and the rounding errors it has made.
#[derive(Clone, Copy, Debug)]
pub struct Compensated {
    sum: f64,
    error: f64,
}

impl Running<f64> for Compensated {
    const START: Compensated = Compensated { sum: 0.0, error: 0.0 };
    #[inline(always)]
    fn with(self, x: f64) -> Compensated {
        let sum = self.sum + x;
        let part = sum - self.sum;
        Compensated { sum, error: self.error + ((self.sum - (sum - part)) + (x - part)) }
    }
    #[inline(always)]
    fn and(self, other: Compensated) -> Compensated {
        let joined = self.with(other.sum);
        Compensated { error: joined.error + other.error, ..joined }
    }
    #[inline(always)]
    fn end(self) -> f64 {
        // Infinities and NaN make an error term of NaN, which must not hide them.
        if self.error.is_finite() { self.sum + self.error } else { self.sum }
    }
}

#[derive(Clone, Copy)]
struct Product(f64);

impl<T: Real> Running<T> for Product {
    const START: Product = Product(1.0);
    #[inline(always)]
    fn with(self, x: T) -> Product {
        Product(self.0 * x.to_f64())
    }
    #[inline(always)]
    fn and(self, other: Product) -> Product {
        Product(self.0 * other.0)
    }
    #[inline(always)]
    fn end(self) -> T {
        T::from_f64(self.0)
    }
}

#[derive(Clone, Copy)]
struct Greatest<T>(T);

#[derive(Clone, Copy)]
struct Least<T>(T);

macro_rules! extreme {
    ($name:ident, $beats:tt, $start:expr) => {
        impl<T: Num> Running<T> for $name<T> {
            const START: Self = $name($start);
            #[inline(always)]
            #[allow(clippy::eq_op)]
            fn with(self, x: T) -> Self {
                // NaN is the one value that differs from itself, and it stays once it is there.
                $name(if (x $beats self.0) | (x != x) { x } else { self.0 })
            }
            #[inline(always)]
            fn and(self, other: Self) -> Self {
                self.with(other.0)
            }
            #[inline(always)]
            fn end(self) -> T {
                self.0
            }
        }
    };
}
extreme!(Greatest, >, T::NEG_INFINITY);
extreme!(Least, <, T::INFINITY);
