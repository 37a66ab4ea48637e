//! What verbs write stands in the place of nothing else.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::{command, graphrun, path_of, root};

const XOR: &str = "graphs/lecture/xor.ron";
const LINEAR: &str = "graphs/lecture/linear.ron";

/// Refuses a command with exit status 2 and these words, and leaves the file as it was.
fn kept(path: &str, args: &[&str], says: &[&str]) {
    let before = std::fs::read(path).unwrap();
    let output = graphrun(args);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
    assert!(says.iter().all(|part| said.contains(part)) && said.contains("help: "), "{args:?}: {said}");
    assert_eq!(std::fs::read(path).unwrap(), before, "{args:?}");
}

#[test]
fn a_result_is_never_written_over_an_input_or_another_kind_of_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| format!("{}/{name}", path_of(&folder));
    let (model, array, text) = (at("m.ron"), at("x.npy"), at("notes.txt"));
    std::fs::copy(root().join(LINEAR), &model).unwrap();
    std::fs::write(&text, "notes").unwrap();
    std::fs::write(&array, graphrun::data::npy_bytes(&[2], &[1.0, 2.0])).unwrap();
    let fed = format!("x={array}");
    let over = "would write over";
    kept(&model, &["gradcheck", &model, "--svg", &model], &["--svg", over, ".svg"]);
    kept(&text, &["gradcheck", &model, "--svg", &text], &["--svg", over, "no SVG file"]);
    kept(&model, &["stats", &model, "--svg", &model], &["--svg", over]);
    let run = at("run");
    assert!(graphrun(&["train", XOR, "--with", "train.steps=2", "--out", &run]).status.success());
    let weights = format!("{run}/weights.safetensors");
    for path in [&weights, &format!("{run}/model.ron"), &text] {
        kept(path, &["predict", XOR, "--weights", &weights, "--out", path], &["--out", over, ".npy"]);
    }
    let drawn = at("curve.svg");
    for _ in 0..2 {
        assert!(graphrun(&["gradcheck", &model, "--feed", &fed, "--wrt", "x", "--svg", &drawn]).status.success());
    }
    assert!(std::fs::read_to_string(&drawn).unwrap().starts_with("<svg"));
}

#[test]
fn an_array_that_is_fed_is_no_place_for_the_result() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| format!("{}/{name}", path_of(&folder));
    let (run, array) = (at("run"), at("x.npy"));
    assert!(graphrun(&["train", XOR, "--with", "train.steps=2", "--out", &run]).status.success());
    std::fs::write(&array, graphrun::data::npy_bytes(&[1, 3], &[1.0, 0.0, 1.0])).unwrap();
    let model = format!("{run}/model.ron");
    kept(&array, &["predict", &model, "--feed", &format!("x={array}"), "--out", &array], &["--out", "reads"]);
}

#[test]
fn a_run_writes_over_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| format!("{}/{name}", path_of(&folder));
    let (file, model) = (at("file"), at("model.ron"));
    std::fs::write(&file, "text").unwrap();
    std::fs::copy(root().join(XOR), &model).unwrap();
    kept(&file, &["train", XOR, "--out", &file], &["names a file"]);
    kept(&model, &["train", &model, "--out", path_of(&folder)], &["which it is to train"]);
    kept(&model, &["train", XOR, "--out", path_of(&folder)], &["model.ron"]);
    kept(&model, &["train", XOR, "--resume", path_of(&folder)], &["holds no run"]);
    for notes in ["{\"my\": 1}\n", "notes"] {
        std::fs::write(at("metrics.jsonl"), notes).unwrap();
        kept(&model, &["train", XOR, "--out", path_of(&folder)], &["of no run"]);
    }
    let none = at("none");
    kept(&model, &["train", "--resume", &none], &["names no folder with the model of a run"]);
    let output = graphrun(&["train", LINEAR, "--out", &none]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!std::path::Path::new(&none).exists());
}

#[test]
fn two_runs_never_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let run = format!("{}/run", path_of(&folder));
    let args = ["train", XOR, "--with", "train.steps=100000000", "--json", "--out", &run];
    let mut child = command(&args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    assert!(BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap().contains("epoch"));
    let model = format!("{run}/model.ron");
    kept(&model, &["train", XOR, "--with", "train.steps=1", "--out", &run], &["another run is writing into", "--out"]);
    child.kill().unwrap();
    child.wait().unwrap();
    kept(&model, &["train", "--resume", &run], &["before its first checkpoint"]);
    let again = graphrun(&["train", XOR, "--with", "train.steps=1", "--out", &run]);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
}

#[test]
fn a_run_goes_on_with_its_own_model() {
    let folder = tempfile::tempdir().unwrap();
    let run = format!("{}/run", path_of(&folder));
    let train = |more: &[&str]| {
        let output = graphrun(&[&["train"], more].concat());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let settings = ["--with", "train.steps=4", "--with", "train.optimizer=Adam(rate: 0.5)"];
    assert_eq!(train(&[&[XOR, "--out", &run], &settings[..]].concat()).0, Some(0));
    let (status, said) = train(&[XOR, "--resume", &run, "--with", "train.steps=6"]);
    assert!(status == Some(0) && said.contains("as it was run") && said.contains("xor.ron is not read"), "{said}");
    let model = std::fs::read_to_string(format!("{run}/model.ron")).unwrap();
    assert!(model.contains("Adam(rate: 0.5)") && model.contains("steps: 6"), "{model}");
    let (status, said) = train(&["--resume", &run]);
    assert!(status == Some(0) && said.contains("nothing was left to train"), "{said}");
    let other = format!("{}/other", path_of(&folder));
    let (status, said) = train(&[XOR, "--with", "train.steps=0", "--out", &other]);
    assert!(status == Some(0) && said.contains("nothing was trained"), "{said}");
}
