//! All zeros: right for biases, wrong for weights, whose units would all stay alike.

use graphrun_graph::{InitDef, Initialiser, Key};
use graphrun_tensor::Shape;
use serde::Deserialize;

/// 0 everywhere.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Zeros {}

impl Initialiser for Zeros {
    fn text(&self) -> String {
        "Zeros".into()
    }

    fn fill(&self, _: Key<'_>, _: Shape, out: &mut [f64]) -> Result<(), String> {
        out.fill(0.0);
        Ok(())
    }
}

pub(crate) fn def() -> InitDef {
    InitDef::new::<Zeros>("Zeros", "0 everywhere")
}
