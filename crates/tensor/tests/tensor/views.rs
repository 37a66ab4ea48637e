//! Reductions, scans, copies and gathers over random strided views against element-by-element references.

use graphrun_tensor::{
    Accum, Num, Reduction, Shape, View, ViewMut, argmax, argmin, copy, copy_into, cumsum, dense, gather, one_hot,
    reduce, scatter_add, tile,
};
use proptest::prelude::*;

/// How a view is made of row-major memory.
#[derive(Clone, Debug)]
struct Recipe {
    sizes: Vec<usize>,
    order: Vec<usize>,
    axis: usize,
    step: isize,
    repeat: usize,
}

fn recipe() -> impl Strategy<Value = Recipe> {
    prop::collection::vec(0usize..9, 1..5).prop_flat_map(|sizes| {
        let rank = sizes.len();
        let order = Just((0..rank).collect::<Vec<_>>()).prop_shuffle();
        (Just(sizes), order, 0..rank, prop::sample::select(vec![-2isize, -1, 1, 2]), 1usize..3)
            .prop_map(|(sizes, order, axis, step, repeat)| Recipe { sizes, order, axis, step, repeat })
    })
}

impl Recipe {
    fn data<T: Num>(&self) -> Vec<T> {
        let len = self.sizes.iter().product();
        (0..len).map(|k| T::from_f64(((k * 7919 + 13) % 101) as f64 / 8.0 - 6.0)).collect()
    }

    /// Permuted, every `step`-th element of one axis, and with a repeated axis in front.
    fn view<'a, T: Num>(&self, data: &'a [T]) -> View<'a, T> {
        let view = View::new(data, Shape::of(&self.sizes)).permuted(&self.order);
        let size = view.shape().sizes()[self.axis];
        let count = size.div_ceil(self.step.unsigned_abs());
        let start = if self.step < 0 { size.saturating_sub(1) } else { 0 };
        let view = view.sliced(self.axis, start, count, self.step);
        let mut sizes = vec![self.repeat];
        sizes.extend_from_slice(view.shape().sizes());
        view.broadcast(Shape::of(&sizes))
    }
}

/// Every index of a shape, in row-major order.
fn indices(sizes: &[usize]) -> Vec<Vec<usize>> {
    sizes.iter().fold(vec![vec![]], |all, &size| {
        all.iter().flat_map(|head| (0..size).map(move |k| [&head[..], &[k]].concat())).collect()
    })
}

fn at<T: Num>(view: &View<'_, T>, index: &[usize]) -> f64 {
    let (data, start) = view.parts();
    let place: isize = index.iter().zip(view.strides()).map(|(&i, &s)| i as isize * s).sum();
    data[(start as isize + place) as usize].to_f64()
}

fn values<T: Num>(view: &View<'_, T>) -> Vec<f64> {
    indices(view.shape().sizes()).iter().map(|i| at(view, i)).collect()
}

fn reals<T: Num>(data: &[T]) -> Vec<f64> {
    data.iter().map(|x| x.to_f64()).collect()
}

/// The elements that each kept position reduces, in row-major order of both.
fn lines<T: Num>(view: &View<'_, T>, axes: &[bool]) -> Vec<Vec<f64>> {
    let sizes = |marked: bool| {
        view.shape().sizes().iter().zip(axes).map(|(&s, &m)| if m == marked { s } else { 1 }).collect::<Vec<_>>()
    };
    let join = |a: &[usize], b: &[usize]| a.iter().zip(b).map(|(x, y)| x + y).collect::<Vec<_>>();
    let reduced = indices(&sizes(true));
    indices(&sizes(false)).iter().map(|kept| reduced.iter().map(|r| at(view, &join(kept, r))).collect()).collect()
}

fn check_reductions<T: Num>(view: View<'_, T>, axes: &[bool]) {
    let lines = lines(&view, axes);
    let mut out = vec![T::from_f64(f64::NAN); lines.len()];
    for reduction in [Reduction::Sum, Reduction::Prod, Reduction::Max, Reduction::Min] {
        reduce(reduction, view, axes, &mut out);
        for (got, line) in out.iter().zip(&lines) {
            let expect = match reduction {
                Reduction::Sum => line.iter().sum::<f64>(),
                Reduction::Prod => line.iter().product(),
                Reduction::Max => line.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                Reduction::Min => line.iter().copied().fold(f64::INFINITY, f64::min),
            };
            // The elements are multiples of 1/8, so that sums are exact; products are rounded and reordered.
            let expect = T::from_f64(expect).to_f64();
            let close = (got.to_f64() - expect).abs() <= 1e-6 * expect.abs();
            assert!(
                got.to_f64() == expect || (reduction == Reduction::Prod && close),
                "{reduction:?}: {got}, not {expect}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn reductions_match(recipe in recipe(), marks in prop::array::uniform8(any::<bool>())) {
        let (single, double) = (recipe.data::<f32>(), recipe.data::<f64>());
        let (single, double) = (recipe.view(&single), recipe.view(&double));
        let axes = &marks[..single.shape().rank()];
        check_reductions(single, axes);
        check_reductions(double, axes);
    }

    #[test]
    fn running_sums_and_extremes_match(recipe in recipe(), axis in 0usize..8, reverse in any::<bool>()) {
        let data = recipe.data::<f32>();
        let view = recipe.view(&data);
        let shape = view.shape();
        let axis = axis % shape.rank();
        let mut sums = vec![f32::NAN; shape.len()];
        cumsum(view, axis, reverse, &mut sums);
        let expect: Vec<f64> = indices(shape.sizes()).iter().map(|index| {
            let part = if reverse { index[axis]..shape.sizes()[axis] } else { 0..index[axis] + 1 };
            part.map(|k| { let mut i = index.clone(); i[axis] = k; at(&view, &i) }).sum()
        }).collect();
        prop_assert_eq!(reals(&sums), expect);

        let axes: Vec<bool> = (0..shape.rank()).map(|k| k == axis).collect();
        let lines = lines(&view, &axes);
        let first = |line: &Vec<f64>, best: f64| line.iter().position(|&x| x == best).unwrap_or(0) as i64;
        let mut places = vec![-1; lines.len()];
        argmax(view, axis, &mut places);
        let most = |l: &Vec<f64>| first(l, l.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        prop_assert_eq!(&places, &lines.iter().map(most).collect::<Vec<_>>());
        argmin(view, axis, &mut places);
        let least = |l: &Vec<f64>| first(l, l.iter().copied().fold(f64::INFINITY, f64::min));
        prop_assert_eq!(&places, &lines.iter().map(least).collect::<Vec<_>>());
    }

    #[test]
    fn copies_match(recipe in recipe(), order in 0usize..24, repeats in prop::array::uniform8(0usize..3)) {
        let data = recipe.data::<f64>();
        let view = recipe.view(&data);
        let shape = view.shape();
        let expect = values(&view);
        let mut out = vec![f64::NAN; shape.len()];
        copy(view, ViewMut::new(&mut out, shape));
        prop_assert_eq!(&out, &expect);
        let mut room = vec![f64::NAN; shape.len()];
        prop_assert_eq!(dense(view, &mut room), &expect[..]);

        // Into permuted, strided memory: every second row of a larger array, backwards.
        let rank = shape.rank();
        let mut axes: Vec<usize> = (0..rank).collect();
        axes.rotate_left(order % rank);
        let permuted = view.permuted(&axes);
        let mut sizes = permuted.shape().sizes().to_vec();
        let count = sizes[0];
        sizes[0] = 2 * count;
        let large = Shape::of(&sizes);
        let mut memory = vec![f64::NAN; large.len()];
        let to = ViewMut::new(&mut memory, large).strided().sliced(0, (2 * count).saturating_sub(1), count, -2);
        copy_into(permuted, to);
        let back = View::new(&memory, large);
        let got = values(&back.sliced(0, (2 * count).saturating_sub(1), count, -2));
        prop_assert_eq!(got, values(&permuted));
        let skipped = values(&back.sliced(0, 0, count, 2));
        prop_assert!(skipped.iter().all(|x| x.is_nan()), "a write beside the slice");

        let repeats = &repeats[..rank];
        let tiled = Shape::of(&shape.sizes().iter().zip(repeats).map(|(s, r)| s * r).collect::<Vec<_>>());
        let mut out = vec![f64::NAN; tiled.len()];
        tile(view, repeats, ViewMut::new(&mut out, tiled));
        let expect: Vec<f64> = indices(tiled.sizes()).iter().map(|index| {
            let wrapped: Vec<usize> = index.iter().zip(shape.sizes()).map(|(i, s)| i % s).collect();
            at(&view, &wrapped)
        }).collect();
        prop_assert_eq!(out, expect);
    }

    #[test]
    fn gathers_match(recipe in recipe(), axis in 0usize..8, picks in prop::collection::vec(0i64..64, 0..7)) {
        let data = recipe.data::<f32>();
        let view = recipe.view(&data);
        let shape = view.shape();
        let axis = axis % shape.rank();
        let size = shape.sizes()[axis];
        let picks: Vec<i64> = if size == 0 { vec![] } else { picks.iter().map(|p| p % size as i64).collect() };
        let index = View::new(&picks, Shape::of(&[picks.len()]));
        let mut sizes = shape.sizes().to_vec();
        sizes[axis] = picks.len();
        let mut out = vec![f32::NAN; sizes.iter().product()];
        gather(view, axis, index, &mut out);
        let source = |i: &Vec<usize>| { let mut i = i.clone(); i[axis] = picks[i[axis]] as usize; i };
        let expect: Vec<f64> = indices(&sizes).iter().map(|i| at(&view, &source(i))).collect();
        prop_assert_eq!(reals(&out), expect);

        let mut back = vec![f32::NAN; shape.len()];
        scatter_add(&mut back, shape, Accum::Replace, axis, index, &out);
        let mut expect = vec![0.0; shape.len()];
        let strides = shape.strides();
        for (i, &g) in indices(&sizes).iter().zip(&out) {
            let place: isize = source(i).iter().zip(&strides).map(|(&i, s)| i as isize * s).sum();
            expect[place as usize] += f64::from(g);
        }
        prop_assert_eq!(reals(&back), expect);

        let mut rows = vec![f32::NAN; picks.len() * size];
        one_hot(index, size, &mut rows);
        let expect = picks.iter().flat_map(|&p| (0..size).map(move |k| f64::from(u8::from(k as i64 == p))));
        prop_assert_eq!(reals(&rows), expect.collect::<Vec<_>>());
    }
}

#[test]
fn large_transposes_match() {
    for [rows, cols] in [[33, 70], [64, 64], [1, 9], [17, 8]] {
        let data: Vec<i64> = (0..(rows * cols) as i64).map(|k| k << 50 | k).collect();
        let view = View::new(&data, Shape::of(&[rows, cols])).permuted(&[1, 0]);
        let mut out = vec![-1; rows * cols];
        copy(view, ViewMut::new(&mut out, view.shape()));
        for j in 0..cols {
            for i in 0..rows {
                assert_eq!(out[j * rows + i], data[i * cols + j]);
            }
        }
    }
}

/// Sums of terms that cancel stay within 2 ULP of the sum of magnitudes, whatever the axis.
#[test]
fn long_sums_keep_their_digits() {
    fn check<T: Num>(ulp: f64) {
        let len = 300_001;
        let term = |k: usize| if k.is_multiple_of(2) { 1.0 + (k % 997) as f64 / 997.0 } else { -1.5 };
        let data: Vec<T> = (0..len * 3).map(|k| T::from_f64(term(k / 3))).collect();
        let view = View::new(&data, Shape::of(&[len, 3]));
        let column: Vec<f64> = data.iter().step_by(3).map(|x| x.to_f64()).collect();
        // Exact to 2^-106: the high and low halves of the sum, kept apart.
        let (high, low) = column.iter().fold((0.0f64, 0.0f64), |(high, low), &x| {
            let sum = high + x;
            let part = sum - high;
            (sum, low + ((high - (sum - part)) + (x - part)))
        });
        let bound = 2.0 * ulp * column.iter().map(|x| x.abs()).sum::<f64>();
        let mut out = [T::ZERO; 3];
        reduce(Reduction::Sum, view, &[true, false], &mut out);
        let mut across = [T::ZERO; 3];
        let mut dense_columns = vec![T::ZERO; len * 3];
        let columns = view.permuted(&[1, 0]);
        copy(columns, ViewMut::new(&mut dense_columns, columns.shape()));
        reduce(Reduction::Sum, View::new(&dense_columns, columns.shape()), &[false, true], &mut across);
        for got in out.iter().chain(&across) {
            assert!((got.to_f64() - high - low).abs() <= bound, "{got}, not {high}");
        }
    }
    check::<f32>(f64::from(f32::EPSILON) / 2.0);
    check::<f64>(f64::EPSILON / 2.0);
}

#[test]
fn infinities_and_nan_come_through() {
    let sum = |data: &[f64]| {
        let mut out = [0.0];
        reduce(Reduction::Sum, View::new(data, Shape::of(&[data.len()])), &[true], &mut out);
        out[0]
    };
    assert_eq!(sum(&[1.0, f64::INFINITY, 2.0]), f64::INFINITY);
    assert!(sum(&[f64::NEG_INFINITY, f64::INFINITY]).is_nan());
    let mut out = [0.0f32];
    let data = [1.0, f32::NAN, 3.0];
    let view = View::new(&data, Shape::of(&[3]));
    for reduction in [Reduction::Max, Reduction::Min] {
        reduce(reduction, view, &[true], &mut out);
        assert!(out[0].is_nan(), "{reduction:?}");
    }
    let mut place = [-1];
    argmax(view, 0, &mut place);
    assert_eq!(place, [1]);
}
