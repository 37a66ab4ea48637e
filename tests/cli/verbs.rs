//! What every verb gives, as people and programs read it.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::{command, graphrun, json, out, path_of, root};

fn has(value: &Value, keys: &[&str]) {
    keys.iter().for_each(|key| assert!(value.get(key).is_some(), "`{key}` is not in {value}"));
}

#[test]
fn the_verbs_take_the_flags_that_all_share() {
    let help = out(&["--help"]);
    let verbs = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let verbs: Vec<&str> = verbs.filter_map(|line| line.split_whitespace().next()).filter(|v| *v != "help").collect();
    assert!(verbs.len() >= 18, "{verbs:?}");
    for verb in verbs {
        let help = out(&[verb, "--help"]);
        for flag in ["--json", "--threads", "--dtype", "--seed"] {
            assert!(help.contains(flag), "{verb} has no {flag}");
        }
    }
}

#[test]
fn the_schema_has_every_section() {
    let schema = json(&["schema"]);
    let named = |section: &Value, name: &str| {
        let entry = section.as_array().unwrap().iter().find(|entry| entry["name"] == name);
        entry.unwrap_or_else(|| panic!("{name} is not in the schema")).clone()
    };
    assert_eq!(named(&schema["ops"], "SoftmaxCrossEntropy")["family"], "Losses");
    assert_eq!(named(&named(&schema["initialisers"], "Uniform")["options"], "low")["default"], "-1");
    assert_eq!(named(&named(&schema["train"], "early_stopping")["fields"], "patience")["default"], "10");
    assert_eq!(named(&named(&schema["optimizers"], "Adam")["options"], "beta1")["default"], "0.9");
    has(&named(&schema["schedules"], "Cosine"), &["doc", "options"]);
    assert_eq!(named(&schema["metrics"], "Accuracy")["ports"][0], "scores");
    let spirals = named(&schema["data"]["sources"], "Spirals");
    assert_eq!(named(&spirals["settings"], "classes")["default"], "2");
    assert_eq!(named(&schema["data"]["fields"], "source")["optional"], false);
}

#[test]
fn documents_have_the_keys_that_programs_rely_on() {
    let show = json(&["show", "graphs/digits/mlp.ron", "--json"]);
    has(&show, &["nodes", "params", "madds", "bytes"]);
    has(&show["nodes"][0], &["name", "op", "shape", "params", "madds"]);
    assert_eq!((show["params"].as_u64(), show["madds"].as_u64()), (Some(9610), Some(32 * (64 * 128 + 128 * 10))));
    let case = "graphs/bench/xor_3x4x1.ron";
    let bench = json(&["bench", case, "--mode", "train", "--json", "--seconds", "0.01", "--rounds", "3"]);
    has(&bench, &["case", "mode", "threads", "step_us", "min_us", "rounds"]);
    let ops = json(&["ops", "--json"]);
    let ops = ops.as_array().unwrap();
    ops.iter().for_each(|op| has(op, &["name", "summary", "formula", "inputs", "options", "differentiable"]));
    assert!(ops.len() > 100, "{} operations", ops.len());
    let check = json(&["gradcheck", "graphs/lecture/square.ron", "--json"]);
    assert_eq!(check["verdict"], "pass");
    has(
        &check["entries"][0],
        &["name", "verdict", "max_rel_error", "worst_index", "analytic", "numeric", "digits", "evaluations", "kinks"],
    );
    assert_eq!(json(&["check", "graphs", "--json"])["errors"], serde_json::json!([]));
    has(&json(&["test", "graphs/lecture", "--json"]), &["passed", "failed", "cases"]);
}

#[test]
fn results_are_set_beside_earlier_ones() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/before.json", path_of(&folder));
    let bench =
        ["bench", "graphs/bench/xor_3x4x1.ron", "--json", "--seconds", "0.01", "--rounds", "3", "--threads", "1,2"];
    let before = out(&bench);
    assert_eq!(before.lines().count(), 2);
    std::fs::write(&file, &before).unwrap();
    let after = out(&[&bench[..], &["--compare", &file]].concat());
    for (before, after) in before.lines().zip(after.lines()) {
        let [before, after] = [before, after].map(|line| serde_json::from_str::<Value>(line).unwrap());
        assert_eq!((&after["before_us"], &after["threads"]), (&before["step_us"], &before["threads"]));
    }
    let text = out(&["bench", "graphs/bench/xor_3x4x1.ron", "--mode", "train", "--seconds", "0.01", "--rounds", "1"]);
    assert!(text.contains("GFLOP/s") && text.contains("GB/s") && text.contains("product"), "{text}");
}

#[test]
fn a_plan_and_what_passes_leave_are_shown() {
    let plan = out(&["show", "graphs/digits/mlp.ron", "--plan"]);
    assert!(plan.contains("stage 0") && plan.contains("product 32 x 64 x 128"), "{plan}");
    let step = json(&["show", "graphs/digits/mlp.ron", "--plan", "--mode", "train", "--json"]);
    let stages = step["stages"].as_array().unwrap();
    let kernels: Vec<&str> =
        stages.iter().flat_map(|s| s["kernels"].as_array().unwrap()).map(|k| k["kernel"].as_str().unwrap()).collect();
    assert!(kernels.contains(&"product 32 x 64 x 128") && kernels.len() > plan.lines().count() / 2, "{kernels:?}");
    assert_eq!(graphrun(&["show", "graphs/digits/mlp.ron", "--plan", "--after", "dead"]).status.code(), Some(2));
    assert_eq!(graphrun(&["show", "graphs/digits/mlp.ron", "--mode", "train"]).status.code(), Some(2));
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/after.ron", path_of(&folder));
    for pass in ["dead", "constants", "sums", "algebra"] {
        std::fs::write(&file, out(&["show", "graphs/lecture/logistic.ron", "--after", pass])).unwrap();
        assert_eq!(json(&["equiv", "graphs/lecture/logistic.ron", &file, "--json"])["equivalent"], true, "{pass}");
    }
    let gradient = out(&["show", "graphs/lecture/square.ron", "--mode", "gradient", "--after", "dead"]);
    assert!(gradient.contains("\"grad.2\""), "{gradient}");
    assert_eq!(graphrun(&["show", "graphs/lecture/logistic.ron", "--after", "magic"]).status.code(), Some(2));
}

#[test]
fn numbers_that_json_cannot_hold_are_strings() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/m.ron", path_of(&folder));
    let text = "Model(graphrun: 1, inputs: { x: [3] }, nodes: { y: Log(x), z: Neg(y) }, outputs: [y, z])";
    std::fs::write(&file, text).unwrap();
    let got = json(&["run", &file, "--set", "x=[0, -1, 1]", "--json"]);
    assert_eq!(got["values"]["y"], serde_json::json!(["-inf", "NaN", 0.0]));
    assert_eq!(got["values"]["z"][0], "inf");
}

#[test]
fn a_failed_test_is_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/m.ron", path_of(&folder));
    let square = std::fs::read_to_string(root().join("graphs/lecture/square.ron")).unwrap();
    assert!(square.contains("z: 49"));
    std::fs::write(&file, square.replace("z: 49", "z: 48")).unwrap();
    let output = graphrun(&["test", &file, "--json"]);
    let got: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &got["failed"]), (Some(1), &serde_json::json!(1)));
}

#[test]
fn every_template_is_right_and_canonical() {
    let folder = tempfile::tempdir().unwrap();
    let begin = |name: &str, template: &str| {
        command(&["new", name, "--template", template]).current_dir(&folder).output().unwrap()
    };
    for template in ["lecture", "classifier", "regression", "cnn"] {
        assert!(begin(template, template).status.success(), "{template}");
        let file = format!("{}/{template}.ron", path_of(&folder));
        out(&["check", &file]);
        out(&["fmt", "--check", &file]);
        assert!(template == "lecture" || std::fs::read_to_string(&file).unwrap().contains("train:"), "{template}");
        if template != "lecture" {
            let runs = format!("{}/{template}", path_of(&folder));
            out(&["train", &file, "--with", "train.epochs=2", "--out", &runs]);
        }
        assert_eq!(begin(template, template).status.code(), Some(2), "a file that is there is kept");
    }
    assert!(begin("bump", "custom-op").status.success());
    let main = std::fs::read_to_string(folder.path().join("bump/src/main.rs")).unwrap();
    assert!(main.contains("graphrun::gradcheck::test_op!("), "the crate proves its gradient:\n{main}");
    let cargo = std::fs::read_to_string(folder.path().join("bump/Cargo.toml")).unwrap();
    let library = cargo.lines().find_map(|line| line.strip_prefix("graphrun = { path = \"")?.strip_suffix("\" }"));
    assert!(Path::new(library.unwrap()).join("Cargo.toml").exists(), "{cargo}");
    assert!(begin("in/bump", "custom-op").status.success());
    let cargo = std::fs::read_to_string(folder.path().join("in/bump/Cargo.toml")).unwrap();
    assert!(cargo.contains("name = \"bump\""), "{cargo}");
    assert_eq!(begin("a b", "custom-op").status.code(), Some(2));
}

#[test]
fn a_symbol_with_a_default_sizes_parameters_when_training() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/m.ron", path_of(&folder));
    let runs = format!("{}/run", path_of(&folder));
    let write = |columns: usize| {
        let text = "Model(graphrun: 1, inputs: { x: [N, P], y: Index([N], 3) }, sizes: { P: SIZE },
            nodes: { s: Linear(x: x, units: 3), loss: SoftmaxCrossEntropy(s, y) }, outputs: [s], loss: loss,
            train: (data: (source: Blobs(n: 60, classes: 3)), epochs: 2, optimizer: Adam))";
        std::fs::write(&file, text.replace("SIZE", &columns.to_string())).unwrap();
    };
    write(2);
    out(&["train", &file, "--out", &runs]);
    out(&["eval", &file, "--weights", &format!("{runs}/weights.safetensors")]);
    out(&["check", &format!("{runs}/model.ron")]);
    write(3);
    let checked = graphrun(&["check", &file]);
    assert_eq!(checked.status.code(), Some(2), "data of two columns for three: {checked:?}");
}

#[test]
fn memory_is_told_in_mebibytes() {
    let wrong = graphrun(&["show", "graphs/lecture/xor.ron", "--max-memory", "abc"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("--max-memory 2048"));
}

#[test]
fn fmt_rewrites_in_place_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/m.ron", path_of(&folder));
    std::fs::write(&file, "Model(graphrun:1,inputs:{x:[]},nodes:{y:Exp(x)},outputs:[y])").unwrap();
    assert_eq!(graphrun(&["fmt", "--check", &file]).status.code(), Some(1));
    out(&["fmt", &file]);
    out(&["fmt", "--check", &file]);
}

#[test]
fn completions_and_manual_pages_are_generated() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(out(&["completions", shell]).contains("gradcheck"), "{shell}");
    }
    let folder = tempfile::tempdir().unwrap();
    out(&["man", "--out", path_of(&folder)]);
    assert!(folder.path().join("graphrun-train.1").exists());
}

#[test]
fn a_reader_that_leaves_ends_the_command_quietly() {
    let mut child = command(&["ops", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_commands_of_the_readme_exist() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let lines = readme.lines().map(|line| line.split('#').next().unwrap_or("").trim());
    let commands: Vec<Vec<&str>> = lines
        .filter_map(|line| line.strip_prefix("graphrun ").or_else(|| line.strip_prefix("cargo run --release -- ")))
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert!(commands.len() > 8, "{commands:?}");
    for words in commands {
        let help = out(&[words[0], "--help"]);
        for word in &words[1..] {
            match word.strip_prefix("--") {
                Some(_) => assert!(help.contains(word), "{} has no {word}", words[0]),
                None if word.contains('/') => assert!(root().join(word).exists(), "{word} is not there"),
                None => {}
            }
        }
    }
}

#[test]
fn the_gradient_of_a_gradient_loads_again() {
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str, text: String| {
        let file = format!("{}/{name}.ron", path_of(&folder));
        std::fs::write(&file, text).unwrap();
        file
    };
    let first = save("first", out(&["grad", "graphs/lecture/square.ron"]));
    let second = save("second", out(&["grad", &first, "--of", "grad.x2"]));
    out(&["check", &second]);
    // d2z/dx1 dx2 = 2a, d2z/dx2^2 = 2a^2, d2z/da dx2 = 2(x1 + 2 a x2).
    let fed = ["--set", "x1=1", "--set", "x2=2", "--set", "a=3", "--json"];
    let values = json(&[&["run", &second][..], &fed].concat());
    assert_eq!(values["values"], serde_json::json!({"grad.x1": 6.0, "grad.x2": 18.0, "grad.a": 26.0}));
}

#[test]
fn one_number_is_its_own_product() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/product.ron", path_of(&folder));
    std::fs::write(&file, "Model(graphrun: 1, inputs: { a: [] }, nodes: { y: Prod(a) }, outputs: [y])").unwrap();
    assert_eq!(json(&["run", &file, "--set", "a=2", "--grad", "y", "--json"])["grads"]["a"], 1.0);
}

#[test]
fn every_verb_gives_json_where_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let answers = format!("{}/answers.txt", path_of(&folder));
    std::fs::write(&answers, "z = 49\n").unwrap();
    let square = "graphs/lecture/square.ron";
    has(&json(&["draw", square, "--json"]), &["format", "drawing"]);
    has(&json(&["completions", "bash", "--json"]), &["shell", "completions"]);
    has(&json(&["man", "--json"]), &["page"]);
    has(&json(&["man", "--out", path_of(&folder), "--json"]), &["folder"]);
    let marked = json(&["trace", square, "--answers", &answers, "--json"]);
    assert_eq!((&marked["right"], &marked["answers"][0]["verdict"]), (&1.into(), &"right".into()));
}

#[test]
fn help_and_manual_end_with_examples_and_exit_statuses() {
    let folder = tempfile::tempdir().unwrap();
    out(&["man", "--out", path_of(&folder)]);
    for verb in ["check", "train", "stats", "ops"] {
        let help = out(&[verb, "--help"]);
        assert!(help.contains("Examples:") && help.contains("Exit status: 0"), "{help}");
        let page = std::fs::read_to_string(folder.path().join(format!("graphrun-{verb}.1"))).unwrap();
        assert!(page.contains("Exit status: 0"), "{page}");
    }
}

#[test]
fn what_is_no_operation_is_explained_too() {
    let adam = out(&["ops", "Adam"]);
    assert!(adam.contains("an optimiser") && adam.contains("beta1 (default 0.9)"), "{adam}");
    for (name, kind) in [("Xavier", "initialiser"), ("Cosine", "schedule"), ("Accuracy", "metric")] {
        assert_eq!(json(&["ops", name, "--json"])[0]["kind"], kind);
    }
    assert!(String::from_utf8_lossy(&graphrun(&["ops", "Adamm"]).stderr).contains("`Adam`"));
    for [written, name] in [["tanh", "Tanh"], ["leaky_relu", "LeakyRelu"], ["ADAM", "Adam"], ["max", "Max"]] {
        assert_eq!(json(&["ops", written, "--json"])[0]["name"], name);
    }
}

#[test]
fn the_registry_is_wrapped_where_no_terminal_is() {
    let list = out(&["ops"]);
    assert!(list.lines().all(|line| line.chars().count() <= 80 && line == line.trim_end()), "{list}");
    let name = list.find("The absolute").unwrap();
    let behind = list.split("Each channel standardised").nth(1).unwrap().lines().nth(1).unwrap();
    assert_eq!(behind.len() - behind.trim_start().len(), name, "{list}");
    for name in ["ConvTranspose2d", "SoftmaxCrossEntropy", "Adam"] {
        let page = out(&["ops", name]);
        let words = page.split("  example\n").next().unwrap();
        assert!(words.lines().all(|line| line.chars().count() <= 80), "{page}");
    }
    let relu = out(&["ops", "Relu"]);
    for line in [
        "  shape      That of the input\n",
        "  accuracy   value and gradient exact (f32)\n",
        "  at a kink  the slope from below\n",
    ] {
        assert!(relu.contains(line), "{relu}");
    }
    let relu = &json(&["ops", "Relu", "--json"])[0];
    assert_eq!((&relu["kink"], &relu["accuracy"]["value"]), (&"the slope from below".into(), &0.0.into()));
    assert!(json(&["ops", "Exp", "--json"])[0]["kink"].is_null());
}

#[test]
fn nodes_of_one_formula_have_gradients_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/m.ron", path_of(&folder));
    let text = "Model(graphrun: 1, inputs: { x: [], w: [] }, nodes: { left: Mul(x, w), right: Mul(x, w), same: Reshape(x: right, shape: []),
        y: Sub(left, same) }, outputs: [y])";
    std::fs::write(&file, text).unwrap();
    let got = json(&["run", &file, "--set", "x=2", "--set", "w=3", "--grad", "y", "--wrt", "left,right,x", "--json"]);
    assert_eq!(got["grads"], serde_json::json!({ "left": 1.0, "right": -1.0, "x": 0.0 }), "{got}");
    let picture = out(&["draw", &file, "--format", "mermaid"]);
    assert!(picture.contains("left") && picture.contains("right"), "{picture}");
}

#[test]
fn stable_forms_let_no_gradient_through_where_it_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/m.ron", path_of(&folder));
    let grad = |nodes: &str, at: &str| {
        std::fs::write(&file, format!("Model(graphrun: 1, inputs: {{ x: [3] }}, nodes: {{ {nodes} }}, outputs: [y])"))
            .unwrap();
        json(&["run", &file, "--set", &format!("x={at}"), "--grad", "y", "--json"])["grads"]["x"].clone()
    };
    let sum = "y: Sum(l)";
    for nodes in [
        "s: StopGradient(x), e: Exp(s), l: Log(e)",
        "e: Exp(x), s: StopGradient(e), l: Log(s)",
        "g: Sigmoid(x), s: StopGradient(g), l: Log(s)",
        "s: StopGradient(x), p: Softmax(s), l: Log(p)",
        "s: StopGradient(x), n: Neg(s), e: Exp(n), d: Add(1, e), l: Inv(d)",
        "l: Formula(\"log(stop_gradient(exp(x)))\", { x: x })",
    ] {
        assert_eq!(grad(&format!("{nodes}, {sum}"), "[0.5, 1, 2]"), serde_json::json!([0.0, 0.0, 0.0]), "{nodes}");
    }
    // The logarithm of a sum of exponentials as it is written by hand: its gradient is the softmax.
    let by_hand = "m: Max(x), s: StopGradient(m), d: Sub(x, s), e: Exp(d), t: Sum(e), g: Log(t), y: Add(g, s)";
    let found = grad(by_hand, "[0, 0, 0]");
    let thirds = found.as_array().unwrap().iter().map(|g| (g.as_f64().unwrap() - 1.0 / 3.0).abs());
    assert!(thirds.fold(0.0, f64::max) < 1e-6, "{found}");
}

#[test]
fn what_does_not_fit_into_memory_is_refused_before_it_is_allocated() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/m.ron", path_of(&folder));
    let refused = |args: &[&str]| {
        let ended = graphrun(args);
        let errors = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(2), "{errors}");
        assert!(errors.contains("MiB"), "{errors}");
    };
    let wide = "Model(graphrun: 1, inputs: { x: [N, 2] }, nodes: { h: Linear(x: x, units: 10000000000), s: Square(h), loss: Mean(s) },
        loss: loss, train: (data: (source: Noise(n: 8, columns: { x: Normal(shape: [2]) })), batch: 8, epochs: 1, optimizer: Sgd()))";
    std::fs::write(&file, wide).unwrap();
    refused(&["train", &file, "--out", &format!("{}/run", path_of(&folder))]);
    let broad = "Model(graphrun: 1, inputs: { x: [3] }, nodes: { h: Broadcast(x: x, shape: [100000000000, 3]), s: Sum(h) }, outputs: [s])";
    std::fs::write(&file, broad).unwrap();
    refused(&["gradcheck", &file]);
}
