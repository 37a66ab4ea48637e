//! What is built from exponentials stays finite, in value and gradient, wherever the true value is.

use serde_json::{Value, json};

use crate::{json, path_of};

/// What is found of the output `y` and the gradient of its sum, in single precision.
fn run(nodes: &str, x: &[f64]) -> [Vec<f64>; 2] {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/model.ron", path_of(&folder));
    let n = x.len();
    let model =
        format!("Model(graphrun: 1, inputs: {{ x: [{n}] }}, nodes: {{ {nodes}, total: Sum(y) }}, outputs: [y, total])");
    std::fs::write(&file, model).unwrap();
    let found = json(&["run", &file, "--set", &format!("x={x:?}"), "--grad", "total", "--json"]);
    [&found["values"]["y"], &found["grads"]["x"]].map(|got| match got {
        Value::Array(list) => list.iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect(),
        one => vec![one.as_f64().unwrap_or(f64::NAN)],
    })
}

/// Holds `nodes` at a vector `x` against the value of `y` and the gradient of its sum.
fn check(nodes: &str, x: &[f64], y: &[f64], dx: &[f64]) {
    for (got, want) in run(nodes, x).iter().zip([y, dx]) {
        let near = |(g, w): (&f64, &f64)| (g - w).abs() <= 1e-5 * w.abs().max(1.0);
        assert!(got.len() == want.len() && got.iter().zip(want).all(near), "{nodes} at {x:?}: {got:?}, not {want:?}");
    }
}

#[test]
fn logarithms_of_sums_of_exponentials() {
    let s = [0.731_058_58, 0.268_941_42];
    check("e: Exp(x), s: Sum(e), y: Log(s)", &[1000.0, 999.0, 0.0], &[1_000.313_26], &[s[0], s[1], 0.0]);
    check("e: Exp(x), m: Mean(e), y: Log(m)", &[1000.0, 1000.0], &[1000.0], &[0.5, 0.5]);
    check("e: Exp(x), s: Sum(e), l: Log(s), y: Sub(x, l)", &[-90.0, -90.0], &[-std::f64::consts::LN_2; 2], &[0.0, 0.0]);
    check("e: Exp(x), s: Sum(e), y: Log1p(s)", &[-1000.0, 100.0], &[100.0], &[0.0, 1.0]);
}

/// What is divided by its size before it is squared and summed stays divided by it, in the gradient too.
#[test]
fn sums_of_scaled_products() {
    let norm = "m: Max(x: x, axes: [0], keep: true), q: Formula(\"(x / m) * (x / m)\", { x: x, m: m }), \
                s: Sum(x: q, axes: [0], keep: true), r: Sqrt(s), y: Mul(m, r)";
    for scale in [1.0, 1e13, 1e-14, 1e30] {
        check(norm, &[scale, 2.0 * scale], &[5f64.sqrt() * scale], &[0.447_213_6, 0.894_427_2]);
    }
    let shares = "a: Abs(x), w: Sum(x: a, axes: [0], keep: true), q: Div(x, w), y: Sum(q)";
    check(shares, &[1e38, 1e38], &[1.0], &[0.0, 0.0]);
}

#[test]
fn quotients_of_exponentials_and_their_logarithms() {
    let q = [0.731_058_58, 0.268_941_42, 0.0];
    // The gradient of a sum of softmaxes is zero.
    check("e: Exp(x), s: Sum(e), y: Div(e, s)", &[100.0, 99.0, 0.0], &q, &[0.0; 3]);
    check("e: Exp(x), s: Sum(e), i: Inv(s), y: Mul(e, i)", &[100.0, 99.0, 0.0], &q, &[0.0; 3]);
    let log = [0.0, -1000.0, -1000.0];
    let slope = [-2.0, 1.0, 1.0];
    check("q: Softmax(x), y: Log(q)", &[1000.0, 0.0, 0.0], &log, &slope);
    check("e: Exp(x), s: Sum(e), q: Div(e, s), y: Log(q)", &[1000.0, 0.0, 0.0], &log, &slope);
    check("e: Exp(x), s: Sum(e), i: Inv(s), q: Mul(i, e), y: Log(q)", &[1000.0, 0.0, 0.0], &log, &slope);
    let last = "q: Softmax(x), l: Slice(x: q, axis: 0, start: 2, end: 3), y: Log(l)";
    check(last, &[1000.0, 0.0, 0.0], &[-1000.0], &[-1.0, 0.0, 1.0]);
}

/// Scores that are near one another, at every distance from 0: exact differences are all that a softmax needs.
#[test]
fn hand_written_softmax_keeps_the_digits_of_the_operation() {
    let quotient = "e: Exp(x), s: Sum(e), q: Div(e, s)";
    let product = "e: Exp(x), s: Sum(e), i: Inv(s), q: Mul(i, e)";
    let weighted = "h: Exp(x), e: Mul(0.3, h), s: Sum(e), q: Div(e, s)";
    let mean = "e: Exp(x), s: Mean(e), r: Div(e, s), q: Div(r, 3)";
    for scale in [0.0, 1.0, -1.0, 1000.0, -1000.0, 1e8, -1e8, 1e30, -1e30] {
        // The weight 2 in front of the first one makes the gradient one that does not vanish.
        let weights = "w: Slice(x: q, axis: 0, start: 0, end: 1), y: Concat(xs: [q, w], axis: 0)";
        for x in [[scale; 3], [scale, scale + 1.0, scale - 2.0], [scale, 0.0, -scale]] {
            let [value, slope] = run(&format!("q: Softmax(x), {weights}"), &x);
            let [log, log_slope] =
                run("l: LogSoftmax(x), w: Slice(x: l, axis: 0, start: 0, end: 1), y: Concat(xs: [l, w], axis: 0)", &x);
            for hand in [quotient, product, weighted, mean] {
                let [by_hand, slope_by_hand] = run(&format!("{hand}, {weights}"), &x);
                near(hand, &x, &by_hand, &value, 1e-6);
                near(hand, &x, &slope_by_hand, &slope, 1e-6);
                let logs = "l: Log(q), w: Slice(x: l, axis: 0, start: 0, end: 1), y: Concat(xs: [l, w], axis: 0)";
                let [by_hand, slope_by_hand] = run(&format!("{hand}, {logs}"), &x);
                near(hand, &x, &by_hand, &log, 1e-6);
                near(hand, &x, &slope_by_hand, &log_slope, 2e-6);
            }
        }
    }
    let third = run(&format!("{quotient}, y: Identity(q)"), &[1000.0; 3]);
    assert!(third[0].iter().all(|q| (q * 3.0 - 1.0).abs() < 1e-7), "{third:?}");
}

/// Fails where one of several numbers is off by more than `tolerance`, relative to it and to 1.
fn near(what: &str, x: &[f64], got: &[f64], want: &[f64], tolerance: f64) {
    let near = |(g, w): (&f64, &f64)| (g - w).abs() <= tolerance * w.abs().max(1.0);
    assert!(got.len() == want.len() && got.iter().zip(want).all(near), "{what} at {x:?}: {got:?}, not {want:?}");
}

#[test]
fn sums_of_constants_and_exponentials_keep_their_digits() {
    let log = "n: Mul(2, x), e: Exp(n), d: Add(e, 3), y: Log(d)";
    let x = [-1000.0f64, -20.0, -3.0, 0.0, 2.0, 1000.0];
    let value = x.map(|x| if x > 100.0 { 2.0 * x } else { ((2.0 * x).exp() + 3.0).ln() });
    let slope = x.map(|x| 2.0 / (1.0 + 3.0 * (-2.0 * x).exp()));
    let [got, got_slope] = run(log, &x);
    near(log, &x, &got, &value, 3e-7);
    near(log, &x, &got_slope, &slope, 3e-7);
    let inverse = "e: Exp(x), d: Add(e, 1e30), y: Div(1e30, d)";
    let [got, _] = run(inverse, &[-50.0, 0.0, 60.0]);
    near(inverse, &[], &got, &[1.0, 1.0, 1.0 / (1.0 + 60f64.exp() / 1e30)], 3e-7);
    let two = "n: Mul(-3, x), p: Exp(n), e: Exp(x), d: Add(p, e), y: Log(d)";
    check(two, &[0.0, 1000.0, -1000.0], &[std::f64::consts::LN_2, 1000.0, 3000.0], &[-1.0, 1.0, -3.0]);
}

/// A slope of 0 that meets an infinite one is 0.
#[test]
fn what_is_not_chosen_and_what_has_died_out_has_no_slope() {
    let x = [-1000.0, 0.0, 1000.0];
    let elu = "e: Exp(x), m: Sub(e, 1), c: Greater(x, 0), y: Where(c, x, m)";
    check(elu, &x, &[-1.0, 0.0, 1000.0], &[0.0, 1.0, 1.0]);
    check("e: Exp(x), y: Minimum(e, 2)", &x, &[0.0, 1.0, 2.0], &[0.0, 1.0, 0.0]);
    check("e: Exp(x), n: Neg(e), y: Relu(n)", &x, &[0.0, 0.0, 0.0], &[0.0, 0.0, 0.0]);
    check("i: Inv(x), c: Equal(x, 0), y: Where(c, 0, i)", &[0.0, 2.0], &[0.0, 0.5], &[0.0, -0.25]);
    let (e1, s1) = ((-1f64).exp(), 0.196_611_93);
    check("n: Neg(x), e: Exp(n), m: Neg(e), y: Exp(m)", &x, &[0.0, e1, 1.0], &[0.0, e1, 0.0]);
    check("e: Exp(x), y: Sigmoid(e)", &x, &[0.5, 0.731_058_58, 1.0], &[0.0, s1, 0.0]);
    check("h: Cosh(x), y: Inv(h)", &x, &[0.0, 1.0, 0.0], &[0.0, 0.0, 0.0]);
    check("y: Formula(\"exp(-exp(-x))\", { x: x })", &x, &[0.0, e1, 1.0], &[0.0, e1, 0.0]);
}

#[test]
fn logistic_regression_from_four_kinds_of_nodes() {
    let q = "n: Neg(x), e: Exp(n), d: Add(e, 1), q: Inv(d)";
    check(&format!("{q}, y: Log(q)"), &[-200.0, 200.0], &[-200.0, 0.0], &[1.0, 0.0]);
    check(&format!("{q}, r: Sub(1, q), y: Log(r)"), &[-200.0, 200.0], &[0.0, -200.0], &[0.0, -1.0]);
    check("q: Sigmoid(x), y: Log(q)", &[-200.0, 200.0], &[-200.0, 0.0], &[1.0, 0.0]);
    check("e: Exp(x), d: Add(1, e), y: Div(e, d)", &[-200.0, 200.0], &[0.0, 1.0], &[0.0, 0.0]);
    check("e: Exp(x), d: Add(1, e), i: Inv(d), y: Mul(e, i)", &[-200.0, 200.0], &[0.0, 1.0], &[0.0, 0.0]);
    check("n: Neg(x), e: Exp(n), d: Add(1, e), y: Pow(d, -1)", &[-200.0, 200.0], &[0.0, 1.0], &[0.0, 0.0]);
    check("e: Exp(x), i: Inv(e), d: Add(1, i), y: Inv(d)", &[-200.0, 200.0], &[0.0, 1.0], &[0.0, 0.0]);
    check("n: Neg(x), e: Exp(n), d: Sub(e, -1), y: Inv(d)", &[-1000.0, 1000.0], &[0.0, 1.0], &[0.0, 0.0]);
    check("e: Exp(x), d: Add(1, e), s: Square(d), y: Div(e, s)", &[-1000.0, 0.0, 1000.0], &[0.0, 0.25, 0.0], &[0.0; 3]);
    check(
        "n: Neg(x), e: Exp(n), d: Add(1, e), c: Cube(d), y: Inv(c)",
        &[-1000.0, 0.0, 1000.0],
        &[0.0, 0.125, 1.0],
        &[0.0, 0.1875, 0.0],
    );
    check(
        "p: Exp(x), n: Neg(x), m: Exp(n), s: Add(p, m), y: Div(p, s)",
        &[-1000.0, 0.0, 1000.0],
        &[0.0, 0.5, 1.0],
        &[0.0, 0.5, 0.0],
    );
    check(
        "p: Exp(x), n: Neg(x), m: Exp(n), s: Add(p, m), y: Div(2, s)",
        &[-1000.0, 0.0, 1000.0],
        &[0.0, 1.0, 0.0],
        &[0.0; 3],
    );
    let tanh = "t: Mul(2, x), e: Exp(t), a: Sub(e, 1), b: Add(e, 1), y: Div(a, b)";
    check(tanh, &[-1000.0, 0.0, 1000.0], &[-1.0, 0.0, 1.0], &[0.0, 1.0, 0.0]);
    let tanh = "t: Mul(-2, x), e: Exp(t), a: Sub(1, e), b: Add(1, e), y: Div(a, b)";
    check(tanh, &[-1000.0, 0.0, 1000.0], &[-1.0, 0.0, 1.0], &[0.0, 1.0, 0.0]);
    let tanh = "n: Neg(x), p: Exp(x), m: Exp(n), a: Sub(p, m), b: Add(p, m), y: Div(a, b)";
    check(tanh, &[-104.0, 104.0], &[-1.0, 1.0], &[0.0, 0.0]);
    check("q: Sigmoid(x), y: BinaryCrossEntropy(q, 1)", &[-100.0, 100.0], &[50.0], &[-0.5, 0.0]);
}

#[test]
fn a_loss_of_picked_probabilities_trains() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/model.ron", path_of(&folder));
    let model = "Model(
        graphrun: 1, inputs: { x: [N, 2], t: Index([N], 3) },
        nodes: {
            s: Linear(x: x, units: 3), e: Exp(s), z: Sum(x: e, axes: [1], keep: true), q: Div(e, z),
            l: Log(q), o: OneHot(x: t, size: 3), w: Mul(o, l), r: Sum(x: w, axes: [1]),
            m: Mean(r), loss: Neg(m),
        },
        outputs: [q], loss: loss,
        train: (data: (source: Rows({ x: [[100, 20], [-50, 130], [30, -90]], t: [0, 1, 2] })), batch: Full, steps: 20,
            optimizer: Sgd(rate: 0.01)),
    )";
    std::fs::write(&file, model).unwrap();
    let lines = crate::out(&["train", &file, "--json", "--out", &format!("{}/run", path_of(&folder))]);
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert!(last["loss"].as_f64().is_some_and(|loss| loss < 0.1), "{last}");
    assert_eq!(last["step"], json!(20));
}

/// What is written by hand is planned as the operation is: its stable form is computed once, for value and gradient.
#[test]
fn hand_written_softmax_has_the_plan_of_the_operation() {
    let folder = tempfile::tempdir().unwrap();
    let plan = |name: &str, nodes: &str| {
        let file = format!("{}/{name}.ron", path_of(&folder));
        let model = format!(
            "Model(graphrun: 1, inputs: {{ x: [64, 100], t: Index([64], 10) }}, nodes: {{
                s: Linear(x: x, units: 10), {nodes}, o: OneHot(x: t, size: 10), w: Mul(o, l),
                r: Sum(x: w, axes: [1]), m: Mean(r), loss: Neg(m) }}, outputs: [q], loss: loss)"
        );
        std::fs::write(&file, model).unwrap();
        let text = crate::out(&["show", &file, "--plan", "--mode", "gradient"]);
        text.lines().skip_while(|line| !line.starts_with("stage")).map(String::from).collect::<Vec<_>>()
    };
    let operation = plan("operation", "q: Softmax(s), l: LogSoftmax(s)");
    let hand = plan("hand", "e: Exp(s), z: Sum(x: e, axes: [1], keep: true), q: Div(e, z), l: Log(q)");
    assert!(operation.len() > 4 && operation == hand, "{operation:#?}\n{hand:#?}");
}
