//! Wrong files and wrong commands.

use crate::{files_under, graphrun, json, path_of};

#[test]
fn mistakes_end_with_2_and_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let check = |nodes: &str, says: &[&str]| {
        let path = folder.path().join("wrong.ron");
        std::fs::write(
            &path,
            format!("Model(\n    graphrun: 1,\n    inputs: {{ x: [N, 3], y: [N, 4] }},\n    nodes: {{ {nodes} }},\n)"),
        )
        .unwrap();
        let output = graphrun(&["check", path.to_str().unwrap()]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(output.stdout.is_empty());
        assert!(says.iter().all(|part| text.contains(part)), "{text}");
        assert!(text.contains("wrong.ron:4:"), "{text}");
    };
    check("z: Sigmiod(x)", &["Sigmiod", "Sigmoid"]);
    check("z: Exp(xx)", &["xx"]);
    check("z: Sum(x: x, axis: [1])", &["axis", "axes"]);
    check("z: Add(x, y)", &["3", "4"]);
    check("z: Reshape(x: x, shape: [M, 3])", &["M"]);
    check("a: Exp(b), b: Exp(a)", &["`a`", "`b`"]);
    check("a: Exp(x), a: Exp(y)", &["a"]);
    check("a: Expp(x), b: Logg(y)", &["Expp", "Logg"]);
}

/// Every verb that reads a model refuses every wrong file in the same way.
#[test]
fn every_verb_refuses_a_wrong_file() {
    let wrong = "tests/wrong/names_unknown_op.ron";
    for verb in ["check", "test", "show", "run", "grad", "gradcheck", "trace", "draw", "train", "eval", "bench"] {
        let output = graphrun(&[verb, wrong]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{verb}: {text}");
        assert!(text.contains("names_unknown_op.ron:"), "{verb}: {text}");
    }
}

#[test]
fn show_goes_up_to_the_first_bad_node() {
    let output = graphrun(&["show", "tests/wrong/train/model_wrong_too.ron"]);
    let (table, text) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(table.contains("Input") && !table.contains("Linear") && text.contains("Liner"), "{table}\n{text}");
}

#[test]
fn fmt_leaves_what_it_does_not_know_alone() {
    let folder = tempfile::tempdir().unwrap();
    for (text, says) in [("Model(graphrun: 2)", "GR0204"), ("(a: 1)", "GR0207")] {
        let path = folder.path().join("other.ron");
        std::fs::write(&path, text).unwrap();
        let output = graphrun(&["fmt", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8(output.stderr).unwrap().contains(says));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn errors_are_records_in_json() {
    let output = graphrun(&["check", "tests/wrong/many_mistakes_in_one_file.ron", "--json"]);
    let got: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let errors = got["errors"].as_array().unwrap();
    assert!(errors.len() > 3 && output.status.code() == Some(2), "{got}");
    for error in errors {
        let whole = |key: &str| error[key].as_u64().is_some_and(|n| n > 0);
        let text = |key: &str| error[key].as_str().is_some_and(|s| !s.is_empty());
        assert!(whole("line") && whole("column") && text("file") && text("code") && text("message"), "{error}");
        assert!(error.get("help").is_some(), "{error}");
        json(&["explain", error["code"].as_str().unwrap(), "--json"]);
    }
}

#[test]
fn no_wrong_file_panics() {
    for path in files_under("tests/wrong", "ron") {
        let output = graphrun(&["check", path.to_str().unwrap()]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let part = path.parent().is_some_and(|folder| folder.ends_with("parts"));
        assert!(output.status.code() == Some(2) || part, "{}: {text}", path.display());
        assert!(!text.contains("panicked"), "{}: {text}", path.display());
    }
}

#[test]
fn wrong_commands_end_with_2_and_a_remedy() {
    let refused = |args: &[&str], says: &str| {
        let output = graphrun(args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        let usage = said.contains("--help") || said.contains(" is wanted");
        assert!(said.contains(says) && (said.contains("help: ") || usage), "{args:?}: {said}");
    };
    let square = "graphs/lecture/square.ron";
    refused(&["check", "nowhere.ron"], "nowhere.ron");
    refused(&["run", square, "--nonsense"], "--nonsense");
    refused(&["run", square, "--threads", "0"], "threads");
    refused(&["run", square, "--set", "x1"], "--set");
    refused(&["run", square, "--set", "x1=1"], "x2");
    refused(&["run", square, "--set", "x1=[1,2]", "--set", "x2=1", "--set", "a=1"], "x1");
    refused(&["run", square, "--set", "x9=1", "--set", "x1=1", "--set", "x2=1", "--set", "a=1"], "x9");
    refused(&["run", square, "--grad", "zz"], "`z`");
    refused(&["grad", "graphs/lecture/softmax.ron", "--of", "nothing"], "nothing");
    refused(&["ops", "Sigmiod"], "Sigmoid");
    refused(&["explain", "GR9999"], "GR9999");
    refused(&["run", square, "--set", "x_1=1"], "the nearest is `x1`; inputs: x1, x2, a; parameters: none");
    refused(&["trace", square, "--set", "x_1=1"], "inputs: x1, x2, a");
    refused(&["run", square, "--set", "x1="], "is empty");
    refused(&["run", square, "--feed", "x1=missing.npy"], "missing.npy is not there");
    refused(&["train", "graphs/lecture/xor.ron", "--with", "train.steps="], "is empty");
    refused(&["run", square, "--grad", "z", "--of", "y"], "--of");
    refused(&["--json", "trace", square, "--quiz"], "--quiz");
    refused(&["equiv", square, "graphs/lecture/logistic.ron"], "logistic.ron has no input `x1`, which");
    let linear = "graphs/lecture/linear.ron";
    refused(&["run", linear, "--set", "x=[1, 2]", "--grad", "s"], "--upstream");
    refused(
        &["run", linear, "--set", "x=[1, 2]", "--grad", "s", "--upstream", "[1]"],
        "--upstream is [1], and `s` is [2]",
    );
    refused(&["gradcheck", linear, "--step", "1e-4"], "--method");
    refused(&["gradcheck", linear, "--method", "central", "--step", "-1"], "a step of -1 goes nowhere");
    refused(&["gradcheck", "--self-test", linear], "--self-test");
    refused(&["run", linear, "--seed", "-1"], "a whole number from 0 is wanted");
    refused(&["run", linear, "--max-memory", "0"], "a whole number of MiB from 1 is wanted");
    refused(&["run", square, "--set", "x1=1", "--set", "x1=2"], "by `--set x1=1` and by `--set x1=2`");
    refused(&["check", "tests/wrong/train/data"], "there is no model file in tests/wrong/train/data");
    refused(&["check", "graphs/lecture/squre.ron"], "did you mean `graphs/lecture/square.ron`?");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.safetensors"), "no tensors").unwrap();
    let bad = format!("{}/bad.safetensors", path_of(&folder));
    refused(&["eval", "graphs/digits/mlp.ron", "--weights", &bad], "bad.safetensors");
}

#[test]
fn one_wrong_file_leaves_the_results_of_the_others() {
    let (right, wrong) = ("graphs/lecture/square.ron", "tests/wrong/names_unknown_op.ron");
    let check = |args: &[&str], key: &str, says: serde_json::Value| {
        let output = graphrun(&[args, &["--json"]].concat());
        let got: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), &got[key]), (Some(2), &says), "{got}");
        assert!(got["errors"][0]["file"].as_str().is_some() && !output.stderr.is_empty(), "{got}");
    };
    check(&["test", wrong, right], "passed", 1.into());
    check(&["fmt", "--check", "nowhere.ron", right], "changed", serde_json::json!([]));
}

#[test]
fn wrong_commands_are_json_where_that_is_asked_for() {
    for args in [&["run", "--json"][..], &["run", "m.ron", "--nonsense", "--json"], &["--json", "nonsense"]] {
        let output = graphrun(args);
        let got: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(
            output.status.code() == Some(2) && got["error"].as_str().is_some_and(|e| !e.is_empty()),
            "{args:?}: {got}"
        );
        // The whole first paragraph of what is said to people.
        assert_eq!(args == ["run", "--json"], got["error"].as_str().unwrap().ends_with(": <FILE>"), "{args:?}: {got}");
    }
}

#[cfg(unix)]
#[test]
fn folders_are_searched_once_and_hidden_ones_never() {
    let folder = tempfile::tempdir().unwrap();
    let square = std::fs::read_to_string(crate::root().join("graphs/lecture/square.ron")).unwrap();
    std::fs::create_dir_all(folder.path().join("deep/.hidden")).unwrap();
    std::fs::write(folder.path().join("deep/.hidden/wrong.ron"), "nonsense").unwrap();
    std::fs::write(folder.path().join("deep/marked.ron"), format!("\u{feff}{square}")).unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("deep/loop")).unwrap();
    let got = json(&["test", path_of(&folder), "--json"]);
    assert_eq!((&got["passed"], &got["errors"]), (&1.into(), &serde_json::json!([])), "{got}");
    let marked = format!("{}/deep/marked.ron", path_of(&folder));
    json(&["run", &marked, "--set", "x1=1", "--set", "x2=2", "--set", "a=3", "--seed", "1", "--json"]);
    json(&["fmt", &marked, "--json"]);
    assert_eq!(std::fs::read_to_string(&marked).unwrap(), square);
}
