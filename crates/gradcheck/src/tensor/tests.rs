use super::*;
use crate::probe::tests::Told;

/// The entry of a sum over elements of `f` with slopes `df`, changed by `wrong`, and how often the sum was evaluated.
fn checked_with(
    x: &[f64],
    f: impl Fn(usize, f64) -> f64,
    df: impl Fn(usize, f64) -> f64,
    wrong: &[(usize, f64)],
    options: &Options<'_>,
    aid: Aid<'_>,
) -> Entry {
    let mut gradient: Vec<f64> = x.iter().enumerate().map(|(k, v)| df(k, *v)).collect();
    wrong.iter().for_each(|(k, by)| gradient[*k] += by);
    let mut calls = 0;
    let mut sum = |x: &[f64]| {
        calls += 1;
        x.iter().enumerate().map(|(k, v)| f(k, *v)).sum()
    };
    let entry = check_tensor("w", &mut sum, x, &gradient, options, aid);
    assert_eq!((entry.evaluations, entry.name.as_str()), (calls, "w"), "every evaluation is counted");
    entry
}

fn checked(x: &[f64], f: impl Fn(usize, f64) -> f64, df: impl Fn(usize, f64) -> f64, wrong: &[(usize, f64)]) -> Entry {
    checked_with(x, f, df, wrong, &Options::default(), Aid::default())
}

/// Numbers between 1 and 2, none of them twice.
fn spread(size: usize) -> Vec<f64> {
    (0..size).map(|k| 1.0 + (k as f64 * 0.618_034).fract()).collect()
}

#[test]
fn nothing_is_vacuous_and_another_length_is_wrong() {
    let check = |x: &[f64], g: &[f64]| check_tensor("w", &mut |_| 1.0, x, g, &Options::default(), Aid::default());
    assert_eq!(check(&[], &[]).verdict, Verdict::Vacuous);
    for (x, g, index) in [(&[1.0, 2.0][..], &[0.0][..], 1), (&[1.0], &[0.0, 0.0, 0.0], 1), (&[1.0], &[], 0)] {
        let entry = check(x, g);
        assert_eq!((entry.verdict, entry.worst_index, entry.zero), (Verdict::Fail, Some(index), false));
        assert!(entry.max_rel_error.is_nan() && entry.analytic.is_nan() && entry.numeric.is_nan());
    }
}

#[test]
fn small_tensors_go_by_elements_and_large_ones_by_directions() {
    let sin = |options: &Options<'_>, size| {
        checked_with(&spread(size), |_, v| v.sin(), |_, v| v.cos(), &[], options, Aid::default())
    };
    let options = Options::default();
    let (small, large, huge) = (sin(&options, 64), sin(&options, 65), sin(&options, 5000));
    for entry in [&small, &large, &huge] {
        assert!(entry.verdict == Verdict::Pass && entry.digits > 6.0 && entry.kinks == 0, "{entry:?}");
    }
    // Seventeen evaluations an element; three directions and the steepest element.
    assert!(small.evaluations >= 64 * 17 && large.evaluations <= 4 * 33, "{} {}", small.evaluations, large.evaluations);
    assert!(huge.evaluations < 400, "{}", huge.evaluations);
    assert!(sin(&Options { directions: 1, ..options }, 5000).evaluations < huge.evaluations / 2 + 17);
    assert!(sin(&Options { elements: 65, ..options }, 65).evaluations >= 65 * 17);
    // The textbook methods have no directions.
    let central = Options { method: Method::Central, ..options };
    assert!(sin(&central, 200).evaluations >= 200 * 2);
}

#[test]
fn a_wrong_element_is_found_and_named() {
    for size in [3, 65, 1000, 4097] {
        for at in [0, size / 3, size - 1] {
            let entry = checked(&spread(size), |_, v| v * v, |_, v| 2.0 * v, &[(at, 1e-3)]);
            assert_eq!((entry.verdict, entry.worst_index), (Verdict::Fail, Some(at)), "{size}: {entry:?}");
            assert!((entry.analytic - entry.numeric - 1e-3).abs() < 1e-6, "{entry:?}");
            // Each halving looks at both halves: at most some ladders for each.
            assert!(size < 65 || entry.evaluations < 250 * 2 * (size.ilog2() as usize + 3), "{entry:?}");
        }
        // A sum of many small errors is pinned on none of them, and fails all the same.
        let all: Vec<(usize, f64)> = (0..size).map(|k| (k, 1e-4)).collect();
        assert_eq!(checked(&spread(size), |_, v| v * v, |_, v| 2.0 * v, &all).verdict, Verdict::Fail, "{size}");
    }
    // What is no number is named at once.
    for lost in [f64::NAN, f64::INFINITY] {
        let entry = checked(&spread(1000), |_, v| v * v, |_, v| 2.0 * v, &[(77, lost), (300, lost)]);
        assert_eq!((entry.verdict, entry.worst_index), (Verdict::Fail, Some(77)), "{entry:?}");
        assert!(entry.evaluations <= 33, "{entry:?}");
    }
}

/// 3 |v| at the elements named and v^2 elsewhere.
fn hinged(kinked: &[usize]) -> (impl Fn(usize, f64) -> f64, impl Fn(usize, f64) -> f64) {
    let at = kinked.to_vec();
    let also = kinked.to_vec();
    (
        move |k, v: f64| if at.contains(&k) { 3.0 * v.abs() } else { v * v },
        move |k, v: f64| if also.contains(&k) { 0.0 } else { 2.0 * v },
    )
}

fn zeros_at(size: usize, zeros: &[usize]) -> Vec<f64> {
    let mut x = spread(size);
    zeros.iter().for_each(|k| x[*k] = 0.0);
    x
}

#[test]
fn elements_on_kinks_are_counted_and_hide_no_neighbour() {
    let kinked = [5, 6, 299];
    let x = zeros_at(300, &kinked);
    let with = |wrong: &[(usize, f64)]| {
        let (f, df) = hinged(&kinked);
        checked(&x, f, df, wrong)
    };
    let right = with(&[]);
    // Each by itself, and the first direction once more; those after it leave them out.
    assert_eq!((right.verdict, right.kinks), (Verdict::Kink, 3), "{right:?}");
    assert_eq!(with(&[(5, 2.0), (6, -3.0)]).verdict, Verdict::Kink);
    for (at, by) in [(7, 1e-3), (298, -1e-3), (5, 3.1), (299, -3.1)] {
        let wrong = with(&[(at, by)]);
        assert_eq!((wrong.verdict, wrong.worst_index), (Verdict::Fail, Some(at)), "{wrong:?}");
    }
}

#[test]
fn too_many_kinks_prove_nothing_and_excuse_nothing() {
    for (size, every) in [(600, 4), (600, 2), (300, 2)] {
        let kinked: Vec<usize> = (0..size).step_by(every).collect();
        let x = zeros_at(size, &kinked);
        let with = |wrong: &[(usize, f64)]| {
            let (f, df) = hinged(&kinked);
            checked(&x, f, df, wrong)
        };
        let right = with(&[]);
        assert_eq!(right.verdict, Verdict::Inconclusive, "{size} {every}: {right:?}");
        // The direction and a few elements, not all.
        assert_eq!(right.kinks, 3, "{size} {every}: {right:?}");
        assert!(right.evaluations < 8 * size, "{size} {every}: {right:?}");
        let wrong: Vec<(usize, f64)> = kinked.iter().map(|k| (*k, 3.1)).collect();
        assert_eq!(with(&wrong).verdict, Verdict::Fail, "{size} {every}");
    }
    // As many as are looked at one by one are a kink like few.
    for (size, every) in [(700, 5), (2 * MAX_KINKS, 2)] {
        let kinked: Vec<usize> = (0..MAX_KINKS).map(|k| every * k).collect();
        let (f, df) = hinged(&kinked);
        let entry = checked(&zeros_at(size, &kinked), f, df, &[]);
        assert_eq!((entry.verdict, entry.kinks), (Verdict::Kink, MAX_KINKS), "{size}: {entry:?}");
    }
}

/// Which elements stand on kinks, and what it cost to know.
#[test]
fn a_sample_tells_that_half_of_a_tensor_stands_on_kinks() {
    let sharp = |size: usize, kinked: &[usize]| {
        let x = zeros_at(size, kinked);
        let (f, _) = hinged(kinked);
        let mut sum = |x: &[f64]| x.iter().enumerate().map(|(k, v)| f(k, *v)).sum();
        let options = Options::default();
        let mut target = Target { f: &mut sum, x: &x, gradient: &x, options: &options, aid: Aid::default() };
        sharp_elements(&mut target, &vec![1.0; size])
    };
    // Sixteen places are tried in a tensor of 320, from the tenth on every twentieth.
    let places = |count: usize| (0..count).map(|k| 10 + 20 * k).collect::<Vec<_>>();
    let (found, evaluations) = sharp(320, &places(8));
    assert_eq!((found.len(), &found[..8], evaluations), (8 + MAX_KINKS, &places(8)[..], 1 + 4 * 16));
    let (found, evaluations) = sharp(320, &places(7));
    assert_eq!(found, places(7));
    assert!(evaluations > 1 + 4 * (16 + 7), "{evaluations}");
    // In a tensor that small all could be looked at one by one.
    assert_eq!(sharp(160, &(0..8).map(|k| 5 + 10 * k).collect::<Vec<_>>()).0.len(), 8);
}

#[test]
fn what_fails_along_directions_alone_is_asked_of_the_inside() {
    // The one wrong element is explained where it is looked at by itself, so that only directions fail.
    let with = |told: &Told| {
        let aid = Aid { insight: Some(told), lenient: true };
        checked_with(&spread(400), |_, v| v * v, |_, v| 2.0 * v, &[(7, 1e-3)], &Options::default(), aid)
    };
    let explains = || Told { explains: true, ..Told::default() };
    let told = explains();
    let alone = with(&told);
    assert_eq!((alone.verdict, alone.worst_index, told.asked_beside.get()), (Verdict::Fail, None, 1), "{alone:?}");
    let told = Told { right_beside: true, ..explains() };
    let beside = with(&told);
    assert_eq!((beside.verdict, told.asked_beside.get()), (Verdict::Inconclusive, 3), "{beside:?}");
    // An element whose gradient jumps goes out of the directions, and what is left is judged anew.
    let told = Told { jumps: vec![7], ..explains() };
    let entry = with(&told);
    assert_eq!((entry.verdict, entry.worst_index, told.asked_beside.get()), (Verdict::Inconclusive, Some(7), 0));
    let entry = with(&Told { jumps: vec![7], ..Told::default() });
    assert_eq!((entry.verdict, entry.worst_index), (Verdict::Fail, Some(7)));
    let others = with(&Told { jumps: vec![9, 300], ..explains() });
    assert_eq!((others.verdict, others.worst_index), (Verdict::Fail, None), "{others:?}");
    // Too many to be taken out prove nothing.
    let many = with(&Told { jumps: (0..400).collect(), ..explains() });
    assert_eq!(many.verdict, Verdict::Inconclusive, "{many:?}");
}

#[test]
fn sizes_of_sums_and_the_largest() {
    assert_eq!(norm(&[3.0, 2.0, 9.0], &[-1.0, 2.0, 0.0]), 5.0);
    assert_eq!(largest(&[1.0, -4.0, f64::INFINITY, f64::NAN]), 4.0);
    assert_eq!(largest(&[]), 0.0);
}

#[test]
fn an_entry_names_the_worst_and_sums_the_rest_up() {
    let probe = Probe {
        index: Some(0),
        verdict: Verdict::Pass,
        analytic: 2.0,
        numeric: 2.0,
        tolerance: 1e-9,
        reference: 1.0,
        zero: false,
        kink: None,
        evaluations: 10,
    };
    let coarse = Probe { index: Some(1), numeric: 2.002, tolerance: 1e-3, ..probe };
    let kink = Probe { index: Some(2), verdict: Verdict::Kink, kink: Some((-1.0, 3.0)), ..probe };
    let failed = Probe { index: Some(3), verdict: Verdict::Fail, analytic: 3.0, ..probe };
    let zero = Probe { index: Some(4), zero: true, analytic: 0.0, numeric: 0.0, ..probe };
    let sum = |probes: &[Probe]| sum_up("w", probes);
    let entry = sum(&[probe, coarse, zero]);
    assert_eq!((entry.verdict, entry.worst_index, entry.analytic, entry.numeric), (Verdict::Pass, Some(1), 2.0, 2.002));
    assert!((entry.digits + 2e-3f64.log10()).abs() < 1e-9, "{}", entry.digits);
    assert!((entry.max_rel_error - 0.002 / 4.002).abs() < 1e-9);
    assert_eq!((entry.evaluations, entry.kinks, entry.zero), (30, 0, false));
    assert!(sum(&[zero, zero]).zero);
    // The worst verdict comes first, then the largest error, and the last of equals.
    let entry = sum(&[coarse, kink, probe]);
    assert_eq!(entry.slopes, Some((-1.0, 3.0)));
    assert_eq!((entry.verdict, entry.worst_index, entry.kinks, entry.digits), (Verdict::Kink, Some(2), 1, 0.0));
    assert_eq!(sum(&[failed, kink, coarse]).worst_index, Some(3));
    assert_eq!(sum(&[probe, Probe { index: Some(9), ..probe }]).worst_index, Some(9));
    let nan = Probe { index: Some(7), verdict: Verdict::Fail, numeric: f64::NAN, ..probe };
    for probes in [[nan, failed], [failed, nan]] {
        let entry = sum(&probes);
        assert!(entry.max_rel_error.is_nan() && entry.worst_index == Some(7), "{entry:?}");
    }
    assert_eq!(sum(&[]).verdict, Verdict::Vacuous);
}
