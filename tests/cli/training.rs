//! Training, and what is trained.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::{command, graphrun, json, out, path_of};

const XOR: &str = "graphs/lecture/xor.ron";
const MLP: &str = "graphs/digits/mlp.ron";

#[test]
fn xor_is_learned_from_any_of_five_seeds() {
    let folder = tempfile::tempdir().unwrap();
    for seed in ["0", "1", "2", "3", "4"] {
        let dir = format!("{}/{seed}", path_of(&folder));
        out(&["train", XOR, "--seed", seed, "--out", &dir]);
        let got = json(&["predict", XOR, "--weights", &format!("{dir}/weights.safetensors"), "--json"]);
        for (row, want) in got["values"]["l2"].as_array().unwrap().iter().zip([0.0, 1.0, 1.0, 0.0]) {
            assert!((row[0].as_f64().unwrap() - want).abs() < 0.05, "seed {seed}: {got}");
        }
    }
}

#[test]
fn weights_are_the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let weights = |threads: &str| {
        let dir = format!("{}/{threads}", path_of(&folder));
        out(&["train", MLP, "--with", "train.epochs=3", "--threads", threads, "--out", &dir]);
        std::fs::read(format!("{dir}/weights.safetensors")).unwrap()
    };
    let one = weights("1");
    assert_eq!(one, weights("2"));
    assert_eq!(one, weights("4"));
}

#[test]
fn digits_are_learned_measured_and_predicted() {
    let folder = tempfile::tempdir().unwrap();
    let dir = path_of(&folder);
    let lines = out(&["train", MLP, "--json", "--out", dir]);
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert!(last["test"]["accuracy"].as_f64().unwrap() >= 0.97, "{last}");
    for key in ["epoch", "step", "loss", "metrics", "seconds"] {
        assert!(!last[key].is_null(), "{key} is not in {last}");
    }
    assert_eq!(std::fs::read_to_string(format!("{dir}/metrics.jsonl")).unwrap(), lines);
    // The data lies beside the file that was trained, not beside its copy.
    out(&["show", &format!("{dir}/model.ron")]);
    let weights = format!("{dir}/weights.safetensors");
    let scores = json(&["eval", MLP, "--weights", &weights, "--json"]);
    assert_eq!(scores["accuracy"], last["test"]["accuracy"]);

    let zeros = format!("x=[[{}]]", vec!["0"; 64].join(","));
    let one = json(&["predict", MLP, "--weights", &weights, "--set", &zeros, "--json"]);
    assert_eq!(one["values"]["scores"][0].as_array().unwrap().len(), 10);
    let run = json(&["run", MLP, "--weights", &weights, "--set", &zeros, "--json"]);
    assert_eq!(run["values"]["scores"], one["values"]["scores"]);

    let file = format!("{dir}/scores.npy");
    out(&["predict", MLP, "--weights", &weights, "--out", &file]);
    let (shape, values) = graphrun::data::read_npy(file.as_ref(), 1 << 20).unwrap();
    assert_eq!((shape[1], shape[0] * 10), (10, values.len()));
}

#[test]
fn signals_to_end_leave_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    for (signal, number) in [("-INT", 2), ("-TERM", 15), ("-HUP", 1)] {
        let dir = format!("{}/{signal}", path_of(&folder));
        let args = ["train", MLP, "--with", "train.epochs=1000000", "--json", "--out", &dir];
        let mut child = command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.next().unwrap().unwrap().contains("\"epoch\""));
        let killed = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        lines.for_each(drop);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(128 + number), "{signal}: {said}");
        assert!(said.contains("--resume"), "{signal}: {said}");
        out(&["eval", MLP, "--weights", &format!("{dir}/weights.safetensors")]);
    }
}

#[test]
fn settings_that_lead_nowhere_are_refused() {
    let refused = |with: &str, says: &str| {
        let output = graphrun(&["train", MLP, "--with", with]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(says), "{said}");
    };
    refused("train.epoch=5", "epoch");
    refused("train.epochs=many", "many");
    refused("train.epochs", "has no value");
}
