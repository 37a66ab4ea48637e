//! Steps of training allocate nothing once every kind of batch has run, in a process of its own whose allocator counts.

use std::alloc::System;
use std::path::Path;

use graphrun_exec::Threads;
use graphrun_load::{LoadOptions, load_str};
use graphrun_train::{Experiment, RunOptions, Trainer, standard};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MODEL: &str = r#"Model(
    graphrun: 1,
    inputs: { x: [N, 2], y: Index([N], 2) },
    nodes: { h: Linear(x: x, units: 8), a: Tanh(h), scores: Linear(x: a, units: 2), loss: SoftmaxCrossEntropy(scores, y) },
    outputs: [scores],
    loss: loss,
    train: (
        data: ( source: Moons(n: 70, noise: 0.1) ),
        batch: 32, epochs: 100, optimizer: Adam(rate: 0.01), schedule: Cosine, clip_norm: 1, accumulate: 2,
        metrics: { accuracy: Accuracy(scores, y), area: Auc(scores, y) },
    ),
)"#;

#[test]
fn steps_allocate_nothing() {
    let model = load_str(Path::new("m.ron"), MODEL, &graphrun_nodes::standard(), &LoadOptions::default());
    let model = model.unwrap_or_else(|d| panic!("{}", d.render(false)));
    let experiment = Experiment::read(&model, &standard()).unwrap_or_else(|d| panic!("{}", d.render(false)));
    let options = RunOptions { threads: Threads::new(1).unwrap(), ..RunOptions::default() };
    let mut trainer = Trainer::new(&model, experiment, options).unwrap();
    for _ in 0..6 {
        trainer.step().unwrap();
    }
    trainer.test();
    let region = Region::new(GLOBAL);
    let finite = (0..6).all(|_| trainer.step().is_ok());
    let spent = region.change();
    assert!(finite);
    assert_eq!((spent.allocations, spent.reallocations), (0, 0));
}
