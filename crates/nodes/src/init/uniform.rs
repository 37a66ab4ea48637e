//! Numbers spread evenly over a range.

use graphrun_graph::{InitDef, Initialiser, Key};
use graphrun_tensor::Shape;
use serde::Deserialize;

use super::draw::{finite, generator, unit};

/// Numbers from `low` up to, not including, `high`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Uniform {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Default for Uniform {
    fn default() -> Uniform {
        Uniform { low: -1.0, high: 1.0 }
    }
}

impl Initialiser for Uniform {
    fn text(&self) -> String {
        format!("Uniform(low: {:?}, high: {:?})", self.low, self.high)
    }

    fn fill(&self, key: Key<'_>, _: Shape, out: &mut [f64]) -> Result<(), String> {
        let mut rng = generator(key);
        out.iter_mut().for_each(|slot| *slot = self.low + (self.high - self.low) * unit(&mut rng));
        Ok(())
    }

    fn check(&self, _: &[usize]) -> Result<(), String> {
        finite("`low`", self.low)?;
        finite("`high`", self.high)?;
        match self.low > self.high {
            true => Err(format!("`low` is {}, above `high`, {}", self.low, self.high)),
            false => Ok(()),
        }
    }
}

pub(crate) fn def() -> InitDef {
    InitDef::new::<Uniform>("Uniform", "Numbers spread evenly from low (-1) to high (1)")
        .option("low", "real", Some("-1"), "the least value")
        .option("high", "real", Some("1"), "the bound above all values")
}
