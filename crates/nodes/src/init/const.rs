//! One number: the lecture's 0.01 for biases of rectifiers.

use graphrun_graph::{InitDef, Initialiser, Key};
use graphrun_tensor::Shape;
use serde::Deserialize;

use super::draw::finite;

/// The same number everywhere.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Const(pub(crate) f64);

impl Initialiser for Const {
    fn text(&self) -> String {
        format!("Const({:?})", self.0)
    }

    fn fill(&self, _: Key<'_>, _: Shape, out: &mut [f64]) -> Result<(), String> {
        out.fill(self.0);
        Ok(())
    }

    fn check(&self, _: &[usize]) -> Result<(), String> {
        finite("the number", self.0)
    }
}

pub(crate) fn def() -> InitDef {
    InitDef::new::<Const>("Const", "The given number everywhere").bare()
}
