//! Normal numbers without the tails, so that no weight begins as an outlier.

use graphrun_graph::{InitDef, Initialiser, Key};
use graphrun_tensor::Shape;
use serde::Deserialize;

use super::draw::{deviation, generator, normal};

/// Normal numbers of mean 0 and deviation std (1), redrawn until within 2 std.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TruncatedNormal {
    pub(crate) std: f64,
}

impl Default for TruncatedNormal {
    fn default() -> TruncatedNormal {
        TruncatedNormal { std: 1.0 }
    }
}

impl Initialiser for TruncatedNormal {
    fn text(&self) -> String {
        format!("TruncatedNormal(std: {:?})", self.std)
    }

    fn fill(&self, key: Key<'_>, _: Shape, out: &mut [f64]) -> Result<(), String> {
        let mut rng = generator(key);
        let mut within = || loop {
            let z = normal(&mut rng);
            if z.abs() <= 2.0 {
                return z;
            }
        };
        out.iter_mut().for_each(|slot| *slot = self.std * within());
        Ok(())
    }

    fn check(&self, _: &[usize]) -> Result<(), String> {
        deviation(self.std)
    }
}

pub(crate) fn def() -> InitDef {
    InitDef::new::<TruncatedNormal>(
        "TruncatedNormal",
        "Normal numbers of mean 0 and deviation std (1), redrawn until within 2 std",
    )
    .option("std", "real", Some("1"), "the standard deviation before the redrawing")
}
