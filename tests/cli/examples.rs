//! The example of every registered operation, as the reference shows it.

use std::path::Path;

use crate::{graphrun, json, out, path_of};

/// Writes each operation's example to a file of its name and gives the names.
fn write_examples(folder: &Path) -> Vec<String> {
    let ops = json(&["ops", "--json"]);
    let write = |op: &serde_json::Value| {
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
    let got = json(&["test", path_of(&folder), "--json"]);
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
        let file = file.to_str().unwrap();
        let gradient = out(&["grad", file, "--upstream", "1"]);
        std::fs::write(file, gradient).unwrap();
        let checked = graphrun(&["check", file]);
        assert!(checked.status.success(), "{name}: {}", String::from_utf8_lossy(&checked.stderr));
    }
}
