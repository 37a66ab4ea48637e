//! Glorot and Bengio (2010): keeps the variance of activations through layers of tanh.

use graphrun_graph::{InitDef, Initialiser, Key, fans};
use graphrun_tensor::Shape;
use serde::Deserialize;

use super::draw::fill_normal;

/// Normal numbers whose variance is one over the number of connections.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Xavier {
    pub(crate) mode: Mode,
}

/// Which connections count.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(crate) enum Mode {
    /// Those into a unit.
    #[default]
    FanIn,
    /// The average of those into and out of a unit: the two-sided form, which also keeps gradients.
    Average,
}

impl Initialiser for Xavier {
    fn text(&self) -> String {
        format!("Xavier(mode: {:?})", self.mode)
    }

    fn fill(&self, key: Key<'_>, shape: Shape, out: &mut [f64]) -> Result<(), String> {
        let (fan_in, fan_out) = fans(shape);
        let connections = match self.mode {
            Mode::FanIn => fan_in as f64,
            Mode::Average => (fan_in + fan_out) as f64 / 2.0,
        };
        fill_normal(key, (1.0 / connections).sqrt(), out);
        Ok(())
    }
}

pub(crate) fn def() -> InitDef {
    InitDef::new::<Xavier>(
        "Xavier",
        "Normal numbers divided by sqrt(fan_in), or by sqrt((fan_in + fan_out) / 2) with mode: Average",
    )
    .option("mode", "FanIn or Average", Some("FanIn"), "the connections that count: those into a unit, or the mean of both ways")
}
