//! The loop: epochs, batches, evaluation, checkpoints.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use graphrun_data::{Batches, Dataset, Part};
use graphrun_exec::{Draw, Threads};
use graphrun_graph::{Graph, Phase};
use graphrun_load::Model;
use graphrun_tensor::Dtype;

use crate::best::Best;
use crate::engine::Engine;
use crate::error::TrainError;
use crate::evaluation::{Evaluation, Planner, measured, widths};
use crate::experiment::Experiment;
use crate::meters::Meters;
use crate::record::{Event, Record, Scores};
use crate::schedule::Moment;
use crate::spec::{Length, TrainSpec};
use crate::state::{Position, origin};
use crate::update::{RATE, factor_name, step_graphs};
use crate::weights::Weights;

/// How to run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The precision of all reals.
    pub dtype: Dtype,
    /// The threads to use; they do not change a bit of the results.
    pub threads: Threads,
    /// The most memory that a plan may take, in bytes.
    pub max_bytes: usize,
    /// The folder for checkpoints; without one there are none.
    pub out: Option<PathBuf>,
    /// Set to end the run after the step it is in, with a checkpoint.
    pub stop: Arc<AtomicBool>,
}

impl Default for RunOptions {
    fn default() -> RunOptions {
        RunOptions {
            dtype: Dtype::F32,
            threads: Threads::default(),
            max_bytes: usize::MAX,
            out: None,
            stop: Arc::new(AtomicBool::new(false)),
        }
    }
}

/// A run of an experiment, ready to make steps.
pub struct Trainer {
    spec: TrainSpec,
    data: Dataset,
    /// The model's own graph, whose parameters are the weights.
    graph: Graph,
    options: RunOptions,
    engine: Engine,
    batches: Batches,
    /// The epoch that `batches` is in the order of.
    shuffled: Option<u64>,
    lanes: Lanes,
    train_meters: Meters,
    test_meters: Meters,
    at: Position,
    start: Instant,
    best: Best,
}

/// The numbers of the lanes by what they do.
struct Lanes {
    /// For whole batches, and for the last of an epoch if it is smaller.
    step: [usize; 2],
    /// The same, adding up gradients only.
    gather: Option<[usize; 2]>,
    test: Option<Evaluation>,
    /// The lane that holds the training data because it is all one batch.
    fed: Option<usize>,
}

/// What to do about a loss that nothing can lessen.
const TRAINABLE: &str = "name a real loss that depends on a trainable parameter by operations that have gradients";

impl Trainer {
    /// Plans the steps of an experiment and draws the parameters from its seed.
    ///
    /// # Errors
    /// When the loss cannot be differentiated, batches do not fit the inputs, or a plan takes more memory than it may.
    pub fn new(model: &Model, experiment: Experiment, options: RunOptions) -> Result<Trainer, TrainError> {
        let Experiment { spec, data } = experiment;
        let graph = model.graph(Phase::Train).clone();
        let graphs = step_graphs(&graph, &spec).map_err(|e| TrainError::new(e.message, TRAINABLE))?;
        let mut engine = Engine::new(&graphs.step, options.dtype, spec.seed, options.max_bytes)?;
        let rows = data.train.rows();
        let batches = Batches::new(rows, spec.batch.unwrap_or(rows).min(rows));
        let scalars: Vec<String> =
            std::iter::once(RATE.to_string()).chain((0..spec.optimizer.factors()).map(factor_name)).collect();
        let mut planner = Planner { engine: &mut engine, options: &options, scalars: &scalars };
        let step = planner.pair(&graphs.step, &data.train, &batches)?;
        let gather = match &graphs.gather {
            Some(graph) => Some(planner.pair(graph, &data.train, &batches)?),
            None => None,
        };
        let test = match &data.test {
            Some(part) => Some(planner.evaluation(&measured(model, &spec)?, part, &spec)?),
            None => None,
        };
        let names: Vec<String> = graphs.step.outputs.iter().map(|(name, _)| name.clone()).collect();
        let widths = widths(engine.lane(step[0]), names.len());
        let train_meters = Meters::new(&spec.metrics, &names, &widths, rows);
        let test_meters = Meters::new(&spec.metrics, &names, &widths, data.test.as_ref().map_or(0, Part::rows));
        let lanes = Lanes { step, gather, test, fed: None };
        Ok(Trainer {
            spec,
            data,
            graph,
            options,
            engine,
            batches,
            shuffled: None,
            lanes,
            train_meters,
            test_meters,
            at: Position::default(),
            start: Instant::now(),
            best: Best::default(),
        })
    }

    /// Goes on from the state that a run left in `folder`, exactly as if it had not ended.
    ///
    /// # Errors
    /// When there is no such state, or it is one of another experiment.
    pub fn resume(&mut self, folder: &Path) -> Result<(), TrainError> {
        let path = folder.join("state.safetensors");
        let state = Weights::load(&path)?;
        let names = self.engine.arrays(|_| true)?;
        for (name, array) in &names {
            let shape = state.arrays.get(name).map(graphrun_exec::Array::shape);
            if shape != Some(array.shape()) {
                let there = shape.map_or("not in".into(), |s| format!("{s} in"));
                let message = format!("`{name}` is {} here and {there} {}", array.shape(), path.display());
                return Err(TrainError::new(message, "go on with the model and optimiser that the run began with"));
            }
        }
        self.at = Position::read(state.note.as_deref().unwrap_or_default(), self.spec.seed, &path)?;
        self.engine.set(&state.arrays);
        Ok(())
    }

    /// Puts weights in place of the initial values.
    ///
    /// # Errors
    /// When they are not those of this model.
    pub fn set_weights(&mut self, weights: &Weights, path: &Path) -> Result<(), TrainError> {
        weights.check(&self.graph, path)?;
        self.engine.set(&weights.arrays);
        Ok(())
    }

    /// The parameters of the model as they are.
    ///
    /// # Errors
    /// None that a run can bring about.
    pub fn weights(&self) -> Result<Weights, TrainError> {
        let arrays = self.engine.arrays(|name| self.graph.parameter(name).is_some())?;
        Ok(Weights { arrays, note: Some(origin(self.spec.seed)) })
    }

    /// The experiment's settings.
    #[must_use]
    pub fn spec(&self) -> &TrainSpec {
        &self.spec
    }

    /// The rows trained on, and those tested on.
    #[must_use]
    pub fn rows(&self) -> (usize, usize) {
        (self.data.train.rows(), self.data.test.as_ref().map_or(0, Part::rows))
    }

    /// Batches in the whole run.
    fn total(&self) -> u64 {
        match self.spec.length {
            Length::Epochs(n) => n * self.batches.len() as u64,
            Length::Steps(n) => n * self.spec.shaping.accumulate,
        }
    }

    /// Runs to the end, or until stopped; gives the last record. `notify` hears what happens.
    ///
    /// # Errors
    /// A loss that is not finite, or a checkpoint that cannot be written.
    pub fn run(&mut self, notify: &mut dyn FnMut(Event<'_>)) -> Result<Option<Record>, TrainError> {
        let last = self.epochs(notify);
        self.save_best()?;
        last
    }

    fn epochs(&mut self, notify: &mut dyn FnMut(Event<'_>)) -> Result<Option<Record>, TrainError> {
        self.start = Instant::now();
        let (total, per_epoch, group) = (self.total(), self.batches.len() as u64, self.spec.shaping.accumulate);
        let epochs = total.div_ceil(per_epoch);
        notify(Event::Start { step: self.at.batch / group, steps: total / group, epochs });
        let mut last = None;
        let mut saved = false;
        while self.at.batch < total && !self.options.stop.load(Ordering::Relaxed) {
            let loss = self.step()?;
            notify(Event::Step { step: self.at.batch / group, loss });
            saved = false;
            let epoch = self.at.batch.div_ceil(per_epoch);
            let ended = self.at.batch.is_multiple_of(per_epoch);
            if self.at.batch < total && !ended {
                continue;
            }
            let record = self.record(epoch);
            notify(Event::Epoch(&record));
            let stop = self.judge(&record)?;
            if stop {
                notify(Event::Stopped(&record));
            }
            last = Some(record);
            if ended && self.spec.checkpoints.every.is_some_and(|n| epoch.is_multiple_of(n)) {
                saved = self.save(notify)?;
            }
            if stop {
                break;
            }
        }
        if !saved {
            self.save(notify)?;
        }
        Ok(last)
    }

    /// Makes one step on the next batch; gives the loss before it. Allocates nothing once every kind of batch has
    /// run.
    ///
    /// # Errors
    /// A loss that is not finite.
    pub fn step(&mut self) -> Result<f64, TrainError> {
        let per_epoch = self.batches.len() as u64;
        let (epoch, index) = (self.at.batch / per_epoch, (self.at.batch % per_epoch) as usize);
        if self.shuffled != Some(epoch) {
            self.batches.shuffle(self.spec.seed, epoch);
            self.shuffled = Some(epoch);
        }
        if index == 0 {
            self.train_meters.reset();
        }
        let group = self.spec.shaping.accumulate;
        let positions = self.batches.batch(index);
        let whole = usize::from(positions.len() < self.batches.batch(0).len());
        let update = (self.at.batch + 1).is_multiple_of(group);
        let lane_number = match self.lanes.gather {
            Some(gather) if !update => gather[whole],
            _ => self.lanes.step[whole],
        };
        let step = self.at.batch / group;
        let (steps, stalls) = (self.total() / group, self.at.stalls);
        let moment = Moment { step, steps, per_epoch, per_step: group, stalls };
        let rate = self.spec.optimizer.options().get("rate") * self.spec.schedule.share(moment);
        let lane = self.engine.enter(lane_number);
        if self.lanes.fed != Some(lane_number) {
            lane.feed(&self.data.train, positions);
            self.lanes.fed = (per_epoch == 1).then_some(lane_number);
        }
        lane.set_scalar(0, rate);
        for k in 0..self.spec.optimizer.factors() {
            lane.set_scalar(k + 1, self.spec.optimizer.factor(k, step + 1));
        }
        lane.run(Draw { seed: self.spec.seed, step: self.at.batch });
        let loss = self.train_meters.add(self.engine.lane(lane_number));
        if !loss.is_finite() {
            return Err(TrainError {
                message: format!("the loss is {loss} at step {}", step + 1),
                help: "lower the rate, or bound the gradients with `clip_norm`".into(),
                diverged: true,
            });
        }
        self.at.batch += 1;
        Ok(loss)
    }

    /// Measures the epoch that has ended.
    fn record(&mut self, epoch: u64) -> Record {
        let train = self.train_meters.scores();
        let test = self.test();
        let seconds = self.start.elapsed().as_secs_f64();
        Record { epoch, step: self.at.batch / self.spec.shaping.accumulate, train, test, seconds }
    }

    /// Measures the test part with the parameters as they are.
    pub fn test(&mut self) -> Option<Scores> {
        let (part, evaluation) = (self.data.test.as_ref()?, self.lanes.test.as_ref()?);
        Some(evaluation.measure(&mut self.engine, part, &mut self.test_meters, self.spec.seed))
    }

    /// Keeps count of epochs without a lower loss, and the weights of the least; gives whether early stopping
    /// ends the run.
    fn judge(&mut self, record: &Record) -> Result<bool, TrainError> {
        let loss = record.test.as_ref().unwrap_or(&record.train).loss;
        let delta = self.spec.early_stopping.map_or(0.0, |e| e.min_delta);
        if self.at.best.is_none_or(|best| loss < best - delta) {
            (self.at.best, self.at.best_epoch, self.at.stall_epoch) = (Some(loss), record.epoch, record.epoch);
            if self.spec.checkpoints.best {
                self.best.unsaved = Some(self.weights()?);
            }
        }
        if self.best.is_due() {
            self.save_best()?;
        }
        if let Some(patience) = self.spec.schedule.patience()
            && record.epoch - self.at.stall_epoch >= patience
        {
            self.at.stalls += 1;
            self.at.stall_epoch = record.epoch;
        }
        Ok(self.spec.early_stopping.is_some_and(|e| record.epoch - self.at.best_epoch >= e.patience))
    }

    fn save_best(&mut self) -> Result<(), TrainError> {
        self.best.save(self.options.out.as_deref(), self.options.dtype)
    }

    /// Writes the weights and the state, if there is a folder for them.
    fn save(&mut self, notify: &mut dyn FnMut(Event<'_>)) -> Result<bool, TrainError> {
        let Some(folder) = self.options.out.clone() else { return Ok(true) };
        let note = Some(self.at.note(self.spec.seed));
        let state = Weights { arrays: self.engine.arrays(|_| true)?, note };
        state.save(&folder.join("state.safetensors"), self.options.dtype)?;
        let path = folder.join("weights.safetensors");
        self.weights()?.save(&path, self.options.dtype)?;
        notify(Event::Saved(&path));
        Ok(true)
    }
}
