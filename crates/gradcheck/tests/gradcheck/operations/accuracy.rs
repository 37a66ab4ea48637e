//! How far single precision is from the exact value and slope of every pointwise operation, over its whole range.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, LN_2, PI};

use graphrun_gradcheck::Values;
use graphrun_graph::Accuracy;
use graphrun_nodes::standard;
use graphrun_tensor::Dtype;

use super::{fed, graph, run, with_gradients};

/// An operation of one input: a call of it, and plain double precision's value and slope.
type Single = (&'static str, fn(f64) -> f64, fn(f64) -> f64);

fn sigmoid(x: f64) -> f64 {
    if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// `1 - tanh(softplus(x))^2`, with `u = (1 + e^x)^2`: `4 u / (u + 1)^2`; far out as far as it matters.
fn mish_slope(x: f64) -> f64 {
    if x > 300.0 {
        return 1.0;
    }
    let u = x.exp();
    let (n, d) = (u * (u + 2.0), u * (u + 2.0) + 2.0);
    n / d + x * 4.0 * (1.0 + u) * u / (d * d)
}

fn cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

fn step(x: f64) -> f64 {
    if x > 0.0 { 1.0 } else { 0.0 }
}

/// The argument of the sigmoid in the approximate Gelu.
fn cubic(x: f64) -> f64 {
    2.0 * (2.0 / PI).sqrt() * (x + 0.044_715 * x.powi(3))
}

const SINGLE: &[Single] = &[
    ("Abs(x)", f64::abs, |x| if x == 0.0 { 0.0 } else { x.signum() }),
    ("Ceil(x)", f64::ceil, |_| 0.0),
    ("Celu(x)", |x| if x > 0.0 { x } else { x.exp_m1() }, |x| x.min(0.0).exp()),
    ("CenteredSoftplus(x)", |x| if x.abs() < 1.0 { (0.5 * x.exp_m1()).ln_1p() } else { softplus(x) - LN_2 }, sigmoid),
    ("Clip(x: x, min: -1, max: 1)", |x| x.clamp(-1.0, 1.0), |x| f64::from(x.abs() <= 1.0)),
    ("Cos(x)", f64::cos, |x| -x.sin()),
    ("Cosh(x)", f64::cosh, f64::sinh),
    ("Cube(x)", |x| x * x * x, |x| 3.0 * x * x),
    ("Elu(x)", |x| if x > 0.0 { x } else { x.exp_m1() }, |x| x.min(0.0).exp()),
    ("Erf(x)", libm::erf, |x| FRAC_2_SQRT_PI * (-x * x).exp()),
    ("Exp(x)", f64::exp, f64::exp),
    ("Expm1(x)", f64::exp_m1, f64::exp),
    ("Floor(x)", f64::floor, |_| 0.0),
    ("Gelu(x)", |x| x * cdf(x), |x| cdf(x) + x * density(x)),
    (
        "Gelu(x: x, approximate: true)",
        |x| x * sigmoid(cubic(x)),
        |x| {
            let s = sigmoid(cubic(x));
            if x.abs() > 100.0 {
                return s;
            }
            s + x * s * sigmoid(-cubic(x)) * 2.0 * (2.0 / PI).sqrt() * (1.0 + 3.0 * 0.044_715 * x * x)
        },
    ),
    ("HardSigmoid(x)", |x| ((x + 3.0) / 6.0).clamp(0.0, 1.0), |x| if x > -3.0 && x <= 3.0 { 1.0 / 6.0 } else { 0.0 }),
    (
        "HardSwish(x)",
        |x| x * ((x + 3.0) / 6.0).clamp(0.0, 1.0),
        |x| if x.abs() < 3.0 { (2.0 * x + 3.0) / 6.0 } else { step(x) },
    ),
    ("HardTanh(x)", |x| x.clamp(-1.0, 1.0), |x| f64::from(x > -1.0 && x <= 1.0)),
    ("Identity(x)", |x| x, |_| 1.0),
    ("Inv(x)", |x| 1.0 / x, |x| -1.0 / (x * x)),
    ("LeakyRelu(x)", |x| if x > 0.0 { x } else { 0.01 * x }, |x| if x > 0.0 { 1.0 } else { 0.01 }),
    ("Log(x)", f64::ln, |x| 1.0 / x),
    ("Log1p(x)", f64::ln_1p, |x| 1.0 / (1.0 + x)),
    ("LogSigmoid(x)", |x| -softplus(-x), |x| sigmoid(-x)),
    ("Mish(x)", |x| if x > 300.0 { x } else { x * softplus(x).tanh() }, mish_slope),
    ("Neg(x)", |x| -x, |_| -1.0),
    ("NormalCdf(x)", cdf, density),
    ("Relu(x)", |x| x.max(0.0), step),
    ("Round(x)", f64::round_ties_even, |_| 0.0),
    ("Rsqrt(x)", |x| 1.0 / x.sqrt(), |x| -0.5 / (x * x.sqrt())),
    (
        "Selu(x)",
        |x| 1.050_700_987_355_480_5 * if x > 0.0 { x } else { 1.673_263_242_354_377_2 * x.exp_m1() },
        |x| 1.050_700_987_355_480_5 * if x > 0.0 { 1.0 } else { 1.673_263_242_354_377_2 * x.exp() },
    ),
    ("Sigmoid(x)", sigmoid, |x| sigmoid(x) * sigmoid(-x)),
    ("Sign(x)", |x| if x == 0.0 { 0.0 } else { x.signum() }, |_| 0.0),
    ("Silu(x)", |x| x * sigmoid(x), |x| sigmoid(x) * (1.0 + x * sigmoid(-x))),
    ("Sin(x)", f64::sin, f64::cos),
    ("Sinh(x)", f64::sinh, f64::cosh),
    ("Softplus(x)", softplus, sigmoid),
    ("Softsign(x)", |x| x / (1.0 + x.abs()), |x| (1.0 + x.abs()).powi(-2)),
    ("Sqrt(x)", f64::sqrt, |x| 0.5 / x.sqrt()),
    ("Square(x)", |x| x * x, |x| 2.0 * x),
    ("Swish(x: x, beta: 2)", |x| x * sigmoid(2.0 * x), |x| sigmoid(2.0 * x) * (1.0 + 2.0 * x * sigmoid(-2.0 * x))),
    ("Tan(x)", f64::tan, |x| x.cos().powi(-2)),
    ("Tanh(x)", f64::tanh, |x| x.cosh().powi(-2)),
    ("Threshold(x)", |x| x.max(0.0), step),
    ("VRelu(x)", |x| if x > 0.0 { x } else { 0.1 * x }, |x| if x > 0.0 { 1.0 } else { 0.1 }),
];

/// The distance of `got` from `want` in units of the last place of f32, denormals included; where `want` is below
/// `floor`, in those of the floor.
fn ulps(got: f64, want: f64, floor: f32) -> f64 {
    let near = want as f32;
    if got.is_nan() || near.is_nan() {
        return if got.is_nan() == near.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if got.is_infinite() || near.is_infinite() {
        // A value that rounds to the greatest finite number or to infinity may be taken for either.
        let edge = |x: f64| x.clamp(-f64::from(f32::MAX), f64::from(f32::MAX));
        return if got == f64::from(near) { 0.0 } else { (edge(got) - edge(want)).abs() / 2f64.powi(104) };
    }
    let exponent = (near.abs().max(floor).to_bits() >> 23).max(1) as i32 - 127;
    (got - want).abs() / 2f64.powi(exponent - 23)
}

/// Finite patterns over the whole range of f32: zeros and denormals among them.
fn patterns(step: usize) -> Vec<f64> {
    let all = (0..=u32::MAX).step_by(step).map(f32::from_bits);
    all.filter(|x| x.is_finite()).map(f64::from).collect()
}

/// Operations of two inputs or three, of which the first two vary: a call, and plain double precision's value and slopes.
pub(crate) type Double = (&'static str, fn(f64, f64) -> f64, fn(f64, f64) -> [f64; 2]);

pub(crate) const DOUBLE: &[Double] = &[
    ("Add(a, b)", |a, b| a + b, |_, _| [1.0, 1.0]),
    ("Div(a, b)", |a, b| a / b, |a, b| [1.0 / b, -a / (b * b)]),
    ("Equal(a, b)", |a, b| f64::from(a == b), |_, _| [0.0, 0.0]),
    ("Greater(a, b)", |a, b| f64::from(a > b), |_, _| [0.0, 0.0]),
    ("Less(a, b)", |a, b| f64::from(a < b), |_, _| [0.0, 0.0]),
    ("Maximum(a, b)", |a, b| if a >= b { a } else { b }, |a, b| if a >= b { [1.0, 0.0] } else { [0.0, 1.0] }),
    ("Minimum(a, b)", |a, b| if a <= b { a } else { b }, |a, b| if a <= b { [1.0, 0.0] } else { [0.0, 1.0] }),
    ("Mul(a, b)", |a, b| a * b, |a, b| [b, a]),
    ("Pow(a, b)", f64::powf, |a, b| {
        let y = a.powf(b);
        let power = a.powf(b - 1.0);
        // As the power itself overflows, so does its multiple.
        let power = if power.abs() > f64::from(f32::MAX) { power * f64::INFINITY } else { power };
        let da = if a == 0.0 && b == 0.0 { 0.0 } else { b * power };
        [da, if a <= 0.0 || y == 0.0 { 0.0 } else { y * a.ln() }]
    }),
    ("Sub(a, b)", |a, b| a - b, |_, _| [1.0, -1.0]),
    ("Where(a, a, b)", |a, b| if a == 0.0 { b } else { a }, |a, _| if a == 0.0 { [0.0, 1.0] } else { [1.0, 0.0] }),
];

/// What an operation's approximate form may be off by: it is itself off by far more.
const APPROXIMATE: Accuracy = Accuracy { value: 150.0, gradient: 1.5 };

/// Values below this are measured in its units of the last place.
const TINY: f32 = 1e-35;

/// How much a bound may be above what is measured.
const ROOM: f64 = 0.25;

/// The bound that the call's operation states.
fn stated(call: &str) -> Accuracy {
    if call.contains("approximate") {
        return APPROXIMATE;
    }
    let name = call.split('(').next().unwrap();
    standard().op(name).unwrap().accuracy.unwrap_or_else(|| panic!("{name} states no accuracy"))
}

/// What is wrong with a bound: the greatest of these errors is above it, or so far below that the bound says little.
fn wrong(what: &str, bound: f64, errors: impl Iterator<Item = (f64, [f64; 2])>) -> Option<String> {
    let (error, at) = errors.fold((0.0, [0.0; 2]), |a, b| if b.0 > a.0 { b } else { a });
    let right = error <= bound && bound <= 1.1 * error + ROOM;
    (!right).then(|| format!("{what} at {at:?} is {error} ULP off, and {bound} are stated"))
}

type Function = Box<dyn Fn(f64) -> f64>;

/// The operations of one input with their values and slopes: those of the table, and every other by what it is in plain
/// double precision, so that a new operation is measured as soon as it is registered.
pub(crate) fn singles() -> Vec<(String, Function, Function)> {
    let listed = SINGLE.iter().map(|&(call, value, slope)| {
        let functions: (Function, Function) = (Box::new(value), Box::new(slope));
        (call.to_owned(), functions.0, functions.1)
    });
    let registry = standard();
    let others = registry.ops().filter(|op| op.ports.len() == 1 && !op.ports[0].variadic && op.options.is_empty());
    let others = others.filter(|op| SINGLE.iter().all(|row| row.0.split('(').next() != Some(op.name)));
    let plain = others.filter_map(|op| {
        let (value, slope) = (op.expr.clone()?, op.expr.as_ref()?.derivative(0));
        let functions: (Function, Function) =
            (Box::new(move |x| value.eval(&[x])), Box::new(move |x| slope.eval(&[x])));
        Some((format!("{}(x)", op.name), functions.0, functions.1))
    });
    listed.chain(plain).collect()
}

/// Every call that is measured.
pub(crate) fn calls() -> impl Iterator<Item = String> {
    singles().into_iter().map(|row| row.0).chain(DOUBLE.iter().map(|row| row.0.to_owned()))
}

#[test]
fn functions_of_one_input_are_as_exact_as_they_state() {
    let points = patterns(4001);
    let given: Values = fed(&[("x", &[points.len()], &points)]);
    let mut found = Vec::new();
    for (call, value, slope) in singles() {
        let graph = with_gradients(graph("x: [N]", &format!("y: {call}"), "y"));
        let got = run(&graph, &given, Dtype::F32);
        let bound = stated(&call);
        let places = || points.iter().enumerate();
        found.extend(wrong(&call, bound.value, places().map(|(k, &x)| (ulps(got[0][k], value(x), TINY), [x, 0.0]))));
        let errors = places().map(|(k, &x)| (ulps(got[1][k], slope(x), 1.0), [x, 0.0]));
        found.extend(wrong(&format!("the gradient of {call}"), bound.gradient, errors));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn functions_of_two_inputs_are_as_exact_as_they_state() {
    // Every exponent against every other, and a dense grid where most of the work is done.
    let coarse = patterns(15_000_017);
    let dense: Vec<f64> = (-150..150).map(|k| f64::from(k as f32 * 0.037)).collect();
    let square = |points: Vec<f64>| {
        points.clone().into_iter().flat_map(move |a| points.clone().into_iter().map(move |b| (a, b)))
    };
    let (a, b): (Vec<f64>, Vec<f64>) = [coarse, dense].into_iter().flat_map(square).unzip();
    let given: Values = fed(&[("a", &[a.len()], &a), ("b", &[b.len()], &b)]);
    let mut found = Vec::new();
    for (call, value, slopes) in DOUBLE {
        let graph = with_gradients(graph("a: [N], b: [N]", &format!("y: {call}"), "y"));
        let got = run(&graph, &given, Dtype::F32);
        let bound = stated(call);
        let places = || a.iter().zip(&b).enumerate();
        let errors = places().map(|(k, (&a, &b))| (ulps(got[0][k], value(a, b), TINY), [a, b]));
        found.extend(wrong(call, bound.value, errors));
        // What has no value has no slope either.
        let errors = places().filter(|(_, (a, b))| !value(**a, **b).is_nan()).map(|(k, (&a, &b))| {
            let [da, db] = slopes(a, b);
            (ulps(got[1][k], da, 1.0).max(ulps(got[2][k], db, 1.0)), [a, b])
        });
        found.extend(wrong(&format!("the gradient of {call}"), bound.gradient, errors));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn no_pointwise_operation_lacks_its_bound() {
    let calls: Vec<String> = calls().collect();
    for op in standard().ops() {
        let measured = calls.iter().any(|call| call.split('(').next() == Some(op.name));
        assert_eq!((measured, op.accuracy.is_some()), (op.expr.is_some(), op.expr.is_some()), "{}", op.name);
    }
}
