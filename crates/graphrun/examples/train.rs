//! Loads a model file, trains it, and predicts: `cargo run --release --example train`.

#![allow(clippy::print_stdout)]

use graphrun::{Experiment, RunOptions, train};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../graphs/digits/softmax.ron");
    let model = graphrun::open(path).map_err(|found| found.to_string())?;
    let mut trainer = graphrun::trainer(&model, RunOptions::default())?;
    let last = trainer.run(&mut |_| ())?.ok_or("no epoch was run")?;
    let folder = std::env::temp_dir().join("graphrun-example");
    let weights = folder.join("weights.safetensors");
    trainer.weights()?.save(&weights, graphrun::tensor::Dtype::F32)?;
    let experiment = Experiment::read(&model, &train::standard()).map_err(|found| found.to_string())?;
    let scores = train::predict(&model, &experiment, &weights, None, None, &RunOptions::default())?;
    println!("loss {:.3}; scores of the held-out digits: {}", last.train.loss, scores[0].1.shape());
    Ok(())
}
