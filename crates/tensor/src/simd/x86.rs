//! AVX2 with FMA, and AVX-512.

use std::arch::x86_64::*;

use super::{GradTile, Loops, Mat, Tile, UnitTile, Vector, WindowTile, matvec, micro, pack};

table!(AVX2_F32, __m256, f32, tuned: true, "avx2,fma");
table!(AVX2_F64, __m256d, f64, tuned: true, "avx2,fma");
table!(AVX512_F32, __m512, f32, tuned: true, "avx512f,avx2,fma");
table!(AVX512_F64, __m512d, f64, tuned: true, "avx512f,avx2,fma");

#[inline]
fn choose<T>(avx512: &'static Loops<T>, avx2: &'static Loops<T>) -> Option<&'static Loops<T>> {
    if !(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")) {
        None
    } else if is_x86_feature_detected!("avx512f") {
        Some(avx512)
    } else {
        Some(avx2)
    }
}

#[inline]
pub(super) fn f32_loops() -> Option<&'static Loops<f32>> {
    choose(&AVX512_F32, &AVX2_F32)
}

#[inline]
pub(super) fn f64_loops() -> Option<&'static Loops<f64>> {
    choose(&AVX512_F64, &AVX2_F64)
}

macro_rules! vector {
    ($vector:ty, $elem:ty, $lanes:literal, $rows:literal, $block:literal, $transpose:ident, $sum:ident,
     $splat:ident $load:ident $store:ident $fma:ident $add:ident) => {
        // SAFETY: the caller runs these only with the instruction set of `$vector`, and promises the memory.
        unsafe impl Vector for $vector {
            type Elem = $elem;
            const LANES: usize = $lanes;
            const ROWS: usize = $rows;
            const BLOCK: usize = $block;
            #[inline(always)]
            unsafe fn splat(x: $elem) -> Self {
                // SAFETY: see the implementation.
                unsafe { $splat(x) }
            }
            #[inline(always)]
            unsafe fn load(from: *const $elem) -> Self {
                // SAFETY: see the implementation.
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $elem) {
                // SAFETY: see the implementation.
                unsafe { $store(to, self) }
            }
            #[inline(always)]
            unsafe fn mul_add(self, b: Self, c: Self) -> Self {
                // SAFETY: see the implementation.
                unsafe { $fma(self, b, c) }
            }
            #[inline(always)]
            unsafe fn add(self, b: Self) -> Self {
                // SAFETY: see the implementation.
                unsafe { $add(self, b) }
            }
            #[inline(always)]
            unsafe fn sum(self) -> $elem {
                // SAFETY: see the implementation.
                unsafe { $sum(self) }
            }
            #[inline(always)]
            unsafe fn transpose(from: *const $elem, step: isize, to: *mut $elem, to_step: usize) {
                // SAFETY: see the implementation.
                unsafe { $transpose(from, step, to, to_step) }
            }
        }
    };
}

vector!(__m256, f32, 8, 6, 8, transpose_f32, sum_f32,
    _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_fmadd_ps _mm256_add_ps);
vector!(__m256d, f64, 4, 6, 4, transpose_f64, sum_f64,
    _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_fmadd_pd _mm256_add_pd);
vector!(__m512, f32, 16, 8, 8, transpose_f32, _mm512_reduce_add_ps,
    _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_fmadd_ps _mm512_add_ps);
vector!(__m512d, f64, 8, 8, 4, transpose_f64, _mm512_reduce_add_pd,
    _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd _mm512_fmadd_pd _mm512_add_pd);

/// Eight lanes to four to two to one.
#[inline]
#[target_feature(enable = "avx2")]
fn sum_f32(x: __m256) -> f32 {
    let four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
}

/// Four lanes to two to one.
#[inline]
#[target_feature(enable = "avx2")]
fn sum_f64(x: __m256d) -> f64 {
    let two = _mm_add_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd::<1>(x));
    _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
}

/// Eight by eight: pairs, quadruples, halves.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn transpose_f32(from: *const f32, step: isize, to: *mut f32, to_step: usize) {
    // SAFETY: the caller promises eight rows of eight elements at `from` and at `to`.
    unsafe {
        let row = |i: isize| _mm256_loadu_ps(from.offset(i * step));
        let pairs = |a, b| (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        let (a0, a1) = pairs(row(0), row(1));
        let (a2, a3) = pairs(row(2), row(3));
        let (a4, a5) = pairs(row(4), row(5));
        let (a6, a7) = pairs(row(6), row(7));
        let quads = |a, b| (_mm256_shuffle_ps::<0x44>(a, b), _mm256_shuffle_ps::<0xee>(a, b));
        let (b0, b1) = quads(a0, a2);
        let (b2, b3) = quads(a1, a3);
        let (b4, b5) = quads(a4, a6);
        let (b6, b7) = quads(a5, a7);
        for (i, (low, high)) in [(b0, b4), (b1, b5), (b2, b6), (b3, b7)].into_iter().enumerate() {
            _mm256_storeu_ps(to.add(i * to_step), _mm256_permute2f128_ps::<0x20>(low, high));
            _mm256_storeu_ps(to.add((i + 4) * to_step), _mm256_permute2f128_ps::<0x31>(low, high));
        }
    }
}

/// Four by four: pairs, halves.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn transpose_f64(from: *const f64, step: isize, to: *mut f64, to_step: usize) {
    // SAFETY: the caller promises four rows of four elements at `from` and at `to`.
    unsafe {
        let row = |i: isize| _mm256_loadu_pd(from.offset(i * step));
        let pairs = |a, b| (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
        let (a0, a1) = pairs(row(0), row(1));
        let (a2, a3) = pairs(row(2), row(3));
        for (i, (low, high)) in [(a0, a2), (a1, a3)].into_iter().enumerate() {
            _mm256_storeu_pd(to.add(i * to_step), _mm256_permute2f128_pd::<0x20>(low, high));
            _mm256_storeu_pd(to.add((i + 2) * to_step), _mm256_permute2f128_pd::<0x31>(low, high));
        }
    }
}
