//! Values over all axes and sizes against plain loops in double precision.

use graphrun_graph::SampleInput;

use crate::testing::{Applied, Array};

use super::reduction::Over;
use super::var::Spread;

/// The shapes tried: nothing in it, one of it, odd ones, longer than any vector register.
const SHAPES: [&[usize]; 7] = [&[0], &[1], &[5], &[0, 3], &[3, 0], &[1, 1], &[3, 67]];

fn wave(len: usize) -> Vec<f64> {
    (0..len).map(|k| ((k * 7919 + 13) % 257) as f64 / 64.0 - 2.0).collect()
}

/// Folds the elements of each row or column, or of all, in order.
fn expected(shape: &[usize], axes: &[i64], data: &[f64], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let [rows, cols] = if let [rows, cols] = shape { [*rows, *cols] } else { [1, shape[0]] };
    let column = |j: usize| (0..rows).map(|i| data[i * cols + j]).collect::<Vec<_>>();
    match (shape.len(), axes) {
        (2, [0]) => (0..cols).map(|j| f(&column(j))).collect(),
        (2, [1]) => (0..rows).map(|i| f(&data[i * cols..][..cols])).collect(),
        _ => vec![f(data)],
    }
}

fn check<O: Send + Sync + 'static>(name: &str, options: impl Fn(Vec<i64>) -> O, f: impl Fn(&[f64]) -> f64) {
    for shape in SHAPES {
        let all: Vec<i64> = (0..shape.len() as i64).collect();
        let mut choices: Vec<Vec<i64>> = all.iter().map(|&axis| vec![axis]).collect();
        choices.push(all);
        for axes in choices {
            let data = wave(shape.iter().product());
            let input = (SampleInput::real(shape), Array::Real(data.clone()));
            let got = Applied::of(name, options(axes.clone()), &[input]).value();
            let want = expected(shape, &axes, &data, &f);
            assert_eq!(got.len(), want.len(), "{name} of {shape:?} over {axes:?}");
            for (got, want) in got.into_iter().zip(want) {
                // The two sums differ in their order alone.
                let same = (got - want).abs() <= 1e-12 * want.abs().max(1.0);
                assert!(
                    same || got == want || (got.is_nan() && want.is_nan()),
                    "{name} of {shape:?}: {got}, not {want}"
                );
            }
        }
    }
}

fn over(axes: Vec<i64>) -> Over {
    Over { axes: Some(axes), keep: false }
}

fn variance(xs: &[f64], less: f64) -> f64 {
    let mean = xs.iter().sum::<f64>() / xs.len() as f64;
    xs.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (xs.len() as f64 - less)
}

#[test]
fn sums_and_products() {
    check("Sum", over, |xs| xs.iter().sum());
    check("Prod", over, |xs| xs.iter().product());
    check("Mean", over, |xs| xs.iter().sum::<f64>() / xs.len() as f64);
    check("LogSumExp", over, |xs| xs.iter().map(|x| x.exp()).sum::<f64>().ln());
}

#[test]
fn extremes() {
    check("Max", over, |xs| xs.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    check("Min", over, |xs| xs.iter().copied().fold(f64::INFINITY, f64::min));
}

#[test]
fn spreads() {
    let spread = |correction| move |axes| Spread { axes: Some(axes), keep: false, correction };
    check("Var", spread(0), |xs| variance(xs, 0.0));
    check("Var", spread(1), |xs| variance(xs, 1.0));
    check("Std", spread(0), |xs| variance(xs, 0.0).sqrt());
}

#[test]
fn extremes_of_infinities_have_one_gradient() {
    for (name, fill) in [("Max", f64::NEG_INFINITY), ("Min", f64::INFINITY)] {
        let input = (SampleInput::real(&[2, 3]), Array::Real(vec![fill; 6]));
        let applied = Applied::of(name, Over::default(), &[input]);
        assert_eq!(applied.value(), [fill]);
        assert_eq!(applied.gradients(&[5.0])[0].1, [5.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }
}

#[test]
fn the_log_of_a_sum_survives_extremes() {
    let check = |data: &[f64], value: f64, gradient: &[f64]| {
        let input = (SampleInput::real(&[data.len()]), Array::Real(data.to_vec()));
        let applied = Applied::of("LogSumExp", Over::default(), &[input]);
        assert_eq!(applied.value(), [value]);
        assert_eq!(applied.gradients(&[1.0])[0].1, gradient);
    };
    check(&[1e4, f64::NEG_INFINITY], 1e4, &[1.0, 0.0]);
    check(&[-1e4, -1e4], -1e4 + 2f64.ln(), &[0.5, 0.5]);
    let input = (SampleInput::real(&[2]), Array::Real(vec![f64::NEG_INFINITY; 2]));
    assert_eq!(Applied::of("LogSumExp", Over::default(), &[input]).value(), [f64::NEG_INFINITY]);
}

#[test]
fn the_first_best_element_is_found() {
    let nan = f64::NAN;
    for (data, axes, largest, smallest) in [
        ([1.0, 5.0, 5.0, 2.0, 2.0, 9.0], vec![1], vec![1, 2], vec![0, 0]),
        ([1.0, 5.0, 5.0, 2.0, 2.0, 9.0], vec![0], vec![1, 0, 1], vec![0, 1, 0]),
        ([3.0, 7.0, 7.0, 0.0, 7.0, 0.0], vec![0, 1], vec![1], vec![3]),
        // The first of those that are no number beats all others.
        ([1.0, nan, 9.0, nan, nan, 0.0], vec![1], vec![1, 0], vec![1, 0]),
    ] {
        for (name, expect) in [("ArgMax", largest), ("ArgMin", smallest)] {
            let applied = Applied::of(name, over(axes.clone()), &[crate::testing::given(&[2, 3], &data)]);
            assert_eq!(applied.run(&[], 0)[applied.y.index()], Array::Index(expect), "{name} {data:?} {axes:?}");
        }
    }
}
