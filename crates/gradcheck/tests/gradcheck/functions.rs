//! Verdicts on plain functions: right and wrong gradients, borders, kinks, and everything that must not pass.

use std::cell::Cell;

use graphrun_gradcheck::{Method, Options, Report, Verdict, check_function, check_jacobian, check_second_order};

fn check(f: impl Fn(&[f64]) -> f64, g: impl Fn(&[f64]) -> Vec<f64>, x: &[f64]) -> Report {
    check_function(f, g, x, &Options::default())
}

fn relu(x: f64) -> f64 {
    x.max(0.0)
}

#[test]
fn right_gradients_pass_with_the_digits_asked_for() {
    let report = check(
        |x| (x[0] * x[1]).tanh() + x[2].exp(),
        |x| {
            let s = 1.0 - (x[0] * x[1]).tanh().powi(2);
            vec![s * x[1], s * x[0], x[2].exp()]
        },
        &[0.3, -1.2, 0.7],
    );
    assert_eq!(report.verdict, Verdict::Pass, "{report}");
    assert!(report.digits() >= 9.0, "{report}");
}

#[test]
fn small_wrongs_fail_and_the_element_is_named() {
    for (index, factor) in [(0, 1.0 + 1e-6), (1, 1.0 - 1e-6), (2, -1.0), (0, 2.0), (1, 0.0), (2, 1.001)] {
        let report = check(
            |x| x.iter().map(|v| v.sin()).sum(),
            |x| (0..3).map(|i| x[i].cos() * if i == index { factor } else { 1.0 }).collect(),
            &[0.4, 2.0, -1.0],
        );
        assert_eq!(report.verdict, Verdict::Fail, "element {index} times {factor}: {report}");
        assert_eq!(report.entries[0].worst_index, Some(index), "{report}");
    }
}

#[test]
fn what_proves_nothing_never_passes() {
    let nan = f64::NAN;
    let square = |x: &[f64]| x.iter().map(|v| v * v).sum::<f64>();
    assert_eq!(check(square, |_| vec![nan], &[1.0]).verdict, Verdict::Fail);
    assert_eq!(check(|_| nan, |_| vec![nan], &[1.0]).verdict, Verdict::Fail);
    assert_eq!(check(|_| nan, |_| vec![1.0], &[1.0]).verdict, Verdict::Inconclusive);
    assert_eq!(check(|_| nan, |_| vec![0.0], &[1.0]).verdict, Verdict::Inconclusive);
    assert_eq!(check(square, |_| vec![f64::INFINITY], &[1.0]).verdict, Verdict::Fail);
    assert_eq!(check(square, |_| vec![], &[]).verdict, Verdict::Vacuous);
    assert_eq!(check(|_| 3.0, |_| vec![0.0], &[1.0]).verdict, Verdict::Vacuous);
    assert_eq!(check(square, |_| vec![2.0], &[1.0, 2.0]).verdict, Verdict::Fail);
    // Noise of a hundredth hides any slope: no verdict but inconclusive is honest.
    let state = Cell::new(1u64);
    let noisy = |x: &[f64]| {
        state.set(state.get().wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407));
        x[0] + (state.get() >> 40) as f64 / (1u64 << 24) as f64 * 0.01
    };
    assert_eq!(check(noisy, |_| vec![1.0], &[0.5]).verdict, Verdict::Inconclusive);
}

#[test]
fn no_digit_is_proved_where_a_side_is_no_finite_number() {
    let square = |x: &[f64]| x[0] * x[0];
    let coarse = Options { method: Method::Forward, step: 1e300, ..Options::default() };
    let endless = check_function(square, |x| vec![2.0 * x[0]], &[1.0], &coarse);
    let pole = check(|x| 1.0 / x[0], |x| vec![-1.0 / (x[0] * x[0])], &[1e-200]);
    for report in [endless, pole] {
        assert_eq!(report.digits(), 0.0, "{report}");
    }
}

#[test]
fn a_quotient_that_is_no_finite_number_passes_nothing() {
    for method in [Method::Forward, Method::Backward, Method::Central] {
        let options = Options { method, step: 1e300, ..Options::default() };
        // For central differences the values cancel, infinity against infinity.
        for slope in [0.0, 2.0] {
            let report = check_function(|x| x[0] * x[0], |_| vec![slope], &[1.0], &options);
            assert!(!report.is_proved(), "{method:?}, {slope}: {report}");
        }
    }
}

#[test]
fn a_zero_among_others_passes() {
    let report = check(|x| x[0].exp() + 0.0 * x[1], |x| vec![x[0].exp(), 0.0], &[1.0, 2.0]);
    assert_eq!(report.verdict, Verdict::Pass, "{report}");
    assert!(report.entries[0].max_rel_error < 1e-9, "{report}");
    let missed = check(|x| x[0].exp() + 1e-3 * x[1], |x| vec![x[0].exp(), 0.0], &[1.0, 2.0]);
    assert_eq!(missed.verdict, Verdict::Fail, "{missed}");
}

#[test]
fn an_exact_kink_wants_a_gradient_between_the_slopes() {
    let f = |x: &[f64]| relu(x[0]) + 3.0 * x[1];
    for (slope, expect) in
        [(0.0, Verdict::Kink), (0.5, Verdict::Kink), (1.0, Verdict::Kink), (1.5, Verdict::Fail), (-0.1, Verdict::Fail)]
    {
        let report = check(f, |_| vec![slope, 3.0], &[0.0, 1.0]);
        assert_eq!(report.verdict, expect, "slope {slope}: {report}");
        assert_eq!(report.entries[0].kinks, 1);
    }
    assert_eq!(check(|x| x[0].abs(), |_| vec![0.0], &[0.0]).verdict, Verdict::Kink);
}

#[test]
fn a_tie_of_two_is_a_kink_of_both() {
    let report = check(|x| x[0].max(x[1]), |_| vec![1.0, 0.0], &[0.7, 0.7]);
    assert_eq!((report.verdict, report.entries[0].kinks), (Verdict::Kink, 2), "{report}");
    let both = check(|x| x[0].max(x[1]), |_| vec![1.1, 0.0], &[0.7, 0.7]);
    assert_eq!(both.verdict, Verdict::Fail, "{both}");
}

#[test]
fn a_kink_nearby_is_stepped_around() {
    for distance in [0.04, 1e-3, 1e-5, 1e-6] {
        let report = check(|x| relu(x[0]).powi(2) + relu(x[0]), |x| vec![2.0 * x[0] + 1.0], &[distance]);
        assert_eq!(report.verdict, Verdict::Pass, "at {distance}: {report}");
        let wrong = check(|x| relu(x[0]), |_| vec![0.5], &[distance]);
        assert_eq!(wrong.verdict, Verdict::Fail, "at {distance}: {wrong}");
    }
}

#[test]
fn a_branch_signature_shortens_the_steps() {
    let branch = |x: &[f64]| u64::from(x[0] > 0.0);
    let options = Options { branch: Some(&branch), ..Options::default() };
    let with = check_function(|x| relu(x[0]), |_| vec![1.0], &[1e-4], &options);
    let without = check(|x| relu(x[0]), |_| vec![1.0], &[1e-4]);
    assert_eq!((with.verdict, without.verdict), (Verdict::Pass, Verdict::Pass));
    assert!(with.evaluations() < without.evaluations());
    let exact = check_function(|x| relu(x[0]), |_| vec![1.0], &[0.0], &options);
    assert_eq!(exact.verdict, Verdict::Kink, "{exact}");
}

#[test]
fn steps_stay_inside_the_domain() {
    let f = |x: &[f64]| {
        assert!(x.iter().all(|v| (0.0..=1.0).contains(v)), "left the domain: {x:?}");
        x.iter().map(|v| v * v * v).sum()
    };
    let options = Options { domain: (0.0, 1.0), ..Options::default() };
    let g = |x: &[f64]| x.iter().map(|v| 3.0 * v * v).collect::<Vec<f64>>();
    assert_eq!(check_function(f, g, &[0.0, 0.01, 0.5, 1.0], &options).verdict, Verdict::Pass);
    let many: Vec<f64> = (0..100).map(|i| 0.01 * f64::from(i) + 0.005).collect();
    assert_eq!(check_function(f, g, &many, &options).verdict, Verdict::Pass);
}

#[test]
fn one_wrong_element_among_a_hundred_thousand_is_named() {
    let size = 100_000;
    let x: Vec<f64> = (0..size).map(|i| (f64::from(i) * 0.37).sin()).collect();
    let f = |x: &[f64]| x.iter().map(|v| v / (2.0 + v)).sum::<f64>();
    let right = |x: &[f64]| x.iter().map(|v| 2.0 / ((2.0 + v) * (2.0 + v))).collect::<Vec<f64>>();
    let calls = Cell::new(0);
    let counted = |x: &[f64]| {
        calls.set(calls.get() + 1);
        f(x)
    };
    let clean = check_function(counted, right, &x, &Options::default());
    assert_eq!(clean.verdict, Verdict::Pass, "{clean}");
    assert_eq!(clean.evaluations(), calls.get());
    assert!(calls.get() < 400, "{}", calls.get());
    for (wrong, factor) in [(0, 1.01), (77_777, -1.0), (99_999, 0.0)] {
        let g = |x: &[f64]| {
            let mut g = right(x);
            g[wrong] *= factor;
            g
        };
        for seed in 0..5 {
            let report = check_function(f, g, &x, &Options { seed, ..Options::default() });
            assert_eq!(report.verdict, Verdict::Fail, "{report}");
            assert_eq!(report.entries[0].worst_index, Some(wrong), "{report}");
        }
    }
    let nan = |x: &[f64]| {
        let mut g = right(x);
        g[5] = f64::NAN;
        g
    };
    let report = check_function(f, nan, &x, &Options::default());
    assert_eq!((report.verdict, report.entries[0].worst_index), (Verdict::Fail, Some(5)));
}

#[test]
fn textbook_methods_judge_by_the_lecture_s_error() {
    let f = |x: &[f64]| x.iter().map(|v| v * v).sum::<f64>();
    let g = |x: &[f64]| x.iter().map(|v| 2.0 * v).collect::<Vec<f64>>();
    let x = [1.0, 0.8, 1.3];
    let with = |method, step| check_function(f, g, &x, &Options { method, step, ..Options::default() });
    let forward = with(Method::Forward, 1e-3);
    assert_eq!(forward.verdict, Verdict::Pass, "{forward}");
    assert_eq!(format!("{:.3e}", forward.entries[0].max_rel_error), "3.124e-4");
    assert_eq!(forward.entries[0].worst_index, Some(1));
    // Two for the quotient, and one on the other side for a kink.
    assert_eq!(forward.evaluations(), 9);
    assert!(with(Method::Central, 1e-3).entries[0].max_rel_error < 1e-10);
    let wrong = check_function(f, |x| x.to_vec(), &x, &Options { method: Method::Central, ..Options::default() });
    assert_eq!(wrong.verdict, Verdict::Fail);
}

#[test]
fn textbook_methods_see_kinks_whatever_their_quotient_is() {
    let methods = [Method::Forward, Method::Backward, Method::Central];
    let kinks = |f: &dyn Fn(f64) -> f64, g: f64, x: f64, options: &Options<'_>| {
        let report = check_function(|x| f(x[0]), |_| vec![g], &[x], options);
        (report.verdict, report.entries[0].kinks)
    };
    for method in methods {
        let options = &Options { method, ..Options::default() };
        for (f, slopes) in [(&relu as &dyn Fn(f64) -> f64, [0.0, 0.5, 1.0]), (&f64::abs, [-1.0, 0.0, 1.0])] {
            for slope in slopes {
                assert_eq!(kinks(f, slope, 0.0, options), (Verdict::Kink, 1), "{method:?}: {slope}");
            }
            assert_eq!(kinks(f, 2.0, 0.0, options), (Verdict::Fail, 1), "{method:?}");
            assert_eq!(kinks(f, 1.0, 0.5, options), (Verdict::Pass, 0), "{method:?}");
        }
    }
    // Where a function is flat its two quotients have other signs, and where it bends they lie apart.
    type Smooth = (fn(f64) -> f64, fn(f64) -> f64);
    let smooth: [Smooth; 4] = [
        (|x| x * x, |x| 2.0 * x),
        (f64::cos, |x| -x.sin()),
        (|x| (50.0 * x).sin(), |x| 50.0 * (50.0 * x).cos()),
        (|x| 1e3 + x * x * x, |x| 3.0 * x * x),
    ];
    for (method, (f, g)) in methods.iter().flat_map(|method| smooth.map(|case| (*method, case))) {
        for x in [-1.3, -1e-3, 0.0, 1e-9, 0.4, 2.0] {
            assert_eq!(kinks(&f, g(x), x, &Options { method, ..Options::default() }).1, 0, "{method:?} at {x}");
        }
    }
    // Nothing is evaluated beyond a border to look for one.
    let inside = |x: f64| {
        assert!(x >= 1.0, "{x}");
        x.sqrt()
    };
    let options = Options { method: Method::Forward, domain: (1.0, 9.0), ..Options::default() };
    assert_eq!(kinks(&inside, 0.5, 1.0, &options), (Verdict::Pass, 0));
}

#[test]
fn jacobians_are_checked_row_by_row() {
    let f = |x: &[f64]| vec![x[0] * x[1], x[0] + x[1]];
    let right = |x: &[f64]| vec![vec![x[1], x[0]], vec![1.0, 1.0]];
    assert_eq!(check_jacobian(f, right, &[2.0, 3.0], &Options::default()).verdict, Verdict::Pass);
    let transposed = |x: &[f64]| vec![vec![x[1], 1.0], vec![x[0], 1.0]];
    let report = check_jacobian(f, transposed, &[2.0, 3.0], &Options::default());
    assert_eq!(report.verdict, Verdict::Fail);
    let short = |x: &[f64]| vec![vec![x[1], x[0]]];
    assert_eq!(check_jacobian(f, short, &[2.0, 3.0], &Options::default()).verdict, Verdict::Fail);
}

#[test]
fn second_order_is_held_against_gradients_and_symmetry() {
    let gradient = |x: &[f64]| vec![2.0 * x[0] * x[1], x[0] * x[0] + x[1].cos()];
    let right =
        |x: &[f64], v: &[f64]| vec![2.0 * x[1] * v[0] + 2.0 * x[0] * v[1], 2.0 * x[0] * v[0] - x[1].sin() * v[1]];
    let options = Options::default();
    let report = check_second_order(gradient, right, &[0.5, 1.5], &options);
    assert_eq!(report.verdict, Verdict::Pass, "{report}");
    let lopsided = |x: &[f64], v: &[f64]| vec![2.0 * x[1] * v[0], 2.0 * x[0] * v[0] - x[1].sin() * v[1]];
    let report = check_second_order(gradient, lopsided, &[0.5, 1.5], &options);
    assert_eq!(report.verdict, Verdict::Fail);
    assert_eq!(report.entries[2].verdict, Verdict::Fail, "{report}");
}
