//! What a run leaves behind, and who may use it.

use std::path::Path;

use serde_json::Value;

use crate::{command, graphrun, out, path_of, root};

const XOR: &str = "graphs/lecture/xor.ron";
const MLP: &str = "graphs/digits/mlp.ron";

/// Runs in an empty folder, so that `runs/` is the test's own.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Desk {
        Desk(tempfile::tempdir().unwrap())
    }

    /// A path of the repository as seen from anywhere.
    fn model(path: &str) -> String {
        root().canonicalize().unwrap().join(path).to_str().unwrap().to_string()
    }

    /// Status, standard output and standard error of a command.
    fn run(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let output = command(args).current_dir(&self.0).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }
}

#[test]
fn every_epoch_is_a_line_on_standard_output_and_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let lines = out(&["train", XOR, "--json", "--with", "train.steps=3000", "--out", path_of(&folder)]);
    assert_eq!(lines.lines().count(), 3000);
    assert_eq!(std::fs::read_to_string(folder.path().join("metrics.jsonl")).unwrap(), lines);
}

#[test]
fn a_loss_that_is_no_number_is_a_finding_and_keeps_the_epochs_before() {
    let desk = Desk::new();
    let text = "Model(graphrun: 1, inputs: { x: [N] }, params: { w: (shape: [], init: Const(1)) },
        nodes: { y: Mul(x, w), s: Square(y), loss: Mean(s) }, outputs: [y], loss: loss,
        train: (data: (source: Rows({ x: [1, 2] })), batch: Full, epochs: 100, optimizer: Sgd(rate: 1000)))";
    std::fs::write(desk.path("m.ron"), text).unwrap();
    let (status, _, said) = desk.run(&["train", "m.ron", "--out", "r"]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("the loss is") && said.contains("lower the rate"), "{said}");
    let kept = std::fs::read_to_string(desk.path("r/metrics.jsonl")).unwrap();
    assert!(kept.lines().count() > 2 && kept.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{kept}");
}

#[test]
fn the_model_of_a_run_is_checked_trained_and_measured_where_it_lies() {
    let desk = Desk::new();
    let (status, _, said) =
        desk.run(&["train", &Desk::model(MLP), "--with", "train.epochs=1", "--seed", "5", "--out", "deep/run"]);
    assert_eq!(status, Some(0), "{said}");
    let text = std::fs::read_to_string(desk.path("deep/run/model.ron")).unwrap();
    assert!(text.contains("seed: 5") && text.contains("epochs: 1"), "{text}");
    for args in
        [&["check", "deep/run/model.ron"][..], &["eval", "deep/run/model.ron"], &["train", "deep/run/model.ron"]]
    {
        let (status, _, said) = desk.run(args);
        assert_eq!(status, Some(0), "{args:?}: {said}");
    }
}

#[test]
fn included_blocks_and_initial_values_are_found_from_the_folder_of_a_run() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("parts")).unwrap();
    let npy = graphrun::data::npy_bytes(&[1, 2], &[1.0, 2.0]);
    std::fs::write(desk.path("w.npy"), npy).unwrap();
    let block = "Model(graphrun: 1, blocks: { Line: (args: { x: Node }, nodes: { s: Linear(x: x, units: 1, init: Const(2)) }, outputs: [s]) })";
    std::fs::write(desk.path("parts/line.ron"), block).unwrap();
    let text = r#"Model(graphrun: 1, include: ["parts/line.ron"], inputs: { x: [N, 2], t: [N, 1] },
        nodes: { h: Linear(x: x, units: 1, init: File("w.npy")), y: Line(h), e: Sub(y, t), s: Square(e), loss: Mean(s) },
        outputs: [y], loss: loss,
        train: (data: (source: Rows({ x: [[0, 1], [1, 0]], t: [[1], [2]] })), batch: Full, epochs: 2, optimizer: Sgd(rate: 0.01)))"#;
    std::fs::write(desk.path("m.ron"), text).unwrap();
    for args in [&["train", "m.ron", "--out", "r"][..], &["train", "r/model.ron", "--out", "again"]] {
        let (status, _, said) = desk.run(args);
        assert_eq!(status, Some(0), "{args:?}: {said}");
    }
    let read = |name: &str| std::fs::read(desk.path(name)).unwrap();
    assert_eq!(read("r/weights.safetensors"), read("again/weights.safetensors"));
}

#[test]
fn the_seed_of_the_run_decides_what_was_held_back() {
    let folder = tempfile::tempdir().unwrap();
    let dir = path_of(&folder);
    let lines = out(&["train", MLP, "--json", "--with", "train.epochs=2", "--seed", "3", "--out", dir]);
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    let weights = format!("{dir}/weights.safetensors");
    let eval = |more: &[&str]| -> Value {
        serde_json::from_str(&out(&[&["eval", MLP, "--weights", &weights, "--json"], more].concat())).unwrap()
    };
    assert_eq!(eval(&[])["loss"], last["test"]["loss"]);
    assert_ne!(eval(&["--seed", "4"])["loss"], last["test"]["loss"]);
}

#[test]
fn runs_are_numbered_on_and_those_without_weights_are_passed_over() {
    let desk = Desk::new();
    let model = Desk::model(XOR);
    let train = ["train", &model, "--with", "train.steps=1"];
    let (status, _, said) = desk.run(&["eval", &model]);
    assert!(status == Some(2) && said.contains("there is no run"), "{said}");
    std::fs::create_dir_all(desk.path("runs/xor-4")).unwrap();
    assert!(desk.run(&train).1.contains("runs/xor-5/"));
    std::fs::create_dir_all(desk.path("runs/xor-7")).unwrap();
    let (status, said, _) = desk.run(&["eval", &model]);
    assert!(status == Some(0) && said.contains("training") && !said.contains("held out"), "{said}");
}

#[test]
fn the_folder_of_another_run_is_not_overwritten() {
    let desk = Desk::new();
    let model = Desk::model(XOR);
    let train = |more: &[&str]| desk.run(&[&["train", &model, "--with", "train.steps=20"], more].concat());
    assert_eq!(train(&["--out", "r"]).0, Some(0));
    let before = std::fs::read(desk.path("r/weights.safetensors")).unwrap();
    let (status, _, said) = train(&["--out", "r"]);
    assert!(status == Some(2) && said.contains("--resume r"), "{said}");
    assert_eq!(std::fs::read(desk.path("r/weights.safetensors")).unwrap(), before);
    assert_eq!(desk.run(&["train", &model, "--with", "train.steps=30", "--resume", "r"]).0, Some(0));
    let metrics = std::fs::read_to_string(desk.path("r/metrics.jsonl")).unwrap();
    let steps: Vec<Value> =
        metrics.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["step"].clone()).collect();
    assert_eq!(steps, (1..=30).map(Value::from).collect::<Vec<_>>());
}

#[test]
fn an_output_is_predicted_beside_one_that_has_no_rows() {
    let desk = Desk::new();
    let text = std::fs::read_to_string(root().join(XOR)).unwrap().replace("outputs: [l2]", "outputs: [l2, total]");
    std::fs::write(desk.path("m.ron"), text).unwrap();
    assert_eq!(desk.run(&["train", "m.ron", "--with", "train.steps=1"]).0, Some(0));
    assert_eq!(desk.run(&["predict", "m.ron", "--output", "l2"]).0, Some(0));
    let (status, _, said) = desk.run(&["predict", "m.ron", "--output", "l3"]);
    assert!(status == Some(2) && said.contains("`l2`"), "{said}");
    let (status, _, said) = desk.run(&["predict", "m.ron"]);
    assert!(status == Some(2) && said.contains("`total`"), "{said}");
}

#[test]
fn weights_of_another_model_are_refused_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    out(&["train", XOR, "--with", "train.steps=1", "--out", path_of(&folder)]);
    let output = graphrun(&["eval", MLP, "--weights", &format!("{}/weights.safetensors", path_of(&folder))]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && said.contains("train this one"), "{said}");
}

#[test]
fn a_metric_called_loss_is_refused_at_its_place() {
    let desk = Desk::new();
    let text = std::fs::read_to_string(root().join("graphs/iris/iris.ron")).unwrap();
    std::fs::write(desk.path("m.ron"), text.replace("accuracy: Accuracy", "loss: Accuracy")).unwrap();
    let (status, _, said) = desk.run(&["check", "m.ron"]);
    assert!(status == Some(2) && said.contains("m.ron:") && said.contains("cannot be called `loss`"), "{said}");
}

#[test]
fn a_data_file_that_is_not_there_is_found_by_check() {
    let desk = Desk::new();
    std::fs::copy(root().join(MLP), desk.path("m.ron")).unwrap();
    let (status, _, said) = desk.run(&["check", "m.ron"]);
    assert!(status == Some(2) && said.contains("m.ron:") && said.contains("data/digits.csv.gz"), "{said}");
}

#[cfg(unix)]
#[test]
fn files_have_the_permissions_of_any_other() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    std::fs::write(desk.path("plain"), "").unwrap();
    assert_eq!(desk.run(&["new", "m"]).0, Some(0));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&desk.path("m.ron")), mode(&desk.path("plain")));
}
