//! He et al. (2015): keeps the variance of activations through layers of rectifiers, which halve it.

use graphrun_graph::{InitDef, Initialiser, Key, fans};
use graphrun_tensor::Shape;
use serde::Deserialize;

use super::draw::fill_normal;

/// Normal numbers divided by sqrt(fan_in / 2).
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct He {}

impl Initialiser for He {
    fn text(&self) -> String {
        "He".into()
    }

    fn fill(&self, key: Key<'_>, shape: Shape, out: &mut [f64]) -> Result<(), String> {
        let (fan_in, _) = fans(shape);
        fill_normal(key, (2.0 / fan_in as f64).sqrt(), out);
        Ok(())
    }
}

pub(crate) fn def() -> InitDef {
    InitDef::new::<He>("He", "Normal numbers divided by sqrt(fan_in / 2)")
}
