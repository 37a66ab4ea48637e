//! What is built from exponentials stays finite, in value and gradient, wherever the true value is.

use serde_json::{Value, json};

use crate::{json, path_of};

/// Runs `nodes`, of which `y` is the output, on a vector `x`; holds `y` and the gradient of its sum against what is
/// expected, in single precision.
fn check(nodes: &str, x: &[f64], y: &[f64], dx: &[f64]) {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/model.ron", path_of(&folder));
    let n = x.len();
    let model =
        format!("Model(graphrun: 1, inputs: {{ x: [{n}] }}, nodes: {{ {nodes}, total: Sum(y) }}, outputs: [y, total])");
    std::fs::write(&file, model).unwrap();
    let found = json(&["run", &file, "--set", &format!("x={x:?}"), "--grad", "total", "--json"]);
    for (got, want) in [(&found["values"]["y"], y), (&found["grads"]["x"], dx)] {
        let got: Vec<f64> = match got {
            Value::Array(list) => list.iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect(),
            one => vec![one.as_f64().unwrap_or(f64::NAN)],
        };
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
