//! LeCun et al. (1998): keeps the variance of activations through layers of nearly linear units; what Selu wants.

use graphrun_graph::{InitDef, Initialiser, Key, fans};
use graphrun_tensor::Shape;
use serde::Deserialize;

use super::draw::fill_normal;

/// Normal numbers divided by sqrt(fan_in).
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LeCun {}

impl Initialiser for LeCun {
    fn text(&self) -> String {
        "LeCun".into()
    }

    fn fill(&self, key: Key<'_>, shape: Shape, out: &mut [f64]) -> Result<(), String> {
        let (fan_in, _) = fans(shape);
        fill_normal(key, (1.0 / fan_in as f64).sqrt(), out);
        Ok(())
    }
}

pub(crate) fn def() -> InitDef {
    InitDef::new::<LeCun>("LeCun", "Normal numbers divided by sqrt(fan_in)")
}
