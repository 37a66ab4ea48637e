//! The lecture's figures.

use serde_json::json;

use crate::{graphrun, json, out};

const SQUARE: &str = "graphs/lecture/square.ron";
const AT: [&str; 6] = ["--set", "x1=1", "--set", "x2=2", "--set", "a=3"];

fn at(args: &[&str]) -> serde_json::Value {
    json(&[args, &AT[..], &["--json"]].concat())
}

#[test]
fn the_first_graph_and_its_gradients() {
    for dtype in ["f32", "f64"] {
        let got = at(&["run", SQUARE, "--grad", "z", "--dtype", dtype]);
        assert_eq!(got, json!({"values": {"z": 49.0}, "grads": {"x1": 14.0, "x2": 42.0, "a": 28.0}}));
    }
    let all = at(&["run", SQUARE, "--all"]);
    assert_eq!((&all["values"]["x2a"], &all["values"]["y"]), (&json!(6.0), &json!(7.0)));
    let some = at(&["run", SQUARE, "--grad", "y", "--wrt", "a,x1"]);
    assert_eq!(some["grads"], json!({"a": 2.0, "x1": 1.0}));
    let text = out(&[&["run", SQUARE, "--grad", "z"], &AT[..]].concat());
    assert!(["z = 49", "d/d x1 = 14", "d/d x2 = 42", "d/d a = 28"].iter().all(|line| text.contains(line)), "{text}");
}

#[test]
fn the_gradient_of_a_model_is_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grad.ron");
    let file = path.to_str().unwrap();
    std::fs::write(&path, out(&["grad", SQUARE])).unwrap();
    out(&["check", file]);
    let first = at(&["run", file]);
    assert_eq!(first["values"], json!({"grad.x1": 14.0, "grad.x2": 42.0, "grad.a": 28.0}));
    let second = at(&["run", file, "--grad", "grad.x2"]);
    assert_eq!(second["grads"], json!({"x1": 6.0, "x2": 18.0, "a": 26.0}));
    // The second derivatives as a model of their own, and the third from it: d3z / dx2 da2 = 4 x2.
    std::fs::write(&path, out(&["grad", file, "--of", "grad.a", "--wrt", "a"])).unwrap();
    out(&["check", file]);
    assert_eq!(at(&["run", file])["values"], json!({"grad.a": 8.0}));
    assert_eq!(at(&["run", file, "--grad", "grad.a", "--wrt", "x2"])["grads"], json!({"x2": 8.0}));
}

/// What a file's tests expect of random weights is for the file's own seed.
#[test]
fn tests_pass_whatever_seed_is_asked_for() {
    out(&["test", "graphs/digits/softmax.ron", "graphs/lecture/six_layers_tanh.ron", "--seed", "5"]);
}

/// A printed gradient says which seed its parameters need to begin as in the file.
#[test]
fn a_printed_gradient_knows_the_seed() {
    let folder = tempfile::tempdir().unwrap();
    let (model, printed) = (folder.path().join("m.ron"), folder.path().join("grad.ron"));
    let [model, printed] = [&model, &printed].map(|path| path.to_str().unwrap());
    let text = "Model(graphrun: 1, inputs: { x: [2] }, nodes: { s: Linear(x: x, units: 2), y: Sum(s) }, outputs: [y])";
    std::fs::write(model, text).unwrap();
    std::fs::write(printed, out(&["grad", model, "--seed", "7", "--wrt", "x"])).unwrap();
    assert!(std::fs::read_to_string(printed).unwrap().contains("--seed 7"));
    let at = |file: &str, more: &[&str]| {
        json(&[&["run", file, "--set", "x=[1, 2]", "--json", "--seed", "7", "--dtype", "f64"], more].concat())
    };
    assert_eq!(at(printed, &[])["values"]["grad.x"], at(model, &["--grad", "y"])["grads"]["x"]);
}

#[test]
fn a_jacobian_has_a_row_for_every_element() {
    let at = ["run", "graphs/lecture/jacobian.ron", "--set", "x1=2", "--set", "x2=3", "--json"];
    let whole = json(&[&at[..], &["--jacobian", "y"]].concat());
    assert_eq!(whole["jacobian"], json!({"x1": [3.0, 1.0], "x2": [2.0, 1.0]}));
    assert_eq!(json(&[&at[..], &["--jacobian"]].concat()), whole);
    let read = out(&[&at[..6], &["--jacobian", "y"]].concat());
    let words: Vec<Vec<&str>> = read.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[3..], [vec!["x1", "x2"], vec!["y[0]", "3", "2"], vec!["y[1]", "1", "1"]], "{read}");
    let softmax = ["run", "graphs/lecture/softmax.ron", "--set", "x=[[1, 2]]", "--set", "t=[0]"];
    let nested = json(&[&softmax[..], &["--jacobian", "s", "--json"]].concat());
    assert_eq!(nested["jacobian"]["s.bias"], json!([[[1.0, 0.0], [0.0, 1.0]]]));
    let mixed = json(&[&at[..], &["--grad", "y", "--upstream", "[1,10]"]].concat());
    assert_eq!(mixed["grads"], json!({"x1": 13.0, "x2": 12.0}));
}

#[test]
fn four_kinds_of_nodes_make_a_sigmoid() {
    let files = ["graphs/lecture/logistic.ron", "graphs/lecture/logistic_sigmoid.ron"];
    assert_eq!(json(&["equiv", files[0], files[1], "--json"])["equivalent"], true);
    assert_eq!(graphrun(&["equiv", files[0], SQUARE]).status.code(), Some(2));
    let bench = ["graphs/bench/elementary_sigmoid_1m.ron", "graphs/bench/sigmoid_1m.ron"];
    assert_eq!(json(&["equiv", bench[0], bench[1], "--json"])["equivalent"], true);
}

#[test]
fn a_jacobian_by_one_name_needs_no_gradient_from_above() {
    let linear = ["run", "graphs/lecture/linear.ron", "--set", "x=[1, 2]", "--set", "s.weight=[[1, 2], [3, 4]]"];
    let got = json(&[&linear[..], &["--jacobian", "s", "--wrt", "x", "--json"]].concat());
    assert_eq!((&got["jacobian"], &got["grads"]), (&json!({"x": [[1.0, 2.0], [3.0, 4.0]]}), &json!(null)));
}
