//! Gradients proved by the command.

use serde_json::{Value, json as value};

use crate::{graphrun, json, out, path_of, root};

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
    assert!(
        said.contains("x along a direction: on too many kinks to prove anything; another point by --set"),
        "{said}"
    );
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
    assert!(!replay.contains("again:"), "{replay}");
    let nothing = graphrun(&["gradcheck", "--self-test", "--seeds", "0", "--cases", "0", "--json"]);
    let got: Value = serde_json::from_slice(&nothing.stdout).unwrap();
    assert_eq!((nothing.status.code(), &got["verdict"]), (Some(3), &value!("vacuous")));
    assert_eq!(got["unexamined"], value!(["planted bugs", "clean cases"]));
}

/// What the command says of this model, with these arguments behind its name.
fn said(text: &str, more: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}/model.ron", path_of(&folder));
    std::fs::write(&path, format!("Model(graphrun: 1, {text})")).unwrap();
    let output = graphrun(&[&["gradcheck", &path], more].concat());
    assert!(output.status.code().is_some_and(|status| status < 4), "{output:?}");
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[test]
fn the_point_is_named() {
    let model = "inputs: { x: [], y: [] }, params: { w: (shape: [], init: Ones) },
        nodes: { z: Formula(\"w * x * y\", { w: w, x: x, y: y }) }, outputs: [z]";
    let tested =
        format!("{model}, tests: [(given: {{ x: 1, y: 2 }}, params: {{ w: 3 }}, phase: Train, value: {{ z: 6 }})]");
    let part = format!("{model}, tests: [(given: {{ x: 1, y: 2 }}, value: {{ z: 2 }})]");
    for (model, more, point) in [
        (model, &[][..], "values drawn from seed 0, phase Test"),
        (model, &["--seed", "7"], "values drawn from seed 7, phase Test"),
        (model, &["--set", "x=2", "--set", "y=2", "--set", "w=1"], "what is given, phase Test"),
        (&tested, &[], "the first of the file's tests, phase Train"),
        (&tested, &["--set", "x=2"], "what is given, the rest from the first of the file's tests, phase Train"),
        (&part, &[], "the first of the file's tests, the rest from values drawn from seed 0, phase Test"),
    ] {
        let text = said(model, more);
        assert_eq!(text.lines().next(), Some(format!("`z` at {point}").as_str()), "{text}");
        let got: Value = serde_json::from_str(&said(model, &[more, &["--json"]].concat())).unwrap();
        assert_eq!((&got["of"], &got["point"]), (&value!("`z`"), &value!(point)));
    }
}

#[test]
fn every_row_that_is_no_plain_pass_has_its_reason() {
    let model = "inputs: { x: [2, 2], none: [N], big: [] },
        nodes: { a: Abs(x), abs: Sum(a), s: Sqrt(x), root: Sum(s), l: Log(x), log: Sum(l), zero: Mul(big, 0), empty: Sum(none),
        far: Add(big, 1e12), two: Add(abs, big), sum: Sum(x), sharp: Formula(\"sin(1e5 * x)\", { x: big }),
        swing: Formula(\"abs(x) + sin(200 * x) + if(x == 0, 10 * x, 0)\", { x: big }) },
        outputs: [abs, root, log, zero, empty, far, two, sum, sharp, swing]";
    for (of, wrt, set, more, line) in [
        ("abs", "x", "x=[[1, 1], [0, 1]]", &[][..], "x[1, 0]: stands on a kink, and the gradient lies between"),
        ("root", "x", "x=[[1, 1], [0, 1]]", &[], "x[1, 0]: the gradient is inf, no finite number"),
        ("log", "x", "x=[[1, -1], [1, 1]]", &[], "x[1, 1]: no numeric derivative, since the value is no finite number"),
        ("zero", "big", "big=1", &[], "big: every gradient of this check is zero, which proves nothing"),
        ("empty", "none", "none=[]", &[], "none: has no elements, so nothing was checked"),
        ("far", "big", "big=1", &[], "only, too little for 6 digits"),
        ("swing", "big", "big=0", &[], "beyond the slopes to either side of a kink, which are not known to 6 digits"),
        ("sum", "x", "x=[[1, 1], [1, 1]]", &["--method", "forward", "--step", "1e300"], "pass, 12 evaluations"),
        (
            "sharp",
            "big",
            "big=1",
            &["--method", "central", "--step", "0.1"],
            "apart, and a step of 1e-1 does not tell why",
        ),
    ] {
        let text = said(model, &[&["--of", of, "--wrt", wrt, "--set", set], more].concat());
        assert!(text.contains(line), "{of}: {text}");
        let got: Value =
            serde_json::from_str(&said(model, &[&["--of", of, "--wrt", wrt, "--set", set, "--json"], more].concat()))
                .unwrap();
        let reason = got["entries"][0]["reason"].as_str();
        assert_eq!(reason.is_none(), got["verdict"] == "pass", "{got}");
        assert!(reason.is_none_or(|reason| text.contains(&format!(": {reason}\n"))), "{got}\n{text}");
    }
    let endless = out(&[&["gradcheck", "graphs/lecture/squares.ron"], &["--wrt", "x1"][..]].concat());
    assert!(!endless.contains("x1:"), "a pass has no reason: {endless}");
    // One that is zero beside others is proved, with no digits that would be relative to nothing.
    let beside = said(model, &["--of", "two", "--wrt", "x,big,none", "--set", "x=[[1, 1], [2, 1]]"]);
    let row = beside.lines().find(|line| line.trim().starts_with("none")).unwrap();
    assert!(row.contains("pass") && row.contains("zero"), "{beside}");
}

#[test]
fn a_table_sums_up_what_json_does() {
    let more = ["--method", "forward", "--step", "0.001"];
    let (text, got) = (out(&with(&more)), json(&with(&[&more[..], &["--json"]].concat())));
    let closing = format!(
        "pass, {} evaluations, relative error {:.3e}",
        got["evaluations"],
        got["max_rel_error"].as_f64().unwrap()
    );
    assert!(text.trim_end().ends_with(&closing), "{text}\n{closing}");
}

#[test]
fn a_curve_agrees_with_the_verdict() {
    let model = "inputs: { x: [], none: [N] }, nodes: { a: Abs(x), s: Square(x), e: Sum(none) }, outputs: [a, s, e]";
    let kink = said(model, &["--of", "a", "--set", "x=0", "--curve"]);
    assert_eq!(kink.matches("no line: the point stands on a kink").count(), 3, "{kink}");
    assert!(kink.contains("f forward, b backward, c central, * several") && kink.contains("the lowest those of 1e-16"));
    let lowest = said(model, &["--of", "s", "--wrt", "x", "--set", "x=0", "--curve"]);
    assert!(lowest.contains("forward   slope 1.00") && lowest.contains("central   exact but for rounding"), "{lowest}");
    let folder = tempfile::tempdir().unwrap();
    let drawing = format!("{}/none.svg", path_of(&folder));
    let empty = said(model, &["--of", "e", "--wrt", "none", "--set", "none=[]", "--curve", "--svg", &drawing]);
    assert!(empty.contains("no curve is drawn: what is varied has no elements") && !empty.contains("1e-12"), "{empty}");
    assert!(!std::path::Path::new(&drawing).exists());
}

#[test]
fn wrong_points_and_names_have_remedies_of_their_own() {
    let model = "inputs: { x: [2], i: Index([], 2) }, params: { w: (shape: [2], init: Ones) },
        nodes: { y: Mul(x, w), z: Sum(y), p: Pick(x, i) }, outputs: [z, p]";
    for (more, says) in [
        (&["--set", "x=[1]"][..], "feed an array of shape [2]"),
        (&["--set", "x=1"], "feed what is declared, [2]"),
        (&["--set", "w=[1]"], "give an array of shape [2]"),
        (&["--set", "i=2"], "feed integers in that range"),
        (&["--set", "i=0.5"], "feed integers in that range"),
        (&["--wrt", "i"], "differentiate a real node with respect to reals"),
        (&["--of", "i"], "differentiate a real node with respect to reals"),
        (&["--wrt", "y"], "inputs: x, i; parameters: w"),
        (&["--wrt", "nope"], "inputs: x, i; parameters: w"),
        (&["--wrt", ""], "a name is missing"),
        (&["--wrt", "x,"], "a name is missing"),
        (&["--max-memory", "1", "--set", "x=[1, 1]", "--wrt", "w"], "pass"),
    ] {
        let text = said(model, more);
        assert!(text.contains(says), "{more:?}: {text}");
    }
}

#[test]
fn a_self_test_takes_nothing_that_is_of_a_model() {
    let square = "graphs/lecture/square.ron";
    for more in [
        &["--self-test", square][..],
        &["--self-test", "--set", "x=1"],
        &["--self-test", "--feed", "x=x.npy"],
        &["--self-test", "--of", "z"],
        &["--self-test", "--wrt", "x"],
        &["--self-test", "--upstream", "1"],
        &["--self-test", "--method", "adaptive"],
        &["--self-test", "--step", "1"],
        &["--self-test", "--digits", "6"],
        &["--self-test", "--curve"],
        &["--self-test", "--svg", "c.svg"],
        &["--self-test", "--weights", "w.safetensors"],
        &["--self-test", "--dtype", "f64"],
        &["--seeds", "2"],
        &["--cases", "2"],
        &["--seeds", "2", square],
        &["--cases", "2", square],
        &[],
    ] {
        let output = graphrun(&[&["gradcheck"], more].concat());
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{more:?}: {text}");
        assert!(text.contains("graphrun gradcheck --self-test [--seeds N]"), "{more:?}: {text}");
    }
}

#[test]
fn another_seed_examines_other_cases() {
    let tally = |seed: &str| out(&["gradcheck", "--self-test", "--seeds", "0", "--cases", "60", "--seed", seed]);
    let counts = |text: String| text.split(" in ").next().unwrap().to_owned();
    let each: std::collections::BTreeSet<String> = ["0", "1", "2"].map(|seed| counts(tally(seed))).into();
    assert_eq!((each.len(), counts(tally("1")) == counts(tally("1"))), (3, true), "{each:?}");
}

/// What a fence of the page holds that begins with this word.
fn fenced<'a>(page: &'a str, kind: &str) -> Vec<&'a str> {
    let fence = format!("```{kind}\n");
    page.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn the_page_shows_what_the_command_says() {
    let page = std::fs::read_to_string(root().join("docs/gradcheck.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let model = format!("{}/point.ron", path_of(&folder));
    std::fs::write(&model, fenced(&page, "ron")[0]).unwrap();
    let blocks = fenced(&page, "console");
    assert!(blocks.len() > 8, "{}", blocks.len());
    for block in blocks {
        let (line, shown) = block.split_once('\n').unwrap();
        let words = line.strip_prefix("$ graphrun ").unwrap().split(' ');
        let args: Vec<&str> = words.map(|word| if word == "point.ron" { &model } else { word }).collect();
        let said = String::from_utf8(graphrun(&args).stdout).unwrap();
        let mut said = said.lines();
        for line in shown.lines().filter(|line| *line != "...") {
            let (start, cut) = line.strip_suffix("...").map_or((line, false), |start| (start, true));
            let found = said.any(|said| if cut { said.starts_with(start) } else { said == start });
            assert!(found, "`{line}` is not said by {args:?}");
        }
    }
}
