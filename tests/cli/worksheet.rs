//! The worksheet of backpropagation, and its marks.

use std::collections::BTreeSet;

use crate::{graphrun, json, out, path_of};

const SQUARE: [&str; 8] = ["trace", "graphs/lecture/square.ron", "--set", "x1=1", "--set", "x2=2", "--set", "a=3"];
const FAN_OUT: &str = "graphs/lecture/fan_out.ron";

fn has(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.lines().any(|got| got.trim() == *line), "{line} is not in\n{text}");
    }
}

/// A worksheet of `z: OP(x)` at a number.
fn single(nodes: &str, x: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}/m.ron", path_of(&folder));
    let model = format!("Model(graphrun: 1, inputs: {{ x: [] }}, nodes: {{ {nodes} }}, outputs: [z])");
    std::fs::write(&path, model).unwrap();
    out(&["trace", &path, "--set", &format!("x={x}")])
}

#[test]
fn local_times_incoming_is_outgoing() {
    let lines = [
        "z   = y^2 = 7^2 = 49",
        "dz/dz = 1",
        "dz/dy: local 2 * y = 2 * 7 = 14; incoming dz/dz = 1; outgoing 1 * 14 = 14",
        "dz/da: local x2 = 2; incoming dz/dx2a = 14; outgoing 14 * 2 = 28",
        "dz/dx2: local a = 3; incoming dz/dx2a = 14; outgoing 14 * 3 = 42",
    ];
    has(&out(&SQUARE), &lines);
    let negative = single("z: Exp(x)", "-1");
    assert!(negative.contains("exp(-1)") && !negative.contains("(("), "{negative}");
}

#[test]
fn gradients_are_summed_where_a_value_is_used_twice() {
    let lines = [
        "dz/dx via u: local 2 * x = 2 * 2 = 4; incoming dz/du = 1; outgoing 1 * 4 = 4",
        "dz/dx via v: local 3; incoming dz/dv = 1; outgoing 1 * 3 = 3",
        "dz/dx = 4 + 3 = 7",
    ];
    has(&out(&["trace", FAN_OUT]), &lines);
    let product = single("z: Mul(x, x)", "3");
    has(&product, &["dz/dx = 3 + 3 = 6"]);
    for args in [["trace", FAN_OUT, "--json"], ["trace", "graphs/lecture/xor.ron", "--json"]] {
        let got = json(&args);
        let lines = ["forward", "backward"].map(|part| got[part].as_array().unwrap().clone()).concat();
        let names: BTreeSet<&str> = lines.iter().map(|line| line["name"].as_str().unwrap()).collect();
        assert_eq!(names.len(), lines.len(), "{names:?}");
    }
}

#[test]
fn small_arrays_are_plugged_in() {
    let linear = out(&["trace", "graphs/lecture/linear.ron"]);
    let whole = "Linear([1, 2], [[1, 2], [3, 4]], [10, 20]) = [15, 31]";
    assert!(linear.contains(whole), "{linear}");
    has(&linear, &["ds/ds.bias: incoming ds/ds = [1, -1]; outgoing ds/ds = [1, -1]"]);
    let error = "dloss/dl2: local -1 = [[-1], [-1], [-1], [-1]]; \
                 incoming dloss/derror = [[-0.864756], [0.1542747], [0.2044055], [-0.8046057]]; \
                 outgoing [[-0.864756], [0.1542747], [0.2044055], [-0.8046057]] * [[-1], [-1], [-1], [-1]] \
                 = [[0.864756], [-0.1542747], [-0.2044055], [0.8046057]]";
    has(&out(&["trace", "graphs/lecture/xor.ron"]), &[error]);
    let softmax = out(&["trace", "graphs/lecture/softmax.ron"]);
    let weight = "outgoing (dloss/ds)^T @ x = [[-0.75, 0.75]]^T @ [[1, 0]] = [[-0.75, 0], [0.75, 0]]";
    let bias =
        "outgoing Sum(dloss/ds, axes: [0]) since s.bias is repeated along them = Sum([[-0.75, 0.75]], axes: [0])";
    assert!(softmax.contains(weight) && softmax.contains(bias), "{softmax}");
}

/// Nodes of the file, and no others: how arrays are folded and repeated is told by what it means.
#[test]
fn broadcasting_is_told_as_sums() {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}/m.ron", path_of(&folder));
    let model = "Model(graphrun: 1, inputs: { x: [2, 2], b: [2] }, nodes: {
        c: Mul(x, b), m: Mean(x: c, axes: [1], keep: true), d: Sub(c, m), z: Sum(d) }, outputs: [z])";
    std::fs::write(&path, model).unwrap();
    let text = out(&["trace", &path, "--set", "x=[[1, 2], [3, 4]]", "--set", "b=[1, 2]"]);
    let lines = [
        "dz/dd: incoming dz/dz = 1; outgoing dz/dz for each element = 1 for each element = [[1, 1], [1, 1]]",
        "dz/dm: incoming dz/dd = [[1, 1], [1, 1]]; outgoing Sum(-dz/dd, axes: [1]) since m is repeated along them = \
         Sum(-[[1, 1], [1, 1]], axes: [1]) = [[-2], [-2]]",
    ];
    has(&text, &lines);
    assert!(!text.contains("Reshape") && !text.contains("Broadcast") && !text.contains("keep"), "{text}");
}

#[test]
fn the_nodes_are_those_of_the_file() {
    let got = json(&["trace", "graphs/lecture/softmax.ron", "--json"]);
    let names: Vec<&str> =
        got["forward"].as_array().unwrap().iter().map(|line| line["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["x", "t", "s.weight", "s.bias", "s", "q", "loss"]);
    assert_eq!(got["forward"][5]["value"], serde_json::json!([[0.25, 0.75]]));
}

#[test]
fn a_quiz_is_marked() {
    let quiz = out(&[&SQUARE[..], &["--quiz"]].concat());
    assert!(["49", "14", "42", "28", "7"].iter().all(|number| !quiz.contains(number)), "{quiz}");
    has(&quiz, &["x2  = 2", "z   = y^2 = ____", "dz/dy: local 2 * y; incoming dz/dz; outgoing dz/dz * dz/dy = ____"]);
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}/answers.txt", path_of(&folder));
    let mark = |args: &[&str], answers: &str| {
        std::fs::write(&path, answers).unwrap();
        let output = graphrun(&[args, &["--answers", &path, "--json"]].concat());
        let got: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let counts = ["right", "wrong", "left_out"].map(|key| got[key].as_u64().unwrap());
        (output.status.code().unwrap(), counts)
    };
    // Three values and five gradients are asked for.
    assert_eq!(mark(&SQUARE, &quiz), (3, [0, 0, 8]));
    assert_eq!(mark(&SQUARE, "z = 49\ndz/dx1 = 14\ny =\n"), (0, [2, 0, 6]));
    assert_eq!(mark(&SQUARE, "z = 49\ndz/dx1 = 13\n"), (1, [1, 1, 6]));
    assert_eq!(mark(&SQUARE, "Backward\ndz/dx1: 14\ndz/dy: local 2 * y\n## Forward\nz: 50"), (1, [1, 1, 6]));
    let full = out(&SQUARE);
    assert_eq!(mark(&SQUARE, &full), (0, [8, 0, 0]));
    let markdown = out(&[&SQUARE[..], &["--markdown"]].concat());
    assert_eq!(mark(&SQUARE, &markdown), (0, [8, 0, 0]));
    assert_eq!(mark(&["trace", "graphs/lecture/softmax.ron"], "q = [[1/4, 3/4]]\ndloss/ds = [[-3/4, 3/4]]").1[0], 2);
    // A name that is none of the worksheet's is told with the nearest one, and the others are marked.
    assert_eq!(mark(&SQUARE, "z = 49\ndz/dx3 = 14\ndz/da = 28"), (1, [2, 0, 6]));
    let marks = graphrun(&[&SQUARE[..], &["--answers", &path]].concat());
    let marks = String::from_utf8(marks.stdout).unwrap();
    let unknown = "unknown  dz/dx3 = 14: the worksheet has no `dz/dx3`; did you mean `dz/dx";
    assert!(marks.contains(unknown) && marks.ends_with("2 right, 0 wrong, 1 unknown, 6 left out\n"), "{marks}");
    assert_eq!(mark(&["trace", FAN_OUT], "dz/dx via u = 4\ndz/dx = 14/2").1[..2], [2, 0]);
}

#[test]
fn what_only_whole_graphs_keep_finite_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/m.ron", folder.path().display());
    let model = "Model(graphrun: 1, inputs: { x: [3] }, nodes: { e: Exp(x), s: Sum(e), l: Log(s) }, outputs: [l])";
    std::fs::write(&file, model).unwrap();
    for (x, told) in [("[1000, 999, 1001]", true), ("[1, 2, 3]", false)] {
        for verb in [&["trace"][..], &["draw", "--grads", "--format", "text"]] {
            let output = graphrun(&[verb, &[&file, "--set", &format!("x={x}")]].concat());
            assert!(output.status.success());
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(said.contains("run --grad"), told, "{said}");
        }
    }
}
