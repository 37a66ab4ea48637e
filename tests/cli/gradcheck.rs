//! Gradients proved by the command.

use serde_json::{Value, json as value};

use crate::{graphrun, json, out, path_of};

/// The check of the lecture's sum of squares.
fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["gradcheck", "graphs/lecture/squares.ron"], more].concat()
}

#[test]
fn differences_of_squares() {
    let forward = ["--method", "forward", "--step", "0.001"];
    let text = out(&with(&forward));
    let figures = ["2.001000000e0", "1.601000000e0", "2.601000000e0", "relative error 3.124e-4"];
    assert!(figures.iter().all(|figure| text.contains(figure)), "{text}");
    let error = |method: &str| {
        let got = json(&with(&["--method", method, "--step", "0.001", "--json"]));
        got["entries"].as_array().unwrap().iter().map(|e| e["max_rel_error"].as_f64().unwrap()).fold(0.0, f64::max)
    };
    assert!(error("central") < 1e-3 * error("forward") && error("backward") > 3e-4);
    let curve = out(&with(&["--curve"]));
    let words = ["forward   slope 1.00", "backward  slope 1.00", "central   exact but for rounding"];
    assert!(words.iter().all(|line| curve.contains(line)), "{curve}");
    // A function with a third derivative shows the order of central differences.
    let logistic = out(&["gradcheck", "graphs/lecture/logistic.ron", "--curve"]);
    let slopes = ["forward   slope 1.00", "central   slope 2.00"];
    assert!(slopes.iter().all(|line| logistic.contains(line)), "{logistic}");
}

#[test]
fn a_perceptron_is_proved_along_few_directions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mlp.ron");
    // Without tests in the file its values are drawn, and stand on no kink.
    let text = r#"Model(
        graphrun: 1,
        inputs: { x: [N, 784], y: Index([N], 10) },
        nodes: {
            s1: Linear(x: x, units: 128, init: He),
            h1: Relu(s1),
            scores: Linear(x: h1, units: 10, init: He),
            loss: SoftmaxCrossEntropy(scores, y),
        },
        outputs: [scores],
        loss: loss,
    )"#;
    std::fs::write(&path, text).unwrap();
    let got = json(&["gradcheck", path.to_str().unwrap(), "--json"]);
    let entries = got["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 5, "{got}");
    assert!(entries.iter().all(|e| e["digits"].as_f64() >= Some(6.0)), "{got}");
    // 101,770 parameters, and so few evaluations that they take no time.
    assert!(entries.iter().map(|e| e["evaluations"].as_u64().unwrap()).sum::<u64>() < 1500, "{got}");
}

#[test]
fn special_values_have_their_verdicts() {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}/special.ron", path_of(&folder));
    let text = r#"Model(
        graphrun: 1,
        inputs: { x: [3], y: [], none: [N], i: Index([], 3) },
        nodes: {
            a: Abs(x),
            kink: Sum(a),
            z: Mul(x, 0),
            zero: Sum(z),
            beside: Add(zero, y),
            tie: Max(x),
            empty: Sum(none),
            picked: Pick(x, i),
        },
        outputs: [kink, beside, tie, empty, picked],
    )"#;
    std::fs::write(&path, text).unwrap();
    let check = |of: &str, wrt: &str, set: &str| {
        let output = graphrun(&["gradcheck", &path, "--of", of, "--wrt", wrt, "--set", set, "--json"]);
        let got: Value = serde_json::from_slice(&output.stdout).unwrap();
        let part = |key: &str| got["entries"].as_array().unwrap().iter().map(|e| e[key].clone()).collect::<Value>();
        (value!([part("verdict"), part("worst_index"), got["verdict"]]), output.status.code())
    };
    for (of, wrt, set, verdicts, worst, status) in [
        ("kink", "x", "x=[NaN, 1, -2]", &["fail", "fail"][..], value!([0]), 1),
        ("kink", "x", "x=[1, 0, -2]", &["kink", "kink"], value!([1]), 0),
        ("tie", "x", "x=[1, 2, 2]", &["kink", "kink"], value!([2]), 0),
        ("zero", "x", "x=[1, 2, 3]", &["vacuous", "vacuous"], value!([2]), 3),
        ("empty", "none", "none=[]", &["vacuous", "vacuous"], value!([null]), 3),
        ("beside", "x, y", "x=[1, 2, 3]", &["pass", "pass", "pass"], value!([2, 0]), 0),
        ("picked", "x", "i=2", &["pass", "pass"], value!([2]), 0),
    ] {
        let (whole, each) = verdicts.split_last().unwrap();
        assert_eq!(check(of, wrt, set), (value!([each, worst, whole]), Some(status)), "{of} at {set}");
    }
    assert!(out(&["gradcheck", &path, "--of", "picked"]).contains("integers have no gradient: `i`"));
    assert_eq!(graphrun(&["gradcheck", &path, "--of", "picked", "--wrt", "i"]).status.code(), Some(2));
}

#[test]
fn a_point_with_nothing_but_kinks_is_named_as_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}/kinks.ron", path_of(&folder));
    let text = "Model(graphrun: 1, inputs: { x: [300] }, nodes: { h: Relu(x), y: Sum(h) }, outputs: [y])";
    std::fs::write(&path, text).unwrap();
    let zeros = format!("x=[{}]", ["0"; 300].join(", "));
    let output = graphrun(&["gradcheck", &path, "--set", &zeros]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("on too many kinks to prove anything: `x`; another point by --set"), "{said}");
    let beside = zeros.replace('0', "1").replace("x=[1", "x=[-1");
    assert!(!out(&["gradcheck", &path, "--set", &beside]).contains("too many kinks"));
}

/// A quotient of the textbook methods can be the very slope that is declared for a kink.
#[test]
fn textbook_methods_name_the_kink_that_they_stand_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}/abs.ron", path_of(&folder));
    std::fs::write(&path, "Model(graphrun: 1, inputs: { x: [] }, nodes: { y: Abs(x) }, outputs: [y])").unwrap();
    for method in ["forward", "backward", "central", "adaptive"] {
        for (at, verdict, kinks) in [("x=0", "kink", 1), ("x=0.5", "pass", 0)] {
            let got = json(&["gradcheck", &path, "--set", at, "--method", method, "--json"]);
            assert_eq!((&got["verdict"], &got["entries"][0]["kinks"]), (&value!(verdict), &value!(kinks)), "{method}");
        }
    }
}

#[test]
fn a_self_test_says_what_it_left_out() {
    // One clean case of a seed: how an alarm is replayed.
    let replay = out(&["gradcheck", "--self-test", "--seeds", "0", "--cases", "1", "--seed", "7"]);
    let says = ["planted bugs: not examined", "1 clean case without an alarm: 1 passed", "pass of what was examined"];
    assert!(says.iter().all(|line| replay.contains(line)) && !replay.contains("caught"), "{replay}");
    let nothing = graphrun(&["gradcheck", "--self-test", "--seeds", "0", "--cases", "0", "--json"]);
    let got: Value = serde_json::from_slice(&nothing.stdout).unwrap();
    assert_eq!((nothing.status.code(), &got["verdict"]), (Some(3), &value!("vacuous")));
    assert_eq!(got["unexamined"], value!(["planted bugs", "clean cases"]));
}
