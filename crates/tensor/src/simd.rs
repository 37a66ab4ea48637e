//! Vectors of one instruction set behind one trait, and the choice of the set at run time.
//!
//! An inner loop is written once, generic over [`Vector`]; `table!` compiles it for every instruction set into
//! one [`Loops`] each, and [`Lanes::loops`] hands out the best that this processor runs.
#![allow(unsafe_code)]

use crate::mat::Mat;
use crate::matvec;
use crate::micro::{self, GradTile, Tile, UnitTile, WindowTile};
use crate::pack;
use crate::real::Real;
use crate::reduce::{Compensated, Running};

/// The lanes of the widest vector.
pub(crate) const WIDEST: usize = 16;

/// A register of [`Vector::LANES`] elements.
///
/// # Safety
/// The functions of an implementation run only where the processor has its instruction set.
pub(crate) unsafe trait Vector: Copy {
    /// What a lane holds.
    type Elem: Real;
    /// The number of lanes.
    const LANES: usize;
    /// The most rows of two vectors, beside the factors of a step, that the registers hold.
    const ROWS: usize;
    /// The side of the square that [`Vector::transpose`] transposes.
    const BLOCK: usize;
    /// `x` in every lane.
    unsafe fn splat(x: Self::Elem) -> Self;
    /// The `LANES` elements at `from`, of any alignment.
    unsafe fn load(from: *const Self::Elem) -> Self;
    /// Writes the `LANES` elements at `to`, of any alignment.
    unsafe fn store(self, to: *mut Self::Elem);
    /// `self * b + c`.
    unsafe fn mul_add(self, b: Self, c: Self) -> Self;
    /// `self + b`.
    unsafe fn add(self, b: Self) -> Self;
    /// The sum of the lanes: the upper half is added to the lower one until one is left.
    unsafe fn sum(self) -> Self::Elem;
    /// Writes the transpose of the square of side `BLOCK` at `from`, whose rows are `step` apart, to the square at
    /// `to`, whose rows are `to_step` apart.
    unsafe fn transpose(from: *const Self::Elem, step: isize, to: *mut Self::Elem, to_step: usize);
}

/// Runs `work` compiled for the best vectors of this processor: what is inlined into it, as the closure itself is to be.
pub(crate) fn vectorised(work: impl FnMut()) {
    // A closure given to `dispatch` is called through a shim that is not inlined, and keeps to the least vectors there are.
    struct Work<F>(F);
    impl<F: FnMut()> pulp::WithSimd for Work<F> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: pulp::Simd>(mut self, _: S) {
            (self.0)();
        }
    }
    pulp::Arch::new().dispatch(Work(work));
}

/// The inner loops compiled for one instruction set.
pub(crate) struct Loops<T> {
    /// Whether the instruction set is one that these loops were made for.
    pub(crate) tuned: bool,
    /// The most rows of a tile for which its sums, two vectors a row, stay in registers.
    pub(crate) height: usize,
    /// The columns of a tile: two vectors.
    pub(crate) width: usize,
    /// [`micro::tile`].
    pub(crate) tile: unsafe fn(&Tile<T>),
    /// [`micro::window_tile`].
    pub(crate) window_tile: unsafe fn(&WindowTile<'_, T>),
    /// [`micro::unit_tile`].
    pub(crate) unit_tile: unsafe fn(&UnitTile<'_, T>),
    /// [`micro::grad_tile`].
    pub(crate) grad_tile: unsafe fn(&GradTile<T>),
    /// [`pack::panel`].
    pub(crate) pack: unsafe fn(&Mat<'_, T>, *mut T),
    /// [`micro::transpose`].
    pub(crate) transpose: unsafe fn([usize; 2], *const T, isize, *mut T, usize),
    /// [`matvec::dots`].
    pub(crate) dots: unsafe fn(&matvec::Job<T>),
    /// [`matvec::axpys`].
    pub(crate) axpys: unsafe fn(&matvec::Job<T>),
    /// [`micro::spin`].
    pub(crate) spin: unsafe fn(usize, T) -> T,
}

/// An element type with compiled inner loops.
pub trait Lanes: Real {
    /// A running sum within 2 ULP of the sum of magnitudes, however many its terms.
    #[doc(hidden)]
    type Summed: Running<Self>;
    /// The least of all values.
    const NEG_INFINITY: Self;
    #[doc(hidden)]
    #[allow(private_interfaces)]
    fn loops() -> &'static Loops<Self>;
}

macro_rules! table {
    ($name:ident, $vector:ty, $elem:ty, tuned: $tuned:literal $(, $features:literal)?) => {
        static $name: Loops<$elem> = {
            $(#[target_feature(enable = $features)])?
            unsafe fn tile(t: &Tile<$elem>) {
                // SAFETY: the caller of a table's loop has checked for its instruction set and passes on the
                // promise that the pointers of the job are valid.
                unsafe { micro::tile::<$vector>(t) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn window_tile(t: &WindowTile<'_, $elem>) {
                // SAFETY: as in `tile`.
                unsafe { micro::window_tile::<$vector>(t) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn unit_tile(t: &UnitTile<'_, $elem>) {
                // SAFETY: as in `tile`.
                unsafe { micro::unit_tile::<$vector>(t) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn grad_tile(t: &GradTile<$elem>) {
                // SAFETY: as in `tile`.
                unsafe { micro::grad_tile::<$vector>(t) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn pack(b: &Mat<'_, $elem>, to: *mut $elem) {
                // SAFETY: as in `tile`.
                unsafe { pack::panel::<$vector>(b, to) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn transpose(size: [usize; 2], from: *const $elem, step: isize, to: *mut $elem, to_step: usize) {
                // SAFETY: as in `tile`.
                unsafe { micro::transpose::<$vector>(size, from, step, to, to_step) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn dots(job: &matvec::Job<$elem>) {
                // SAFETY: as in `tile`.
                unsafe { matvec::dots::<$vector>(job) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn axpys(job: &matvec::Job<$elem>) {
                // SAFETY: as in `tile`.
                unsafe { matvec::axpys::<$vector>(job) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn spin(rounds: usize, x: $elem) -> $elem {
                // SAFETY: as in `tile`.
                unsafe { micro::spin::<$vector>(rounds, x) }
            }
            Loops { tuned: $tuned, height: <$vector>::ROWS, width: 2 * <$vector>::LANES, tile, window_tile, unit_tile, grad_tile, pack, transpose, dots, axpys, spin }
        };
    };
}

table!(PORTABLE_F32, Portable<f32>, f32, tuned: false);
table!(PORTABLE_F64, Portable<f64>, f64, tuned: false);

/// Four elements that the compiler puts into whatever registers the baseline has.
#[derive(Clone, Copy)]
pub(crate) struct Portable<T>([T; 4]);

// SAFETY: plain Rust runs everywhere.
unsafe impl<T: Real> Vector for Portable<T> {
    type Elem = T;
    const LANES: usize = 4;
    const ROWS: usize = 6;
    const BLOCK: usize = 4;
    #[inline(always)]
    unsafe fn splat(x: T) -> Self {
        Portable([x; 4])
    }
    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        // SAFETY: the caller promises four elements at `from`.
        Portable(unsafe { from.cast::<[T; 4]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        // SAFETY: the caller promises room for four elements at `to`.
        unsafe { to.cast::<[T; 4]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        Portable(std::array::from_fn(|i| self.0[i] * b.0[i] + c.0[i]))
    }
    #[inline(always)]
    unsafe fn add(self, b: Self) -> Self {
        Portable(std::array::from_fn(|i| self.0[i] + b.0[i]))
    }
    #[inline(always)]
    unsafe fn sum(self) -> T {
        (self.0[0] + self.0[2]) + (self.0[1] + self.0[3])
    }
    #[inline(always)]
    unsafe fn transpose(from: *const T, step: isize, to: *mut T, to_step: usize) {
        for i in 0..4 {
            for j in 0..4 {
                // SAFETY: the caller promises both squares.
                unsafe { *to.add(j * to_step + i) = *from.offset(i as isize * step).add(j) }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(not(target_arch = "x86_64"))]
mod x86 {
    //! No x86 here: the portable loops serve.
    use super::Loops;
    pub(super) fn f32_loops() -> Option<&'static Loops<f32>> {
        None
    }
    pub(super) fn f64_loops() -> Option<&'static Loops<f64>> {
        None
    }
}

impl Lanes for f32 {
    type Summed = f64;
    const NEG_INFINITY: f32 = f32::NEG_INFINITY;
    #[inline]
    #[allow(private_interfaces)]
    fn loops() -> &'static Loops<f32> {
        x86::f32_loops().unwrap_or(&PORTABLE_F32)
    }
}

impl Lanes for f64 {
    type Summed = Compensated;
    const NEG_INFINITY: f64 = f64::NEG_INFINITY;
    #[inline]
    #[allow(private_interfaces)]
    fn loops() -> &'static Loops<f64> {
        x86::f64_loops().unwrap_or(&PORTABLE_F64)
    }
}
