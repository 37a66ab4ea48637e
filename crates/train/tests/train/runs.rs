//! Whole runs on small models: they learn, repeat, resume, and do what each setting says.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use graphrun_exec::Threads;
use graphrun_load::{LoadOptions, Model, load_str};
use graphrun_tensor::Dtype;
use graphrun_train::{Event, Experiment, Figure, RunOptions, Trainer, Weights, evaluate, predict, standard};

const XOR: &str = r#"Model(
    graphrun: 1,
    inputs: { x: [N, 3], y: [N, 1] },
    params: { w: (shape: [3, 4], init: Uniform(low: -1, high: 1)), v: (shape: [4, 1], init: Uniform(low: -1, high: 1)) },
    nodes: { a: MatMul(x, w), h: Sigmoid(a), b: MatMul(h, v), q: Sigmoid(b), e: Sub(q, y), s: Square(e), loss: Sum(s) },
    outputs: [q],
    loss: loss,
    train: (
        data: ( source: Rows({ x: [[0,0,1],[0,1,1],[1,0,1],[1,1,1]], y: [[0],[1],[1],[0]] }) ),
        SETTINGS
    ),
)"#;

const DIGITS: &str = r#"Model(
    graphrun: 1,
    inputs: { x: [N, 64], digit: Index([N], 10) },
    nodes: { h: Linear(x: x, units: 16), a: Tanh(h), scores: Linear(x: a, units: 10), loss: SoftmaxCrossEntropy(scores, digit) },
    outputs: [scores],
    loss: loss,
    train: (
        data: ( source: Csv("data/digits.csv.gz"), test: 0.2,
                feeds: { x: Columns(names: ["pixel_*"], scale: 0.0625), digit: Column(name: "digit") } ),
        batch: 100, seed: 3, metrics: { accuracy: Accuracy(scores, digit), confusion: Confusion(scores, digit) },
        SETTINGS
    ),
)"#;

fn model(text: &str, settings: &str) -> Model {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../graphs/digits/test.ron");
    let text = text.replace("SETTINGS", settings);
    match load_str(&path, &text, &graphrun_nodes::standard(), &LoadOptions::default()) {
        Ok(model) => model,
        Err(diagnostics) => panic!("{}", diagnostics.render(false)),
    }
}

fn experiment(model: &Model) -> Experiment {
    Experiment::read(model, &standard()).unwrap_or_else(|diagnostics| panic!("{}", diagnostics.render(false)))
}

fn trainer(text: &str, settings: &str, options: RunOptions) -> Trainer {
    let model = model(text, settings);
    Trainer::new(&model, experiment(&model), options).unwrap()
}

fn doubles() -> RunOptions {
    RunOptions { dtype: Dtype::F64, ..RunOptions::default() }
}

/// The weights after a run, by name.
fn after(text: &str, settings: &str, options: RunOptions) -> Weights {
    let mut trainer = trainer(text, settings, options);
    trainer.run(&mut |_| {}).unwrap();
    trainer.weights().unwrap()
}

fn values(weights: &Weights, name: &str) -> Vec<f64> {
    weights.arrays[name].to_reals()
}

#[test]
fn the_xor_network_learns() {
    let settings = "batch: Full, steps: 20000, seed: 1, optimizer: Sgd(rate: 1)";
    let mut records = Vec::new();
    let mut trainer = trainer(XOR, settings, RunOptions::default());
    let last = trainer.run(&mut |event| {
        if let Event::Epoch(record) = event {
            records.push(record.clone());
        }
    });
    assert!(last.unwrap().unwrap().train.loss < 0.01);
    assert_eq!(records.len(), 20000, "every epoch is a record");
    assert_eq!(records[19_999].step, 20000);
}

#[test]
fn digits_are_learnt_measured_and_predicted_the_same_on_any_threads() {
    let settings = "epochs: 12, optimizer: Adam(rate: 0.01), schedule: Cosine(warmup: 10)";
    let mut files = Vec::new();
    for threads in [1, 2, 3] {
        let folder = tempfile::tempdir().unwrap();
        let out = Some(folder.path().to_path_buf());
        let options = RunOptions { threads: Threads::new(threads).unwrap(), out, ..RunOptions::default() };
        let model = model(DIGITS, settings);
        let mut trainer = Trainer::new(&model, experiment(&model), options.clone()).unwrap();
        let record = trainer.run(&mut |_| {}).unwrap().unwrap();
        let test = record.test.unwrap();
        let Figure::Number(accuracy) = test.metrics[0].1 else { panic!("a table") };
        assert!(accuracy > 0.9, "{accuracy}");
        let path = folder.path().join("weights.safetensors");
        let scores = evaluate(&model, &experiment(&model), &path, &options).unwrap();
        assert_eq!(scores, test);
        let outputs = predict(&model, &experiment(&model), &path, None, None, &options).unwrap();
        assert_eq!((outputs[0].0.as_str(), outputs[0].1.shape().sizes()), ("scores", &[359, 10][..]));
        files.push(std::fs::read(path).unwrap());
    }
    assert!(files.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_run_that_was_interrupted_goes_on_with_the_same_bits() {
    let settings = "epochs: 3, optimizer: Sgd(rate: 0.1, momentum: 0.9), schedule: Linear, accumulate: 2";
    let straight = after(DIGITS, settings, RunOptions::default());
    let folder = tempfile::tempdir().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let out = Some(folder.path().to_path_buf());
    let options = RunOptions { out, stop: stop.clone(), ..RunOptions::default() };
    let mut first = trainer(DIGITS, settings, options.clone());
    let mut steps = 0;
    let stopping = &mut |event: Event<'_>| {
        if let Event::Step { .. } = event {
            steps += 1;
            stop.store(steps == 20, Ordering::Relaxed);
        }
    };
    first.run(stopping).unwrap();
    stop.store(false, Ordering::Relaxed);
    let mut second = trainer(DIGITS, settings, options);
    second.resume(folder.path()).unwrap();
    second.run(&mut |_| {}).unwrap();
    assert_eq!(second.weights().unwrap(), straight);
    let mut other = trainer(DIGITS, "epochs: 3, optimizer: Adam, accumulate: 2", RunOptions::default());
    assert!(other.resume(folder.path()).unwrap_err().message.contains("adam"));
}

#[test]
fn every_optimiser_and_schedule_runs() {
    let registry = standard();
    for name in registry.optimizers().keys() {
        let settings = format!("epochs: 30, optimizer: {name}(rate: 0.01)");
        let weights = after(XOR, &settings, RunOptions::default());
        let before = after(XOR, "epochs: 0, optimizer: Sgd", RunOptions::default());
        assert_ne!(values(&weights, "w"), values(&before, "w"), "{name}");
    }
    for name in registry.schedules().keys() {
        let settings = format!("epochs: 5, optimizer: Sgd, schedule: {name}(warmup: 2)");
        after(XOR, &settings, RunOptions::default());
    }
}

/// What one step of gradient descent at rate 1 takes off `w` under these settings.
fn step(settings: &str) -> Vec<f64> {
    let before = after(XOR, "epochs: 0, optimizer: Sgd", doubles());
    let weights = after(XOR, &format!("epochs: 1, optimizer: Sgd(rate: 1), {settings}"), doubles());
    values(&before, "w").iter().zip(values(&weights, "w")).map(|(a, b)| a - b).collect()
}

#[track_caller]
fn close(a: &[f64], b: impl Iterator<Item = f64>) {
    // Rounding of a step in double precision.
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() < 1e-14, "{a} against {b}");
    }
}

#[test]
fn gradients_are_shaped_as_the_settings_say() {
    let w = values(&after(XOR, "epochs: 0, optimizer: Sgd", doubles()), "w");
    let plain = step("");
    close(&step("l2: 0.5"), plain.iter().zip(&w).map(|(g, w)| g + w));
    close(&step("l1: 0.5"), plain.iter().zip(&w).map(|(g, w)| g + 0.5 * w.signum()));
    close(&step("clip_value: 0.001"), plain.iter().map(|g| g.clamp(-0.001, 0.001)));
    close(&step("params: { w: (rate: 0.5) }"), plain.iter().map(|g| g / 2.0));
    close(&step("params: { w: (decay: 2) }"), plain.iter().zip(&w).map(|(g, w)| g + 2.0 * w));
    close(&step("params: { \"*\": (rate: 3), w: (trainable: false) }"), plain.iter().map(|_| 0.0));
    let clipped = step("clip_norm: 1e-3, params: { v: (trainable: false) }");
    let norm = plain.iter().map(|g| g * g).sum::<f64>().sqrt();
    close(&clipped, plain.iter().map(|g| g * 1e-3 / norm));
}

#[test]
fn accumulated_batches_are_one_step() {
    let two = "batch: 2, accumulate: 2, steps: 1, optimizer: Sgd(rate: 1)";
    let one = "batch: 4, epochs: 1, optimizer: Sgd(rate: 0.5)";
    // The loss is a sum over rows, so the mean of two halves is half of the whole.
    let (a, b) = (after(XOR, two, doubles()), after(XOR, one, doubles()));
    for name in ["w", "v"] {
        close(&values(&a, name), values(&b, name).into_iter());
    }
}

#[test]
fn early_stopping_and_divergence_end_a_run() {
    let mut stopped = false;
    let settings = "epochs: 500, optimizer: Sgd(rate: 0), early_stopping: (patience: 3), checkpoints: (best: true)";
    let folder = tempfile::tempdir().unwrap();
    let out = Some(folder.path().to_path_buf());
    let mut run = trainer(XOR, settings, RunOptions { out, ..RunOptions::default() });
    let record = run.run(&mut |event| stopped |= matches!(event, Event::Stopped(_))).unwrap();
    assert!(stopped && record.unwrap().epoch == 4);
    assert_eq!(Weights::load(&folder.path().join("best.safetensors")).unwrap(), run.weights().unwrap());
    let text = XOR.replace("Sigmoid", "Identity");
    let mut run = trainer(&text, "epochs: 500, optimizer: Sgd(rate: 1000)", RunOptions::default());
    let error = run.run(&mut |_| {}).unwrap_err();
    assert!(error.message.starts_with("the loss is"), "{error}");
}

#[test]
fn wrong_sections_are_errors_at_their_places() {
    let cases = [
        ("optimizer: Sgd", "the `train` section has no `epochs`"),
        ("epochs: 1, steps: 1, optimizer: Sgd", "`epochs` and `steps` both say when the run ends"),
        ("epochs: 1", "the `train` section has no `optimizer`"),
        ("epochs: -1, optimizer: Sgd", "`epochs` is a whole number of at least 0, and this is not"),
        ("epochs: 1, optimizer: Adm", "there is no optimizer `Adm`"),
        ("epochs: 1, optimizer: Adam(rat: 1)", "Adam has no option `rat`"),
        ("epochs: 1, optimizer: Adam(rate: fast)", "`rate` of Adam is a finite number of at least 0"),
        ("epochs: 1, optimizer: Sgd, schedule: Cosin", "there is no schedule `Cosin`"),
        ("epochs: 1, optimizer: Sgd, bach: 3", "the `train` section has no field `bach`"),
        (
            "epochs: 1, optimizer: Sgd, batch: 0",
            "`batch` is a number of rows from 1 up, or `Full` for all of them, and this is not",
        ),
        ("epochs: 1, optimizer: Sgd, params: { \"*.bias\": (decay: 0) }", "no parameter matches `*.bias`"),
        ("epochs: 1, optimizer: Sgd, params: { w: (trainable: 3) }", "`trainable` is true or false, and this is not"),
        ("epochs: 1, optimizer: Sgd, metrics: { a: Acuracy(q, y) }", "there is no metric `Acuracy`"),
        ("epochs: 1, optimizer: Sgd, metrics: { a: Mse(q, z) }", "there is no node `z`"),
        ("epochs: 1, optimizer: Sgd, metrics: { a: Mse(q) }", "Mse looks at a and b, and 1 node is given"),
        (
            "epochs: 1, optimizer: Sgd, metrics: { a: Mse(q, w) }",
            "Mse compares nodes row by row, but `q` is [N, 1] and `w` is [3, 4]",
        ),
        ("epochs: 1, optimizer: Sgd, checkpoints: (evry: 3)", "`checkpoints` has no field `evry`"),
    ];
    for (settings, expect) in cases {
        let model = model(XOR, settings);
        let Err(diagnostics) = Experiment::read(&model, &standard()) else { panic!("{settings} is taken") };
        let messages: Vec<&str> = diagnostics.list.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(messages, [expect], "{settings}");
    }
    let text = XOR.replace("y: [[0]", "z: [[0]");
    let model = model(&text, "epochs: 1, optimizer: Sgd");
    let error = Experiment::read(&model, &standard()).unwrap_err();
    assert_eq!(error.list[0].message, "no column feeds the input `y`");
}

#[test]
fn batches_must_fit_inputs_of_a_fixed_size() {
    let text = XOR.replace("[N, ", "[4, ");
    after(&text, "epochs: 1, optimizer: Sgd", RunOptions::default());
    let model = model(&text, "epochs: 1, batch: 3, optimizer: Sgd");
    let Err(error) = Trainer::new(&model, experiment(&model), RunOptions::default()) else { panic!("it fits") };
    assert_eq!(error.message, "input `x` is [4, 3], but a batch has 3 in place of 4");
}
