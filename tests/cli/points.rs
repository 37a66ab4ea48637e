//! Where the verbs look that need numbers: what is given, the first test, weights, or drawn numbers.

use serde_json::{Value, json};

use crate::{graphrun, json, out, path_of};

const SQUARE: &str = "graphs/lecture/square.ron";
const LINEAR: &str = "graphs/lecture/linear.ron";

/// The values of a worksheet by name.
fn worksheet(args: &[&str], part: &str) -> serde_json::Map<String, Value> {
    let got = json(&[&["trace"], args, &["--json"]].concat());
    let lines = got[part].as_array().unwrap().iter();
    lines.map(|line| (line["name"].as_str().unwrap().to_string(), line["value"].clone())).collect()
}

fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = format!("{}/{name}", path_of(folder));
    std::fs::write(&path, text).unwrap();
    path
}

/// A model with this input and these nodes, tests and outputs.
fn model(folder: &tempfile::TempDir, name: &str, fields: &str) -> String {
    file(folder, name, &format!("Model(graphrun: 1, {fields})"))
}

#[test]
fn what_is_not_given_comes_from_the_first_test() {
    let given = worksheet(&[SQUARE, "--set", "a=5"], "forward");
    assert_eq!((&given["x1"], &given["x2"], &given["z"]), (&json!(1.0), &json!(2.0), &json!(121.0)));
    let upstream = worksheet(&[LINEAR, "--set", "x=[0, 1]"], "backward");
    assert_eq!(
        (&upstream["ds/ds"], &upstream["ds/ds.weight"]),
        (&json!([1.0, -1.0]), &json!([[0.0, 1.0], [0.0, -1.0]]))
    );
    assert_eq!(worksheet(&[LINEAR, "--of", "s"], "backward")["ds/ds"], json!([1.0, -1.0]));
    let check = json(&["gradcheck", LINEAR, "--set", "x=[0, 1]", "--wrt", "s.bias", "--json"]);
    assert_eq!((&check["verdict"], &check["entries"][0]["name"]), (&json!("pass"), &json!("s.bias")));
    let stats = json(&["stats", LINEAR, "--json"]);
    assert_eq!(
        (&stats["inits"][0]["layers"][0]["name"], &stats["inits"][0]["layers"][0]["value"]["mean"]),
        (&json!("s"), &json!(23.0))
    );
}

#[test]
fn a_test_of_another_size_lends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = model(
        &folder,
        "m.ron",
        "inputs: { x: [N], t: [N] }, nodes: { y: Mul(x, t) }, outputs: [y],
        tests: [(given: { x: [1], t: [2] }, upstream: [3], value: { y: [2] }, grad: { x: [6] })]",
    );
    assert_eq!(worksheet(&[&path], "backward")["dy/dx"], json!([6.0]));
    let more = [&path, "--set", "x=[1, 2, 3]"];
    for verb in ["trace", "gradcheck"] {
        let refused = graphrun(&[&[verb], &more[..], &["--upstream", "[1, 2]"]].concat());
        assert!(String::from_utf8_lossy(&refused.stderr).contains("--upstream is [2], and `y` is [3]"), "{verb}");
    }
    let refused = graphrun(&[&["trace"], &more[..]].concat());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--upstream"));
    let got = worksheet(&[&more[..], &["--upstream", "-1"]].concat(), "backward");
    assert_eq!(got["dy/dt"], json!([-1.0, -2.0, -3.0]));
}

#[test]
fn weights_win_over_the_parameters_of_a_test() {
    let folder = tempfile::tempdir().unwrap();
    let xor = "graphs/lecture/xor.ron";
    out(&["train", xor, "--with", "train.steps=9", "--out", path_of(&folder)]);
    let weights = format!("{}/weights.safetensors", path_of(&folder));
    let trained = worksheet(&[xor, "--weights", &weights], "forward");
    assert_ne!(trained["b"], worksheet(&[xor], "forward")["b"]);
    let run = json(&[
        "run",
        xor,
        "--weights",
        &weights,
        "--set",
        "x=[[0, 0, 1]]",
        "--set",
        "y=[[0]]",
        "--all",
        "--json",
        "--dtype",
        "f64",
    ]);
    assert_eq!(trained["b"], run["values"]["b"]);
    let analytic = |more: &[&str]| {
        json(&[&["gradcheck", xor, "--wrt", "b", "--json"], more].concat())["entries"][0]["analytic"].clone()
    };
    assert_ne!(analytic(&["--weights", &weights]), analytic(&[]));
}

#[test]
fn a_worksheet_lists_the_gradients_asked_for() {
    let some = worksheet(&[SQUARE, "--wrt", "x1"], "backward");
    assert_eq!(some.keys().collect::<Vec<_>>(), ["dz/dz", "dz/dy", "dz/dx1"]);
    let folder = tempfile::tempdir().unwrap();
    let path = model(&folder, "m.ron", "inputs: { x: [], u: [2] }, nodes: { y: Exp(x), v: Exp(u) }, outputs: [y, v]");
    let unused = worksheet(&[&path, "--of", "y", "--wrt", "u, x"], "backward");
    assert_eq!(unused["dy/du"], json!([0.0, 0.0]));
    let drawn = out(&["draw", SQUARE, "--grads", "--wrt", "x1", "--format", "dot"]);
    assert!(drawn.contains("d 14") && !drawn.contains("d 42"), "{drawn}");
    let layers = json(&["stats", SQUARE, "--wrt", "y", "--json"])["inits"][0]["layers"].clone();
    assert_eq!(layers.as_array().unwrap().len(), 1);
}

#[test]
fn values_are_drawn_without_a_gradient_from_above() {
    let folder = tempfile::tempdir().unwrap();
    let path = model(&folder, "m.ron", "inputs: { x: [2] }, nodes: { y: Exp(x) }, outputs: [y]");
    let drawn = out(&["draw", &path, "--values", "--set", "x=[0, 1]", "--format", "text"]);
    assert!(drawn.contains("[0, 1]"), "{drawn}");
    assert_eq!(graphrun(&["draw", &path, "--grads"]).status.code(), Some(2));
}

#[test]
fn stats_take_the_first_test_or_the_data() {
    let mean = |more: &[&str]| {
        let got = json(&[&["stats", "graphs/lecture/six_layers_tanh.ron", "--json"], more].concat());
        got["inits"][0]["layers"][0]["value"]["rms"].as_f64().unwrap()
    };
    let (test, data, noise) = (mean(&[]), mean(&["--data"]), mean(&["--noise"]));
    assert!(test != data && test != noise && data > 0.1 && noise > 0.1, "{test} {data} {noise}");
}

#[test]
fn models_that_part_far_from_zero_or_by_their_parameters_differ() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, nodes: &str| {
        let fields = format!(
            "inputs: {{ x: [2] }}, params: {{ w: (shape: [2], init: Zeros) }}, nodes: {{ {nodes} }}, outputs: [z]"
        );
        model(&folder, name, &fields)
    };
    let a = write("a.ron", "y: Mul(x, w), z: Sum(y)");
    let check = |nodes: &str, status: i32, verdict: &str| {
        let b = write("b.ron", nodes);
        let output = graphrun(&["equiv", &a, &b, "--json"]);
        let got: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), &got["verdict"]), (Some(status), &json!(verdict)), "{nodes}: {got}");
    };
    check("y: Mul(w, x), z: Sum(y)", 0, "pass");
    // With the weights at their initial zeros, the two would give the same.
    check("y: Mul(x, w), v: Sum(y), z: Mul(v, 2)", 1, "fail");
    check("c: Clip(x: x, min: -5, max: 5), y: Mul(c, w), z: Sum(y)", 1, "fail");
    let never = |name: &str| {
        model(&folder, name, "inputs: { x: [] }, nodes: { s: Square(x), n: Sub(-1, s), y: Log(n) }, outputs: [y]")
    };
    let output = graphrun(&["equiv", &never("c.ron"), &never("d.ron"), "--json"]);
    let got: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (output.status.code(), &got["verdict"], &got["equivalent"]),
        (Some(3), &json!("inconclusive"), &json!(false))
    );
}

#[test]
fn single_precision_is_compared_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, nodes: &str| {
        model(&folder, name, &format!("inputs: {{ x: [9], u: [9] }}, nodes: {{ {nodes}, y: Sum(z) }}, outputs: [y]"))
    };
    let (a, b) = (write("a.ron", "p: Exp(x), q: Exp(u), z: Mul(p, q)"), write("b.ron", "s: Add(x, u), z: Exp(s)"));
    let got = json(&["equiv", &a, &b, "--dtype", "f32", "--json"]);
    assert!(got["equivalent"] == true && got["max_rel_error"].as_f64().unwrap() > 1e-9, "{got}");
    assert!(json(&["equiv", &a, &b, "--json"])["max_rel_error"].as_f64().unwrap() < 1e-9);
}

#[test]
fn a_gradient_asked_for_twice_is_given_once() {
    let got = out(&["grad", SQUARE, "--of", "y", "--upstream", "1", "--wrt", "x1, x1"]);
    assert!(got.contains("outputs: [\"grad.x1\"]"), "{got}");
}
