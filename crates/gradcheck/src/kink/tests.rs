use graphrun_exec::Array;
use graphrun_expr::Expr;
use graphrun_graph::Type;

use super::*;
use crate::array::{Values, vector};
use crate::engine::Program;
use crate::engine::tests::{PLAIN, Scaled, scaled};
use crate::graph::Problem;

fn pair(formula: &str, inputs: &[(&str, &[f64])]) -> Pair {
    Problem::of_formula(formula, inputs).pair().unwrap()
}

/// The same of formulas one after the other, each a node of its own, over what is named before.
fn chain(formulas: &[&str], inputs: &[(&str, &[f64])]) -> Pair {
    let mut b = Builder::new();
    let mut names: Vec<String> = vec![];
    let mut ids = vec![];
    for (name, x) in inputs {
        ids.push(b.input(name, Type::real(vec![x.len().into()])).unwrap());
        names.push((*name).to_owned());
    }
    for formula in formulas {
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        ids.push(b.pointwise(&Expr::parse(formula, &known, &()).unwrap(), &ids.clone()).unwrap());
        names.push(format!("n{}", names.len() - inputs.len()));
    }
    let values = inputs.iter().map(|(name, x)| ((*name).to_owned(), vector(x)));
    Problem::new(&b.finish(), ids[ids.len() - 1], &values.collect()).pair().unwrap()
}

/// An engine that runs nothing.
struct Broken;

impl Engine for Broken {
    fn prepare(&self, _: &Graph, _: &Sizes, _: Dtype) -> Result<Box<dyn Program>, String> {
        Err("broken".to_owned())
    }
}

#[test]
fn runs_move_all_down_all_up_in_order_and_by_chance() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut drawn = |run, outstanding| nudges(run, 1e-3, 40, outstanding, &mut rng);
    let within = |by: &[f64]| {
        let sizes = || by.iter().map(|v| v.abs());
        let (least, most) = (sizes().fold(f64::INFINITY, f64::min), sizes().fold(0.0, f64::max));
        assert!(most <= 3.0 * least && most <= 1.5e-3 && least >= 0.5e-6, "{by:?}");
        most
    };
    let (mut sizes, mut ups) = (vec![], vec![]);
    for k in 0..200 {
        let [down, up, order, chance] = [0, 1, 2, 3].map(|run| drawn(4 * (k % 8) + run, None));
        assert!(down.iter().all(|v| *v < 0.0) && up.iter().all(|v| *v > 0.0), "{down:?} {up:?}");
        let signs = chance.iter().filter(|v| **v > 0.0).count();
        assert!((1..40).contains(&signs), "{chance:?}");
        sizes.extend([&down, &up, &chance].map(|by| within(by)));
        // From 1.5 sizes to little more than half of one, in equal steps.
        let ordered = |a: f64, b: f64| (a / b - 1.5 / (0.5 + 1.0 / 40.0)).abs() < 1e-9;
        let rises = ordered(order[39], order[0]);
        assert!(rises || ordered(order[0], order[39]), "{order:?}");
        let steps = order.windows(2).map(|pair| (pair[1] - pair[0]).abs());
        assert!(steps.clone().all(|step| (step - steps.clone().next().unwrap()).abs() < 1e-12), "{order:?}");
        ups.push(rises);
    }
    assert!(ups.contains(&true) && ups.contains(&false));
    assert!(sizes.iter().any(|s| *s < 1e-5) && sizes.iter().any(|s| *s > 5e-4));
    assert_eq!(drawn(RUNS, None), [0.0; 40]);
    assert_eq!(drawn(RUNS, Some(3)), [0.0; 40]);
    // One that stands out is the greatest at times and the least at others, and the others are as they are.
    let (mut greatest, mut least) = (0, 0);
    for run in 0..100 {
        let mut by = drawn(4 * run + 3, Some(7));
        let own = by.remove(7);
        let most = within(&by);
        assert!(own.abs() <= 12.0 * most, "{own:e}, {most:e}");
        greatest += usize::from(own > most);
        least += usize::from(own < -most);
    }
    assert!(greatest > 20 && least > 20, "{greatest} {least}");
}

#[test]
fn a_range_covers_the_slopes_to_either_side() {
    let x: &[f64] = &[0.0, 2.0, -1.0, 3e-8, 1e-3];
    let hinge = pair("3 * max(x, 0)", &[("x", x)]);
    let hull = hull(&hinge, &PLAIN, 0, NUDGE, None).unwrap();
    assert_eq!(hull, [[(0.0, 3.0), (3.0, 3.0), (0.0, 0.0), (0.0, 3.0), (3.0, 3.0)]]);
    // The node above the kink is moved by itself, though what it is made of is not.
    let series = chain(&["exp(x) - 1", "max(n0, 0)"], &[("x", &[0.0])]);
    let [range] = super::hull(&series, &PLAIN, 0, NUDGE, None).unwrap()[0][..] else { panic!() };
    assert!(range.0 == 0.0 && (range.1 - 1.0).abs() < 1e-6, "{range:?}");
    let moved: Vec<usize> = (0..5).filter(|k| jumps(hull[0][*k], bend(&hull[0], NUDGE))).collect();
    assert_eq!(moved, [0, 3]);
}

/// Either side of the kink of x / |x| has the square 1, and the kink itself has none.
#[test]
fn the_point_itself_belongs_to_the_range_of_a_second_derivative() {
    let first = pair("if(x > 0, x, if(x < 0, x, 0 * x))", &[("x", &[0.0])]);
    assert_eq!(hull(&first, &PLAIN, 0, NUDGE, None).unwrap(), [[(1.0, 1.0)]]);
    let second = Pair { second: true, ..first };
    assert_eq!(hull(&second, &PLAIN, 0, NUDGE, None).unwrap(), [[(0.0, 1.0)]]);
}

#[test]
fn a_jump_is_wider_than_a_bend() {
    assert_eq!(bend(&[(-3.0, 1.0), (0.0, 2.0)], 0.5), 15.0);
    assert_eq!(bend(&[(0.0, 4.0), (-1.0, 2.0)], 0.25), 10.0);
    assert!(!jumps((1.0, 1.25), 0.25) && jumps((1.0, 1.375), 0.25) && !jumps((1.0, 1.125), 0.25));
}

#[test]
fn a_gradient_is_torn_within_reach_of_a_kink() {
    let hinge = pair("max(x, 0)", &[("x", &[1e-9, 1e-3])]);
    let torn = |pair: &Pair, index, nudge| super::torn(pair, &PLAIN, (0, index), nudge);
    assert!(torn(&hinge, 0, NUDGE) && !torn(&hinge, 1, NUDGE) && torn(&hinge, 1, 1e-2));
    // A bend is none, however far the nudge.
    for nudge in [NUDGE, 1e-4, 1e-2] {
        assert!(!torn(&pair("exp(x)", &[("x", &[1.0])]), 0, nudge), "{nudge:e}");
    }
    assert!(!super::torn(&hinge, &Broken, (0, 0), NUDGE));
}

#[test]
fn what_does_not_vary_is_not_moved() {
    let mut b = Builder::new();
    let [x, y, unused] = ["x", "y", "unused"].map(|name| b.input(name, Type::real(vec![])).unwrap());
    let fixed = b.neg(y).unwrap();
    let varied = b.mul(&[x, fixed]).unwrap();
    b.neg(unused).unwrap();
    let values: Values = ["x", "y", "unused"].map(|name| (name.to_owned(), Array::scalar(2.0))).into();
    let problem = Problem { wrt: vec!["x".to_owned()], ..Problem::new(&b.finish(), varied, &values) };
    let pair = problem.pair().unwrap();
    let add = |b: &mut Builder, x, by| b.add(&[x, by]);
    let Moved { graph, value, shared, fed } = moved(&pair, &|_| true, &add).unwrap();
    let names: Vec<&str> = fed.iter().map(|(name, _)| name.as_str()).collect();
    let is_moved = |node: NodeId| names.contains(&name_of(node).as_str());
    assert!(is_moved(x) && is_moved(varied) && !is_moved(y) && !is_moved(fixed) && !is_moved(unused), "{names:?}");
    assert_eq!(graph.outputs.len(), 1);
    assert!(value.index() < shared && shared < graph.nodes().len());
    let shapes = shapes(&graph, fed.clone(), &Sizes::new()).unwrap();
    assert_eq!(shapes, fed.iter().map(|(name, _)| (name.clone(), Shape::SCALAR)).collect::<Vec<_>>());
    let Moved { fed, .. } = moved(&pair, &|node| node.inputs.is_empty(), &add).unwrap();
    assert_eq!(fed.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), [name_of(x)]);
}

/// What the inside of a pair says, of the first that is varied and a gradient given by hand.
fn inside<T>(
    pair: &Pair,
    gradient: &[f64],
    engines: [&dyn Engine; 2],
    lenient: bool,
    ask: impl FnOnce(&Inside<'_>) -> T,
) -> T {
    let [forward, backward] = engines;
    let (options, learnt) = (&Options::default(), &Learnt::default());
    ask(&Inside { pair, position: 0, gradient, forward, backward, options, lenient, learnt })
}

/// leaky(-leaky(x)) has the slope -1/2 everywhere, and at 0 the rules give -1, -1/2 or -1/4.
#[test]
fn kinks_explain_what_lies_between_the_sides_and_is_right_beside() {
    let series = chain(&["max(x, 0.5 * x)", "max(-n0, -0.5 * n0)"], &[("x", &[0.0, 1.0])]);
    let both: [&dyn Engine; 2] = [&PLAIN, &PLAIN];
    let explained = |gradient: f64, engines, lenient, off| {
        inside(&series, &[gradient, -0.5], engines, lenient, |inside| inside.explain(0, off))
    };
    for gradient in [-1.0, -0.5, -0.25, -0.25 + 1e-7, -1.0 - 1e-7] {
        assert!(explained(gradient, both, false, 0.1), "{gradient}");
    }
    for gradient in [-1.1, -0.2, 0.5, f64::NAN] {
        assert!(!explained(gradient, both, false, 0.1), "{gradient}");
        // Leniently the points beside decide alone.
        assert!(explained(gradient, both, true, 0.1), "{gradient}");
    }
    let twice = scaled(2.0);
    for lenient in [false, true] {
        assert!(!explained(-0.5, [&PLAIN, &twice], lenient, 0.1), "rules wrong beside the kink explain nothing");
        assert!(!explained(-0.5, [&Broken, &PLAIN], lenient, 0.1) && !explained(-0.5, [&PLAIN, &Broken], lenient, 0.1));
        // So small a difference would not be seen beside.
        assert!(!explained(-0.5, both, lenient, 1e-14));
    }
    // One point beside is enough to tell that rules are wrong.
    let once = Scaled { runs: 1, ..scaled(2.0) };
    assert!(!explained(-0.5, [&PLAIN, &once], false, 0.1));
    // A smooth element is explained by nothing inside, and one that there is not by nothing at all.
    let other = |index| inside(&series, &[-0.5, -0.5], both, false, |inside| inside.explain(index, 0.1));
    assert!(other(0) && !other(1));
    inside(&series, &[-0.5, -0.5], both, false, |inside| {
        assert_eq!(inside.jumps(), [0]);
        assert!(!inside.ranges_hold(2));
    });
}

#[test]
fn points_beside_are_whole_steps_away() {
    let pair = pair("max(x, y) + exp(y)", &[("x", &[0.0, 5.0, -200.0]), ("y", &[0.0, 5.0, -200.0])]);
    let watch = scaled(1.0);
    let right = |index: usize, weights: &[f64]| {
        let ask = |inside: &Inside<'_>| inside.right_beside(index..index + weights.len(), weights, 0.5);
        inside(&pair, &[9.0; 3], [&PLAIN, &watch], false, ask)
    };
    // The gradient that is wrong at the point is another one beside it.
    assert!(right(0, &[1.0]) && right(0, &[1.0, -1.0, 1.0]));
    let (mut down, mut up) = (0, 0);
    for values in watch.fed.lock().unwrap().iter() {
        for (moved, at) in ["x", "y"].iter().flat_map(|name| reals(&values[*name]).iter().zip([0.0f64, 5.0, -200.0])) {
            let by = (moved - at) / at.abs().max(1.0);
            assert!((0.999e-3..2.001e-3).contains(&by.abs()), "{moved} from {at}");
            *(if by < 0.0 { &mut down } else { &mut up }) += 1;
        }
    }
    assert!(down > 0 && up > 0, "{down} {up}");
}

#[test]
fn roundings_are_those_of_the_tensor() {
    let pair = chain(&["x * y", "1e6 * y", "n0 - n1"], &[("x", &[1e6]), ("y", &[3.0])]);
    let both: [&dyn Engine; 2] = [&PLAIN, &PLAIN];
    inside(&pair, &[3.0], both, false, |inside| {
        // Of x only y is a factor, which is not computed.
        let shaken = inside.shaken();
        assert!(shaken.iter().flatten().all(|change| change.abs() < 1e-12), "{shaken:?}");
        let other = Inside { position: 1, ..*inside };
        assert!(other.shaken().iter().flatten().any(|change| change.abs() > 1e-12), "{:?}", other.shaken());
        assert!((1e-12..1e-8).contains(&inside.noise()), "{:e}", inside.noise());
        assert!(Inside { position: 2, ..*inside }.shaken().is_empty());
    });
    inside(&pair, &[3.0], [&Broken, &Broken], false, |inside| {
        assert!(inside.shaken().is_empty() && inside.noise() == 0.0 && inside.jumps().is_empty());
    });
}
