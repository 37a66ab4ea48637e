//! Matrix products against a plain triple loop in `f64`.

use graphrun_tensor::{Accum, Lanes, Mat, MatMut, Num, matmul, matmul_scratch};
use proptest::prelude::*;

/// A factor of `rows` by `cols` in memory of its own layout, and its elements in row-major order.
struct Factor<T> {
    data: Vec<T>,
    offset: usize,
    size: [usize; 2],
    strides: [isize; 2],
}

/// The layouts: row-major, column-major, both with gaps, backwards, and with a repeated row.
const LAYOUTS: usize = 6;

impl<T: Num> Factor<T> {
    fn new([rows, cols]: [usize; 2], layout: usize, seed: u64) -> Factor<T> {
        let (r, c) = (rows as isize, cols as isize);
        let strides = match layout {
            0 => [c, 1],
            1 => [1, r],
            2 => [2 * c + 3, 2],
            3 => [3, 3 * r + 1],
            4 => [-c, -1],
            _ => [0, 1],
        };
        let span = |n: isize, s: isize| (n - 1).max(0) * s.abs();
        let len = (span(r, strides[0]) + span(c, strides[1]) + 1) as usize;
        let mut state = seed;
        let data = (0..len).map(|_| T::from_f64(random(&mut state))).collect();
        let offset = if layout == 4 { len - 1 } else { 0 };
        Factor { data, offset, size: [rows, cols], strides }
    }

    fn mat(&self) -> Mat<'_, T> {
        Mat::new(&self.data, self.offset, self.size, self.strides)
    }

    fn at(&self, i: usize, j: usize) -> f64 {
        let place = self.offset as isize + i as isize * self.strides[0] + j as isize * self.strides[1];
        self.data[place as usize].to_f64()
    }
}

/// A number in [-1, 1), by Knuth's linear congruence.
fn random(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// Checks `matmul` at one size against the triple loop.
fn check<T: Num + Lanes>([m, n, k]: [usize; 3], layouts: [usize; 2], gap: usize, epsilon: f64) {
    let a = Factor::<T>::new([m, k], layouts[0], 1);
    let b = Factor::<T>::new([k, n], layouts[1], 2);
    let alpha = T::from_f64(-0.75);
    let row = n + gap;
    for accum in [Accum::Replace, Accum::Add] {
        let start = if accum == Accum::Add { T::from_f64(0.5) } else { T::from_f64(f64::NAN) };
        let mut out = vec![start; m * row];
        let mut scratch = vec![T::from_f64(f64::NAN); matmul_scratch::<T>(m, n, k)];
        matmul(MatMut::new(&mut out, m, n, row), accum, alpha, a.mat(), b.mat(), &mut scratch);

        for i in 0..m {
            for j in 0..n {
                let products = (0..k).map(|p| -0.75 * a.at(i, p) * b.at(p, j));
                let before = if accum == Accum::Add { 0.5 } else { 0.0 };
                let expect = before + products.clone().sum::<f64>();
                // The error of a sum of k rounded products is at most k + 2 roundings of their magnitudes.
                let bound = epsilon * (k + 2) as f64 * (before + products.map(f64::abs).sum::<f64>());
                let got = out[i * row + j].to_f64();
                assert!((got - expect).abs() <= bound, "{m}x{k}x{n} at {i},{j}: {got}, not {expect}");
            }
        }
        for i in 0..m {
            for gap in &out[i * row + n..(i + 1) * row] {
                assert!(*gap == start || start.partial_cmp(&start).is_none(), "a write beside the output");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_product_matches_the_triple_loop(
        sizes in prop::array::uniform3(0usize..40),
        layouts in prop::array::uniform2(0usize..LAYOUTS),
        gap in 0usize..3,
    ) {
        check::<f32>(sizes, layouts, gap, f64::from(f32::EPSILON));
        check::<f64>(sizes, layouts, gap, f64::EPSILON);
    }

    #[test]
    fn one_row_or_column_matches_the_triple_loop(
        (n, k) in (1usize..120, 1usize..120),
        column in any::<bool>(),
        layouts in prop::array::uniform2(0usize..LAYOUTS),
        gap in 0usize..3,
    ) {
        let sizes = if column { [n, 1, k] } else { [1, n, k] };
        check::<f32>(sizes, layouts, gap, f64::from(f32::EPSILON));
        check::<f64>(sizes, layouts, gap, f64::EPSILON);
    }
}

#[test]
fn sizes_past_every_block_match_the_triple_loop() {
    for sizes in [[200, 33, 300], [30, 1100, 20], [23, 1040, 513], [7, 5, 600], [40, 1100, 70]] {
        for layouts in [[0, 0], [1, 0], [0, 1], [1, 1]] {
            check::<f32>(sizes, layouts, 0, f64::from(f32::EPSILON));
            check::<f64>(sizes, layouts, 1, f64::EPSILON);
        }
    }
}

/// Rows have the same bits however they are grouped into larger products and wherever they lie.
#[test]
fn grouping_and_alignment_leave_the_bits_alone() {
    let (m, n, k) = (50, 37, 300);
    for layouts in [[0, 0], [0, 1], [1, 0], [1, 1]] {
        let a = Factor::<f32>::new([m, k], layouts[0], 3);
        let b = Factor::<f32>::new([k, n], layouts[1], 4);
        let product = |group: usize, shift: usize| {
            let mut out = vec![0.0f32; m * n + shift];
            let mut scratch = vec![0.0; matmul_scratch::<f32>(m, n, k) + shift];
            for top in (0..m).step_by(group) {
                let rows = group.min(m - top);
                let mut all = MatMut::row_major(&mut out[shift..], m, n);
                let part = all.block([top, 0], [rows, n]);
                let left = a.mat().block([top, 0], [rows, k]);
                matmul(part, Accum::Replace, 1.0, left, b.mat(), &mut scratch[shift..]);
            }
            out[shift..].iter().map(|x| x.to_bits()).collect::<Vec<_>>()
        };
        let whole = product(m, 0);
        for (group, shift) in [(8, 1), (16, 3), (25, 0), (50, 5)] {
            assert_eq!(product(group, shift), whole, "{layouts:?}: rows by {group}, shifted by {shift}");
        }
    }
}
