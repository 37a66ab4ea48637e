//! Infinities, NaN, far tails, extreme scales, and nothing at all.

use graphrun_graph::OpDef;
use graphrun_nodes::standard;
use graphrun_tensor::Dtype;

use super::{accuracy, fed, graph, run, with_gradients};

const INF: f64 = f64::INFINITY;

/// The values and the slopes of a call of one input at these points.
fn at(call: &str, points: &[f64], dtype: Dtype) -> [Vec<f64>; 2] {
    let graph = with_gradients(graph("x: [N]", &format!("y: {call}"), "y"));
    run(&graph, &fed(&[("x", &[points.len()], points)]), dtype).try_into().unwrap()
}

/// Equal, both NaN, or apart by a few units of the last place.
fn close(got: f64, want: f64, dtype: Dtype) -> bool {
    let unit = if dtype == Dtype::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    got == want || (got.is_nan() && want.is_nan()) || (got - want).abs() <= 4.0 * unit * want.abs()
}

/// Holds a call of one input against values and slopes, in either precision.
fn check(call: &str, expect: &[(f64, f64, f64)]) {
    for dtype in [Dtype::F32, Dtype::F64] {
        let points: Vec<f64> = expect.iter().map(|point| point.0).collect();
        let [value, slope] = at(call, &points, dtype);
        for (k, &(x, y, dy)) in expect.iter().enumerate() {
            assert!(close(value[k], y, dtype), "{dtype:?}: {call} at {x:e} is {:e}, not {y:e}", value[k]);
            assert!(
                close(slope[k], dy, dtype),
                "{dtype:?}: the slope of {call} at {x:e} is {:e}, not {dy:e}",
                slope[k]
            );
        }
    }
}

/// Operations of one input, with their values at minus and plus infinity, and their slopes there.
const LIMITS: &[(&str, [f64; 2], [f64; 2])] = &[
    ("Abs", [INF, INF], [-1.0, 1.0]),
    ("Ceil", [-INF, INF], [0.0, 0.0]),
    ("Celu", [-1.0, INF], [0.0, 1.0]),
    ("CenteredSoftplus", [-std::f64::consts::LN_2, INF], [0.0, 1.0]),
    ("Clip(x: x, min: 0, max: 6)", [0.0, 6.0], [0.0, 0.0]),
    ("Cos", [f64::NAN, f64::NAN], [f64::NAN, f64::NAN]),
    ("Cosh", [INF, INF], [-INF, INF]),
    ("Cube", [-INF, INF], [INF, INF]),
    ("Elu", [-1.0, INF], [0.0, 1.0]),
    ("Erf", [-1.0, 1.0], [0.0, 0.0]),
    ("Exp", [0.0, INF], [0.0, INF]),
    ("Expm1", [-1.0, INF], [0.0, INF]),
    ("Floor", [-INF, INF], [0.0, 0.0]),
    ("Gelu", [0.0, INF], [0.0, 1.0]),
    ("Gelu(x: x, approximate: true)", [0.0, INF], [0.0, 1.0]),
    ("HardSigmoid", [0.0, 1.0], [0.0, 0.0]),
    ("HardSwish", [0.0, INF], [0.0, 1.0]),
    ("HardTanh", [-1.0, 1.0], [0.0, 0.0]),
    ("Identity", [-INF, INF], [1.0, 1.0]),
    ("Inv", [0.0, 0.0], [0.0, 0.0]),
    ("LeakyRelu", [-INF, INF], [0.01, 1.0]),
    ("Log", [f64::NAN, INF], [0.0, 0.0]),
    ("Log1p", [f64::NAN, INF], [0.0, 0.0]),
    ("LogSigmoid", [-INF, 0.0], [1.0, 0.0]),
    ("Mish", [0.0, INF], [0.0, 1.0]),
    ("Neg", [INF, -INF], [-1.0, -1.0]),
    ("NormalCdf", [0.0, 1.0], [0.0, 0.0]),
    ("Relu", [0.0, INF], [0.0, 1.0]),
    ("Round", [-INF, INF], [0.0, 0.0]),
    ("Rsqrt", [f64::NAN, 0.0], [f64::NAN, 0.0]),
    ("Selu", [-1.758_099_340_847_376_6, INF], [0.0, 1.050_700_987_355_480_5]),
    ("Sigmoid", [0.0, 1.0], [0.0, 0.0]),
    ("Sign", [-1.0, 1.0], [0.0, 0.0]),
    ("Silu", [0.0, INF], [0.0, 1.0]),
    ("Sin", [f64::NAN, f64::NAN], [f64::NAN, f64::NAN]),
    ("Sinh", [-INF, INF], [INF, INF]),
    ("Softplus", [0.0, INF], [0.0, 1.0]),
    ("Softsign", [-1.0, 1.0], [0.0, 0.0]),
    ("Sqrt", [f64::NAN, INF], [f64::NAN, 0.0]),
    ("Square", [INF, INF], [-INF, INF]),
    ("Swish", [0.0, INF], [0.0, 1.0]),
    ("Swish(x: x, beta: -2)", [-INF, 0.0], [1.0, 0.0]),
    ("Tan", [f64::NAN, f64::NAN], [f64::NAN, f64::NAN]),
    ("Tanh", [-1.0, 1.0], [0.0, 0.0]),
    ("Threshold", [0.0, INF], [0.0, 1.0]),
    ("VRelu", [-INF, INF], [0.1, 1.0]),
];

/// The call as it stands, or of x where it is a name alone.
fn call(text: &str) -> String {
    if text.contains('(') { text.to_owned() } else { format!("{text}(x)") }
}

#[test]
fn limits_are_reached_at_infinity_and_nan_passes_through() {
    for (text, [low, high], [low_slope, high_slope]) in LIMITS {
        check(&call(text), &[(-INF, *low, *low_slope), (INF, *high, *high_slope)]);
        for dtype in [Dtype::F32, Dtype::F64] {
            let [value, _] = at(&call(text), &[f64::NAN], dtype);
            assert!(value[0].is_nan(), "{text} of NaN is {}", value[0]);
        }
    }
}

/// What is not listed has the limits of what it is in plain double precision.
#[test]
fn every_other_operation_has_plain_limits() {
    for (call, value, slope) in accuracy::singles() {
        let listed = |(text, ..): &(&str, _, _)| text.split('(').next() == call.split('(').next();
        if !LIMITS.iter().any(listed) {
            check(&call, &[-INF, INF, f64::NAN].map(|x| (x, value(x), slope(x))));
        }
    }
}

#[test]
fn tails_keep_their_digits() {
    // ln((1 + e^x) / 2) = x / 2 + x^2 / 8 - x^4 / 192 + ...
    let centered = |x: f64| (x, x / 2.0 + x * x / 8.0 - x.powi(4) / 192.0, 0.5 + x / 4.0 - x.powi(3) / 48.0);
    check("CenteredSoftplus(x)", &[(0.0, 0.0, 0.5), centered(2f64.powi(-20)), centered(-(2f64.powi(-20)))]);
    let softsign = |x: f64| (x, x / (1.0 + x.abs()), 1.0 / (1.0 + x.abs()).powi(2));
    check("Softsign(x)", &[-1e10, -3.0, -1.0, -0.5, 0.25, 1.0, 7.0, 1e5, 1e10, 2f64.powi(60)].map(softsign));
    check(
        "Rsqrt(x)",
        &[(2f64.powi(-84), 2f64.powi(42), -(2f64.powi(125))), (2f64.powi(80), 2f64.powi(-40), -(2f64.powi(-121)))],
    );
    // Half of a third power that overflows does not.
    let x = 2.0 * 2f64.powi(-86);
    let slope = -0.5 * x.powf(-1.5);
    check("Rsqrt(x)", &[(x, x.powf(-0.5), slope)]);
    let huge = 2f64.powi(127);
    check("Gelu(x: x, approximate: true)", &[(-huge, 0.0, 0.0), (huge, huge, 1.0)]);
    // x (1 + erf(x / sqrt 2)) / 2, from tables.
    for (x, y) in
        [(-5.0, -1.433_257_859_395_698_8e-6), (-8.0, -4.976_768_581_931_28e-15), (-12.0, -2.131_778_953_430_17e-32)]
    {
        for dtype in [Dtype::F32, Dtype::F64] {
            let [value, _] = at("Gelu(x)", &[x], dtype);
            assert!(((value[0] - y) / y).abs() < 1e-6, "Gelu({x}) is {:e}, not {y:e}", value[0]);
        }
    }
}

#[test]
fn powers_of_what_is_not_positive_have_the_declared_slopes() {
    let graph = with_gradients(graph("a: [N], b: [N]", "y: Pow(a, b)", "y"));
    // Base, exponent, value, slope by the base, slope by the exponent.
    let cases = [
        (-2.0, 3.0, -8.0, 12.0, 0.0),
        (-2.0, -1.0, -0.5, -0.25, 0.0),
        (0.0, 0.0, 1.0, 0.0, 0.0),
        (0.0, 2.0, 0.0, 0.0, 0.0),
        (INF, -1.0, 0.0, 0.0, 0.0),
        (2.0, -INF, 0.0, 0.0, 0.0),
        (INF, 2.0, INF, INF, INF),
    ];
    let column = |f: fn(&(f64, f64, f64, f64, f64)) -> f64| cases.iter().map(f).collect::<Vec<f64>>();
    let n = [cases.len()];
    for dtype in [Dtype::F32, Dtype::F64] {
        let given = fed(&[("a", &n, &column(|c| c.0)), ("b", &n, &column(|c| c.1))]);
        let got = run(&graph, &given, dtype);
        for (k, (a, b, y, da, db)) in cases.iter().enumerate() {
            for (got, want) in [(got[0][k], y), (got[1][k], da), (got[2][k], db)] {
                assert!(close(got, *want, dtype) || (*a == 2.0 && got.is_nan()), "{a}^{b}: {got}, not {want}");
            }
        }
    }
}

#[test]
fn lengths_and_deviations_know_no_scale() {
    let check = |call: &str, x: &[f64], y: f64, dx: &[f64], dtype: Dtype| {
        let graph = with_gradients(graph("x: [N]", &format!("y: {call}"), "y"));
        let got = run(&graph, &fed(&[("x", &[x.len()], x)]), dtype);
        assert!(close(got[0][0], y, dtype), "{call} of {x:?} is {}, not {y}", got[0][0]);
        for (got, want) in got[1].iter().zip(dx) {
            assert!((got - want).abs() < 1e-6, "{call} of {x:?}: {got}, not {want}");
        }
    };
    for (dtype, exponents) in [(Dtype::F32, [-120, -100, 0, 100, 124]), (Dtype::F64, [-1000, -700, 0, 900, 1020])] {
        for scale in exponents.map(|e| 2f64.powi(e)) {
            check("Norm(x)", &[3.0 * scale, -4.0 * scale], 5.0 * scale, &[0.6, -0.8], dtype);
            check("Std(x)", &[scale, scale, 5.0 * scale, 5.0 * scale], 2.0 * scale, &[-0.25, -0.25, 0.25, 0.25], dtype);
            let cubes = 2f64.powf(1.0 / 3.0);
            let slope = cubes.powi(-2);
            check("Norm(x: x, p: 3)", &[scale, -scale], cubes * scale, &[slope, -slope], dtype);
        }
        check("Norm(x)", &[0.0, 0.0], 0.0, &[0.0, 0.0], dtype);
        check("Norm(x)", &[1.0, -INF], INF, &[], dtype);
        check("Norm(x)", &[], 0.0, &[], dtype);
        check("Norm(x)", &[1.0, f64::NAN], f64::NAN, &[], dtype);
        check("Std(x)", &[], f64::NAN, &[], dtype);
    }
}

/// A loss over no rows is what `Mean` and `Sum` are over nothing.
#[test]
fn losses_over_nothing_are_the_mean_and_the_sum_of_nothing() {
    let losses = [
        ("BinaryCrossEntropy", "q: x, t: t"),
        ("CosineSimilarity", "a: x, b: t"),
        ("Hinge", "a: x, b: t"),
        ("Huber", "a: x, b: t"),
        ("KlDivergence", "a: x, b: t"),
        ("L1", "x: x"),
        ("L2", "x: x"),
        ("Mae", "a: x, b: t"),
        ("Mse", "a: x, b: t"),
        ("NegativeLogLikelihood", "a: x, b: labels"),
        ("SigmoidCrossEntropy", "scores: x, t: t"),
        ("SmoothL1", "a: x, b: t"),
        ("SoftmaxCrossEntropy", "scores: x, labels: labels"),
    ];
    let registry = standard();
    let reduces = |op: &&OpDef| op.options.iter().any(|option| option.name == "reduction");
    assert_eq!(registry.ops().filter(reduces).map(|op| op.name).collect::<Vec<_>>(), losses.map(|loss| loss.0));
    for (op, ports) in losses {
        for (reduction, want) in [("Mean", f64::NAN), ("Sum", 0.0)] {
            let nodes = format!("y: {op}({ports}, reduction: {reduction})");
            let graph = with_gradients(graph("x: [N, 3], t: [N, 3], labels: Index([N], 3)", &nodes, "y"));
            let labels = graphrun_exec::Array::index(graphrun_tensor::Shape::new(&[0]).unwrap(), vec![]).unwrap();
            let mut given = fed(&[("x", &[0, 3], &[]), ("t", &[0, 3], &[])]);
            given.insert("labels".to_owned(), labels);
            for dtype in [Dtype::F32, Dtype::F64] {
                let got = run(&graph, &given, dtype);
                assert!(close(got[0][0], want, dtype), "{op} of nothing is {}, not {want}", got[0][0]);
                assert!(got[1].is_empty());
            }
        }
    }
}
