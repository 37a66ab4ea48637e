//! The example of every registered operation, as the reference shows it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn graphrun(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_graphrun")).args(args).output().unwrap()
}

/// Writes each operation's example to a file of its name and gives the names.
fn write_examples(folder: &Path) -> Vec<String> {
    let ops: Value = serde_json::from_slice(&graphrun(&["ops", "--json"]).stdout).unwrap();
    let write = |op: &Value| {
        let name = op["name"].as_str().unwrap();
        std::fs::write(folder.join(format!("{name}.ron")), op["example"].as_str().unwrap()).unwrap();
        name.to_owned()
    };
    ops.as_array().unwrap().iter().map(write).collect()
}

#[test]
fn every_example_has_tests_and_passes_them() {
    let folder = tempfile::tempdir().unwrap();
    let names = write_examples(folder.path());
    let output = graphrun(&["test", folder.path().to_str().unwrap(), "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let got: Value = serde_json::from_slice(&output.stdout).unwrap();
    for name in names {
        let file = folder.path().join(format!("{name}.ron"));
        let cases = got["cases"].as_array().unwrap().iter().filter(|case| case["file"].as_str() == file.to_str());
        assert!(cases.count() > 0, "the example of {name} tests nothing");
    }
}

#[test]
fn the_gradient_of_every_example_is_a_model() {
    let folder = tempfile::tempdir().unwrap();
    for name in write_examples(folder.path()) {
        let file = folder.path().join(format!("{name}.ron"));
        let gradient = graphrun(&["grad", file.to_str().unwrap(), "--upstream", "1"]);
        assert!(gradient.status.success(), "{name}: {}", String::from_utf8_lossy(&gradient.stderr));
        std::fs::write(&file, gradient.stdout).unwrap();
        let checked = graphrun(&["check", file.to_str().unwrap()]);
        assert!(checked.status.success(), "{name}: {}", String::from_utf8_lossy(&checked.stderr));
    }
}
