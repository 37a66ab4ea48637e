//! The identity matrix: a square layer that begins as no layer at all.

use graphrun_graph::{InitDef, Initialiser, Key};
use graphrun_tensor::Shape;
use serde::Deserialize;

/// 1 on the main diagonal, 0 elsewhere.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {}

impl Initialiser for Identity {
    fn text(&self) -> String {
        "Identity".into()
    }

    fn fill(&self, _: Key<'_>, shape: Shape, out: &mut [f64]) -> Result<(), String> {
        let [_, columns] = *shape.sizes() else {
            return Err(format!("Identity makes matrices, and the shape is {shape}"));
        };
        out.iter_mut().enumerate().for_each(|(k, slot)| *slot = f64::from(u8::from(k / columns == k % columns)));
        Ok(())
    }

    fn check(&self, sizes: &[usize]) -> Result<(), String> {
        match sizes.len() {
            2 => Ok(()),
            _ => Err(format!("Identity makes matrices, and the shape is {sizes:?}")),
        }
    }
}

pub(crate) fn def() -> InitDef {
    InitDef::new::<Identity>("Identity", "1 on the main diagonal, 0 elsewhere")
}
