#![doc = include_str!("../README.md")]

mod counts;
mod de;
mod deviations;
mod fields;
mod metric;
mod metrics;
mod optimizer;
mod optimizers;
mod over;
mod ranks;
mod registry;
mod schedule;
mod settings;
mod spec;
mod update;

pub use metric::{Figure, Meter, MetricDef, Series};
pub use metrics::METRICS;
pub use optimizer::{Optimizer, OptimizerDef, State};
pub use optimizers::OPTIMIZERS;
pub use over::override_setting;
pub use registry::{TrainRegistry, standard};
pub use schedule::{Moment, SCHEDULES, Schedule, ScheduleDef};
pub use settings::{Setting, Settings};
pub use spec::{EarlyStopping, Length, MetricSpec, Override, Shaping, TrainSpec};
pub use update::{StepGraphs, step_graphs};
