//! The command as a user meets it: the real binary on the real files.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn graphrun(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_graphrun")).current_dir(root()).args(args).output().unwrap()
}

fn out(args: &[&str]) -> String {
    let output = graphrun(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&out(args)).unwrap()
}

const SQUARE: &str = "graphs/lecture/square.ron";
const AT: [&str; 6] = ["--set", "x1=1", "--set", "x2=2", "--set", "a=3"];

#[test]
fn the_lectures_first_graph() {
    let got = json(&[&["run", SQUARE, "--grad", "z", "--json"], &AT[..]].concat());
    assert_eq!(got, serde_json::json!({"values": {"z": 49.0}, "grads": {"x1": 14.0, "x2": 42.0, "a": 28.0}}));
}

#[test]
fn the_gradient_of_a_model_is_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grad.ron");
    std::fs::write(&path, out(&["grad", SQUARE])).unwrap();
    let file = path.to_str().unwrap();
    out(&["check", file]);
    let first = json(&[&["run", file, "--json"], &AT[..]].concat());
    assert_eq!(first["values"], serde_json::json!({"grad.x1": 14.0, "grad.x2": 42.0, "grad.a": 28.0}));
    let second = json(&[&["run", file, "--grad", "grad.x2", "--json"], &AT[..]].concat());
    assert_eq!(second["grads"], serde_json::json!({"x1": 6.0, "x2": 18.0, "a": 26.0}));
    out(&["grad", file, "--of", "grad.x2"]);
}

#[test]
fn every_file_passes_its_tests_and_is_in_canonical_form() {
    let got = json(&["test", "graphs", "--json"]);
    assert_eq!(got["failed"], 0, "{got}");
    assert!(got["passed"].as_u64().unwrap() > 10);
    out(&["check", "graphs"]);
    out(&["fmt", "--check", "graphs"]);
}

#[test]
fn xor_is_learned_from_any_of_five_seeds() {
    let folder = tempfile::tempdir().unwrap();
    for seed in 0..5 {
        let (dir, seed) = (folder.path().join(seed.to_string()), seed.to_string());
        let dir = dir.to_str().unwrap();
        out(&["train", "graphs/lecture/xor.ron", "--seed", &seed, "--out", dir]);
        let weights = format!("{dir}/weights.safetensors");
        let got = json(&["predict", "graphs/lecture/xor.ron", "--weights", &weights, "--json"]);
        for (row, want) in got["values"]["l2"].as_array().unwrap().iter().zip([0.0, 1.0, 1.0, 0.0]) {
            assert!((row[0].as_f64().unwrap() - want).abs() < 0.05, "seed {seed}: {got}");
        }
    }
}

#[test]
fn training_gives_the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let weights = |threads: &str| {
        let dir = folder.path().join(threads);
        let with = ["--with", "train.epochs=3", "--threads", threads, "--out", dir.to_str().unwrap()];
        out(&[&["train", "graphs/digits/mlp.ron"], &with[..]].concat());
        std::fs::read(dir.join("weights.safetensors")).unwrap()
    };
    let one = weights("1");
    assert_eq!(one, weights("2"));
    assert_eq!(one, weights("4"));
}

#[test]
fn digits_are_learned() {
    let folder = tempfile::tempdir().unwrap();
    let lines = out(&["train", "graphs/digits/mlp.ron", "--json", "--out", folder.path().to_str().unwrap()]);
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert!(last["test"]["accuracy"].as_f64().unwrap() >= 0.97, "{last}");
}

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
        assert!(says.iter().all(|part| text.contains(part)), "{text}");
        assert!(text.contains("wrong.ron:4:"), "{text}");
    };
    check("z: Sigmiod(x)", &["Sigmiod", "Sigmoid"]);
    check("z: Exp(xx)", &["xx"]);
    check("z: Sum(x: x, axis: [1])", &["axis", "axes"]);
    check("z: Add(x, y)", &["3", "4"]);
    check("a: Exp(b), b: Exp(a)", &["`a`", "`b`"]);
    check("a: Exp(x), a: Exp(y)", &["a"]);
    check("a: Expp(x), b: Logg(y)", &["Expp", "Logg"]);
    let missing = graphrun(&["check", "nowhere.ron"]);
    assert_eq!(missing.status.code(), Some(2));
    assert_eq!(graphrun(&["run", SQUARE, "--nonsense"]).status.code(), Some(2));
}

#[test]
fn unsafe_code_and_dependencies_stay_where_they_belong() {
    const ORDER: [&str; 11] =
        ["tensor", "expr", "graph", "nodes", "load", "plan", "exec", "gradcheck", "data", "train", "graphrun"];
    for (place, name) in ORDER.iter().enumerate() {
        let folder = root().join("crates").join(name);
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let uses = manifest.split("[dev-dependencies]").next().unwrap();
        for later in &ORDER[place + 1..] {
            assert!(!uses.contains(&format!("graphrun-{later}.")), "{name} uses {later}");
        }
        let petgraph = uses.contains("petgraph") || uses.contains("\nron.");
        assert!(!petgraph || *name == "load", "{name} uses what belongs to load");
        let allowed = ["tensor", "expr"].contains(name);
        assert!(allowed || !allows_unsafe(&folder.join("src")), "{name} allows unsafe code");
    }
}

fn allows_unsafe(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().flatten().any(|entry| {
        let path = entry.path();
        match path.is_dir() {
            true => allows_unsafe(&path),
            false => std::fs::read_to_string(path).is_ok_and(|text| text.contains("allow(unsafe_code)")),
        }
    })
}
