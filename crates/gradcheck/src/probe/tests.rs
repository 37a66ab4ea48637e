use std::cell::{Cell, RefCell};

use super::*;

const PROBE: Probe = Probe {
    index: Some(0),
    verdict: Verdict::Pass,
    analytic: 2.0,
    numeric: 2.0,
    tolerance: 2e-6,
    reference: 20.0,
    zero: false,
    kink: None,
    evaluations: 17,
};

#[test]
fn a_probe_counts_digits_and_errors() {
    let near = |a: f64, b: f64| (a - b).abs() < 1e-9 * b.abs().max(1e-9);
    // The tolerance is what is known, where the two are nearer.
    assert!(near(PROBE.digits(), 7.0) && near(Probe { numeric: 2.002, ..PROBE }.digits(), 4.0));
    assert!(near(Probe { numeric: 2.002, ..PROBE }.off(), 0.002));
    assert!(near(Probe { numeric: 2.002, ..PROBE }.excess(), 1000.0));
    assert!(near(Probe { numeric: 2.002, ..PROBE }.relative_error(), 0.002 / 4.002));
    assert_eq!(Probe { numeric: 2.002, zero: true, ..PROBE }.relative_error(), 0.0);
    for (probe, digits) in [
        (Probe { verdict: Verdict::Kink, ..PROBE }, 0.0),
        (Probe { numeric: f64::NAN, ..PROBE }, 0.0),
        (Probe { tolerance: 0.0, ..PROBE }, 16.0),
        (Probe { tolerance: 90.0, ..PROBE }, 0.0),
        (Probe { tolerance: 20.0, ..PROBE }, 0.0),
        (Probe { tolerance: 0.0, reference: 0.0, ..PROBE }, 0.0),
    ] {
        // No digits are a zero without a sign.
        assert_eq!(probe.digits().to_bits(), f64::to_bits(digits), "{probe:?}");
    }
    assert_eq!(Probe { numeric: f64::NAN, ..PROBE }.excess(), f64::INFINITY);
    assert_eq!(Probe { tolerance: 0.0, ..PROBE }.excess(), 0.0);
    assert!(Probe { tolerance: 0.0, numeric: 3.0, ..PROBE }.excess() > 1e300);
}

/// An inside that answers as told, and notes what it was asked.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) explains: bool,
    pub(crate) right_beside: bool,
    pub(crate) jumps: Vec<usize>,
    pub(crate) shaken: Vec<Vec<f64>>,
    pub(crate) noise: f64,
    /// For which elements and distances it was asked to explain.
    pub(crate) asked: RefCell<Vec<(usize, f64)>>,
    /// How often it was asked for the points beside.
    pub(crate) asked_beside: Cell<usize>,
}

impl Insight for Told {
    fn explain(&self, index: usize, off: f64) -> bool {
        self.asked.borrow_mut().push((index, off));
        self.explains
    }

    fn right_beside(&self, span: Span<usize>, weights: &[f64], off: f64) -> bool {
        assert!(span.len() == weights.len() && off > 0.0);
        self.asked_beside.set(self.asked_beside.get() + 1);
        self.right_beside
    }

    fn jumps(&self) -> Vec<usize> {
        self.jumps.clone()
    }

    fn shaken(&self) -> &[Vec<f64>] {
        &self.shaken
    }

    fn noise(&self) -> f64 {
        self.noise
    }
}

type Formula = fn(&[f64]) -> f64;

fn target<'a>(
    f: &'a mut Formula,
    [x, gradient]: [&'a [f64]; 2],
    options: &'a Options<'a>,
    told: &'a Told,
    lenient: bool,
) -> Target<'a, 'a> {
    Target { f, x, gradient, options, aid: Aid { insight: Some(told), lenient } }
}

#[test]
fn the_inside_is_asked_of_failures_on_kinks_and_leniently_of_all() {
    let (hinge, smooth): (Formula, Formula) = (|x| x[0] + 3.0 * x[1].abs(), |x| x[0] + 3.0 * x[1].sin());
    for (mut f, gradient, lenient, asked, explained) in [
        (hinge, 0.5, true, false, Verdict::Kink),
        (hinge, 5.0, false, true, Verdict::Kink),
        (hinge, 5.0, true, true, Verdict::Kink),
        (hinge, f64::NAN, true, false, Verdict::Fail),
        (hinge, f64::INFINITY, true, false, Verdict::Fail),
        (smooth, 3.0, true, false, Verdict::Pass),
        (smooth, 5.0, false, false, Verdict::Fail),
        (smooth, 5.0, true, true, Verdict::Inconclusive),
    ] {
        for explains in [true, false] {
            let (told, options) = (Told { explains, ..Told::default() }, Options::default());
            let probe = target(&mut f, [&[1.0, 0.0], &[1.0, gradient]], &options, &told, lenient).element(1, 1.0);
            let expected = if asked && !explains { Verdict::Fail } else { explained };
            assert_eq!(probe.verdict, expected, "{gradient} {lenient} {explains}: {probe:?}");
            assert_eq!(told.asked.take(), if asked { vec![(1, probe.off())] } else { vec![] });
            assert_eq!(probe.index, Some(1));
        }
    }
    // Without an inside a failure stands.
    let (mut f, options, aid) = (smooth, Options::default(), Aid { insight: None, lenient: true });
    let mut alone = Target { f: &mut f, x: &[1.0, 0.0], gradient: &[1.0, 5.0], options: &options, aid };
    assert_eq!(alone.element(1, 1.0).verdict, Verdict::Fail);
}

#[test]
fn a_direction_moves_its_span_by_its_weights() {
    let mut f: Formula = |x| 2.0 * x[0] + 3.0 * x[1] * x[2] + 5.0 * x[3];
    let (told, options) = (Told::default(), Options::default());
    let mut target = target(&mut f, [&[1.0, 2.0, 0.5, 7.0], &[2.0, 1.5, 6.0, 5.0]], &options, &told, false);
    let probe = target.direction(1..3, &[-2.0, 0.5], 1.0);
    assert_eq!((probe.index, probe.analytic, probe.verdict), (None, 0.0, Verdict::Pass));
    assert!(probe.numeric.abs() < 1e-9, "{probe:?}");
    let probe = target.direction(1..4, &[1.0, 1.0, -1.0], 1.0);
    assert_eq!((probe.index, probe.analytic, probe.verdict), (None, 2.5, Verdict::Pass), "{probe:?}");
    assert_eq!(target.direction(3..4, &[-1.0], 1.0).analytic, -5.0);
}

/// Far out a step is rounded, and the quotient is over the step that was taken.
#[test]
fn the_step_of_one_element_is_the_one_taken() {
    let mut f: Formula = |x| x[0];
    let options = Options { domain: (1e10 - 1e-3, 1e10 + 1e-3), ..Options::default() };
    let told = Told::default();
    let probe = target(&mut f, [&[1e10], &[1.0]], &options, &told, false).element(0, 1.0);
    assert_eq!(probe.numeric, 1.0, "{probe:?}");
}

#[test]
fn roundings_of_the_walk_and_of_values_are_asked_of_the_inside() {
    let (mut f, options): (Formula, _) = (|x| x[0].sin() + x[1], Options { digits: 3, ..Options::default() });
    let x: &[f64] = &[0.5, 1.0];
    let slope = 0.5f64.cos();
    let off: &[f64] = &[slope + 2e-5, 1.0];
    let mut probe = |told: &Told, w: &[f64]| target(&mut f, [x, off], &options, told, false).direction(0..2, w, 1.0);
    assert_eq!(probe(&Told::default(), &[1.0, 1.0]).verdict, Verdict::Fail);
    // The largest of the runs along the direction, whatever its sign.
    let told = Told { shaken: vec![vec![1e-5, 0.0], vec![-1e-5, -2e-5], vec![9.0, -9.0]], ..Told::default() };
    let found = probe(&told, &[1.0, 1.0]);
    assert_eq!(found.verdict, Verdict::Pass, "{found:?}");
    assert!((found.tolerance - 3e-5).abs() < 1e-7, "{found:?}");
    let told = Told { noise: 1e-7, ..Told::default() };
    assert_eq!(probe(&told, &[1.0, 1.0]).verdict, Verdict::Pass);
}

#[test]
fn a_kink_is_sharp_and_a_bend_is_not() {
    let (told, options, x) = (Told::default(), Options::default(), [0.0, 0.0, 3.0]);
    let sharp = |mut f: Formula, span: Span<usize>, weights: &[f64]| {
        let centre = f(&x);
        target(&mut f, [&x, &x], &options, &told, false).sharp(span, weights, centre)
    };
    let cases: [(Formula, bool); 10] = [
        (|x| x[1].abs(), true),
        (|x| 0.5 * x[0] + x[1].abs(), true),
        (|x| -x[1].max(0.0), true),
        (|x| x[1].exp() + x[1].max(0.0), true),
        (|x| x[1].exp(), false),
        (|x| 1e3 * x[1] * x[1], false),
        // Beside a steep slope a kink has to be a millionth of it.
        (|x| x[1] + 1e-6 * x[1].abs(), true),
        (|x| x[1] + 2e-7 * x[1].abs(), false),
        // Beside a large value it has to be seen at all.
        (|x| 1e3 + x[1].abs(), true),
        (|x| 1e9 + x[1].abs(), false),
    ];
    for (which, (f, expected)) in cases.into_iter().enumerate() {
        assert_eq!(sharp(f, 1..2, &[1.0]), expected, "case {which}");
        assert_eq!(sharp(f, 0..3, &[0.7, -1.2, 0.9]), expected, "case {which}");
        assert!(!sharp(f, 0..1, &[1.0]) && !sharp(f, 2..3, &[1.0]), "case {which}");
        // What has no weight is not moved.
        assert!(!sharp(f, 0..2, &[1.0, 0.0]) && sharp(f, 0..2, &[0.0, 1.0]) == expected, "case {which}");
    }
}

#[test]
fn a_range_ends_at_the_domain_and_shrinks_with_the_width() {
    let (mut f, told): (Formula, _) = (|x| x[0], Told::default());
    let range = |f: &mut Formula, x: &[f64], domain: (f64, f64), weights: &[f64]| {
        let options = Options { domain, ..Options::default() };
        target(f, [x, x], &options, &told, false).range(0..x.len(), weights)
    };
    let free = (f64::NEG_INFINITY, f64::INFINITY);
    let near = |a: f64, b: f64| a == b || (a - b).abs() < 1e-12 * b.abs();
    // Half a square root of the mean of squares: of 6 and 8 it is the square root of 50.
    let wide = range(&mut f, &[6.0, -8.0], free, &[1.0, 1.0]);
    let one = Range::around(50f64.sqrt());
    assert!(near(wide.step, one.step / 2f64.sqrt()) && near(wide.other, one.other / 2f64.sqrt()), "{wide:?}");
    assert_eq!((wide.below, wide.above), (f64::INFINITY, f64::INFINITY));
    assert!(near(range(&mut f, &[6e200, -8e200], free, &[1.0, 1.0]).step, 1e200 * wide.step));
    assert!(near(range(&mut f, &[0.0, 0.0], free, &[1.0, 1.0]).step, Range::around(0.0).step / 2f64.sqrt()));
    // Of 1 in 0 .. 10 and 3 in 0 .. 10, by weights of both signs.
    let within = |f: &mut Formula, weights: [f64; 2]| {
        let range = range(f, &[1.0, 3.0], (0.0, 10.0), &weights);
        (range.below, range.above)
    };
    assert_eq!(within(&mut f, [2.0, 1.0]), (0.5, 4.5));
    assert_eq!(within(&mut f, [-2.0, 1.0]), (3.0, 0.5));
    assert_eq!(within(&mut f, [0.0, -1.0]), (7.0, 3.0));
    // What stands outside already has no room.
    let outside = range(&mut f, &[-1.0], (0.0, 10.0), &[1.0]);
    assert_eq!((outside.below, outside.above), (0.0, 11.0));
    let outside = range(&mut f, &[12.0], (0.0, 10.0), &[1.0]);
    assert_eq!((outside.below, outside.above), (12.0, 0.0));
}

#[test]
fn steps_shrink_until_both_sides_take_the_branch_of_the_point() {
    let branch = |x: &[f64]| u64::from(x[1] > 0.0);
    let step = |x: f64, weight: f64| agreeing(&branch, &[-5.0, x], 1..2, &[weight], 0.05);
    assert_eq!(step(0.06, 1.0), 0.05);
    assert_eq!(step(0.02, 1.0), 0.05 / 4.0);
    assert_eq!(step(-0.01, 1.0), 0.05 / 16.0);
    assert_eq!(step(0.06, -2.0), 0.05 / 4.0);
    assert_eq!(step(0.0, 1.0), 0.05 / 4f64.powi(10));
    let options = Options { branch: Some(&branch), ..Options::default() };
    let (mut f, told): (Formula, _) = (|x| x[1].max(0.0), Told::default());
    let target = target(&mut f, [&[-5.0, 0.02], &[0.0, 1.0]], &options, &told, false);
    assert_eq!(target.range(1..2, &[1.0]).step, 0.05 / 4.0);
}
