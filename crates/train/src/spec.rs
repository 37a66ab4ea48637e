//! What a `train` section says.

use graphrun_data::{DataSpec, matches};
use graphrun_load::syntax::Value;

use crate::metric::MetricDef;
use crate::optimizer::Optimizer;
use crate::schedule::Schedule;
use crate::settings::Settings;

/// A whole experiment.
#[derive(Clone, Debug)]
pub struct TrainSpec {
    /// The data.
    pub data: DataSpec,
    /// What the section says of it, for the places of errors that only show when the data is read.
    pub data_section: Value,
    /// Rows in a batch; `None` takes all rows at once.
    pub batch: Option<usize>,
    /// When the run ends.
    pub length: Length,
    /// The seed of everything random.
    pub seed: u64,
    /// How parameters change.
    pub optimizer: Optimizer,
    /// The share of the rate that each step takes.
    pub schedule: Schedule,
    /// What happens to gradients first.
    pub shaping: Shaping,
    /// Exceptions for some parameters, in order; later ones win.
    pub overrides: Vec<Override>,
    /// What is measured beside the loss.
    pub metrics: Vec<MetricSpec>,
    /// When to save.
    pub checkpoints: Checkpoints,
    /// When to give up.
    pub early_stopping: Option<EarlyStopping>,
}

/// When a run ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// After so many passes over the data.
    Epochs(u64),
    /// After so many steps.
    Steps(u64),
}

/// What happens to gradients before the optimiser sees them, in the order of the fields.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shaping {
    /// Penalty on the sum of magnitudes: `l1 * sign(w)` is added. The reported loss is without it.
    pub l1: f64,
    /// Penalty on the sum of squares: `2 * l2 * w` is added. The reported loss is without it.
    pub l2: f64,
    /// Batches whose gradients are averaged into one step.
    pub accumulate: u64,
    /// Bound on each element's magnitude.
    pub clip_value: Option<f64>,
    /// Bound on the root of the sum of squares over all parameters.
    pub clip_norm: Option<f64>,
}

/// An exception for the parameters that match a pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// The pattern.
    pub pattern: String,
    /// Another weight decay.
    pub decay: Option<f64>,
    /// A factor on the rate.
    pub rate: Option<f64>,
    /// Whether they are trained.
    pub trainable: Option<bool>,
}

/// A metric of the model's nodes.
#[derive(Clone, Debug)]
pub struct MetricSpec {
    /// What the file calls it.
    pub name: String,
    /// What it measures.
    pub def: MetricDef,
    /// Its options.
    pub options: Settings,
    /// The names of the nodes that it looks at.
    pub nodes: Vec<String>,
}

/// When to save beside the end of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Checkpoints {
    /// After every so many epochs.
    pub every: Option<u64>,
    /// Whether the weights of the least loss are kept as `best.safetensors`.
    pub best: bool,
}

/// When to give up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EarlyStopping {
    /// Epochs without a lower loss (on the test part, if there is one).
    pub patience: u64,
    /// What counts as lower.
    pub min_delta: f64,
}

impl TrainSpec {
    /// What the overrides say of a parameter: the factor on its rate, its decay, whether it is trained.
    #[must_use]
    pub fn settings_of(&self, parameter: &str) -> Override {
        let mut all = Override { pattern: parameter.into(), decay: None, rate: None, trainable: None };
        for one in self.overrides.iter().filter(|o| matches(&o.pattern, parameter)) {
            all.decay = one.decay.or(all.decay);
            all.rate = one.rate.or(all.rate);
            all.trainable = one.trainable.or(all.trainable);
        }
        all
    }
}
