//! All ones: how the scales of normalisations begin.

use graphrun_graph::{InitDef, Initialiser, Key};
use graphrun_tensor::Shape;
use serde::Deserialize;

/// 1 everywhere.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ones {}

impl Initialiser for Ones {
    fn text(&self) -> String {
        "Ones".into()
    }

    fn fill(&self, _: Key<'_>, _: Shape, out: &mut [f64]) -> Result<(), String> {
        out.fill(1.0);
        Ok(())
    }
}

pub(crate) fn def() -> InitDef {
    InitDef::new::<Ones>("Ones", "1 everywhere")
}
