//! The explicit lists of what a `train` section may name.

use std::collections::BTreeMap;

use crate::metric::MetricDef;
use crate::metrics::METRICS;
use crate::optimizer::OptimizerDef;
use crate::optimizers::OPTIMIZERS;
use crate::schedule::{SCHEDULES, ScheduleDef};

/// Optimisers, schedules and metrics by name. It is made, extended and handed on; there is no global one.
#[derive(Clone, Debug, Default)]
pub struct TrainRegistry {
    optimizers: BTreeMap<&'static str, OptimizerDef>,
    schedules: BTreeMap<&'static str, ScheduleDef>,
    metrics: BTreeMap<&'static str, MetricDef>,
}

/// Everything that comes with graphrun.
#[must_use]
pub fn standard() -> TrainRegistry {
    let registry = OPTIMIZERS.iter().fold(TrainRegistry::default(), |r, def| r.with_optimizer(*def));
    let registry = SCHEDULES.iter().fold(registry, |r, def| r.with_schedule(*def));
    METRICS.iter().fold(registry, |r, def| r.with_metric(*def))
}

impl TrainRegistry {
    /// The same with one more optimiser, which replaces one of the same name.
    #[must_use]
    pub fn with_optimizer(mut self, def: OptimizerDef) -> TrainRegistry {
        self.optimizers.insert(def.name, def);
        self
    }

    /// The same with one more schedule, which replaces one of the same name.
    #[must_use]
    pub fn with_schedule(mut self, def: ScheduleDef) -> TrainRegistry {
        self.schedules.insert(def.name, def);
        self
    }

    /// The same with one more metric, which replaces one of the same name.
    #[must_use]
    pub fn with_metric(mut self, def: MetricDef) -> TrainRegistry {
        self.metrics.insert(def.name, def);
        self
    }

    /// Optimisers by name.
    #[must_use]
    pub fn optimizers(&self) -> &BTreeMap<&'static str, OptimizerDef> {
        &self.optimizers
    }

    /// Schedules by name.
    #[must_use]
    pub fn schedules(&self) -> &BTreeMap<&'static str, ScheduleDef> {
        &self.schedules
    }

    /// Metrics by name.
    #[must_use]
    pub fn metrics(&self) -> &BTreeMap<&'static str, MetricDef> {
        &self.metrics
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_unique_and_documented() {
        let names = |all: Vec<(&'static str, &'static str)>| {
            assert!(all.windows(2).all(|pair| pair[0].0 < pair[1].0), "{all:?}");
            assert!(all.iter().all(|(_, summary)| !summary.is_empty()));
        };
        names(OPTIMIZERS.iter().map(|d| (d.name, d.summary)).collect());
        names(SCHEDULES.iter().map(|d| (d.name, d.summary)).collect());
        names(METRICS.iter().map(|d| (d.name, d.summary)).collect());
        assert!(METRICS.iter().all(|d| d.ports.len() <= crate::metric::MAX_PORTS));
    }
}
