//! Normal numbers of one deviation, whatever the shape.

use graphrun_graph::{InitDef, Initialiser, Key};
use graphrun_tensor::Shape;
use serde::Deserialize;

use super::draw::{deviation, fill_normal};

/// Normal numbers of mean 0 and deviation std (1).
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Normal {
    pub(crate) std: f64,
}

impl Default for Normal {
    fn default() -> Normal {
        Normal { std: 1.0 }
    }
}

impl Initialiser for Normal {
    fn text(&self) -> String {
        format!("Normal(std: {:?})", self.std)
    }

    fn fill(&self, key: Key<'_>, _: Shape, out: &mut [f64]) -> Result<(), String> {
        fill_normal(key, self.std, out);
        Ok(())
    }

    fn check(&self, _: &[usize]) -> Result<(), String> {
        deviation(self.std)
    }
}

pub(crate) fn def() -> InitDef {
    InitDef::new::<Normal>("Normal", "Normal numbers of mean 0 and deviation std (1)")
        .option("std", "real", Some("1"), "the standard deviation")
}
