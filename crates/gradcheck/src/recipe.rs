//! Random graphs as flat lists: every list of bytes is a well-typed graph over the whole registry.

use std::fmt;

use graphrun_exec::Array;
use graphrun_graph::Registry;
use graphrun_tensor::Shape;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Bytes of a step that choose its inputs, one each.
pub(crate) const CHOICES: usize = 8;
/// Bytes of a step in all; those after the choices feed the operation's sample generator.
pub(crate) const STEP: usize = CHOICES + 32;

/// A step that feeds one node to many: not an operation, so it is spelled as none can be.
pub(crate) const FAN: &str = "fan";
/// A step that writes out what has a stable form.
pub(crate) const EXPONENTIALS: &str = "exponentials";

/// One step: an operation with the bytes that choose its inputs and options.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// The operation's name in the registry.
    pub op: String,
    /// The choices; all zero is the simplest.
    pub bytes: [u8; STEP],
}

/// A graph as a flat list of steps; any list is one. Its values follow from the seed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Recipe {
    /// The steps, each of which may use what the ones before made.
    pub steps: Vec<Step>,
    /// What values are drawn from.
    pub seed: u64,
    /// The one step whose result is differentiated; none combines all results that nothing else uses.
    pub focus: Option<usize>,
}

/// The operations that random graphs are made of: differentiable, with a sample generator.
pub fn ingredients(registry: &Registry) -> Vec<&'static str> {
    let ready =
        |op: &&graphrun_graph::OpDef| op.differentiable && op.draw(&mut graphrun_graph::Bytes::new(&[])).is_some();
    registry.ops().filter(ready).map(|op| op.name).collect()
}

impl Recipe {
    /// A recipe of one operation.
    pub fn single(op: &str, seed: u64) -> Recipe {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let step = Step { op: op.to_owned(), bytes: std::array::from_fn(|_| rng.random()) };
        Recipe { steps: vec![step], seed, focus: None }
    }

    /// A random recipe of up to eight steps over `ops`.
    pub fn random(ops: &[&str], seed: u64) -> Recipe {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let count = rng.random_range(1..=8);
        let step = |_| {
            let op = pick(ops, rng.random(), rng.random());
            Step { op: op.to_owned(), bytes: std::array::from_fn(|_| rng.random()) }
        };
        Recipe { steps: (0..count).map(step).collect(), seed, focus: None }
    }

    /// The recipe as text, one line a step, that [`Recipe::parse`] reads.
    pub fn text(&self) -> String {
        self.to_string()
    }

    /// Reads what [`Recipe::text`] writes.
    ///
    /// # Errors
    /// The first line that is no step, in words.
    pub fn parse(text: &str) -> Result<Recipe, String> {
        let mut recipe = Recipe { steps: vec![], seed: 0, focus: None };
        for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
            let wrong = || format!("`{line}` is no line of a recipe");
            let (word, rest) = line.split_once(' ').ok_or_else(wrong)?;
            match word {
                "seed" => recipe.seed = rest.parse().map_err(|_| wrong())?,
                "focus" => recipe.focus = Some(rest.parse().map_err(|_| wrong())?),
                op => {
                    let mut bytes = [0; STEP];
                    if rest.len() != 2 * STEP || !rest.is_ascii() {
                        return Err(wrong());
                    }
                    for (k, byte) in bytes.iter_mut().enumerate() {
                        *byte = u8::from_str_radix(&rest[2 * k..2 * k + 2], 16).map_err(|_| wrong())?;
                    }
                    recipe.steps.push(Step { op: op.to_owned(), bytes });
                }
            }
        }
        Ok(recipe)
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        if let Some(focus) = self.focus {
            writeln!(f, "focus {focus}")?;
        }
        for step in &self.steps {
            let hex: String = step.bytes.iter().map(|b| format!("{b:02x}")).collect();
            writeln!(f, "{} {hex}", step.op)?;
        }
        Ok(())
    }
}

/// One of `ops`, or, one time in ten each, a step that fans a node out and one of exponentials.
fn pick<'a>(ops: &[&'a str], choice: u16, other: u8) -> &'a str {
    match other % 10 {
        0 => FAN,
        1 => EXPONENTIALS,
        _ if ops.is_empty() => FAN,
        _ => ops[usize::from(choice) % ops.len()],
    }
}

/// Recipes over the operations of `registry`, for proptest: a flat list, which shrinks by dropping steps and bytes.
///
/// ```
/// use graphrun_gradcheck::recipes;
/// use graphrun_graph::Registry;
/// use proptest::strategy::{Strategy, ValueTree};
/// use proptest::test_runner::TestRunner;
///
/// let recipe = recipes(&Registry::new()).new_tree(&mut TestRunner::deterministic()).unwrap().current();
/// assert!(!recipe.steps.is_empty());
/// ```
pub fn recipes(registry: &Registry) -> impl Strategy<Value = Recipe> + use<> {
    let ops = ingredients(registry);
    let bytes = || proptest::collection::vec(any::<u8>(), STEP);
    let step = (any::<u16>(), any::<u8>(), bytes());
    (proptest::collection::vec(step, 1..=8), any::<u64>()).prop_map(move |(steps, seed)| {
        let step = |(choice, other, bytes): (u16, u8, Vec<u8>)| Step {
            op: pick(&ops, choice, other).to_owned(),
            bytes: std::array::from_fn(|k| bytes[k]),
        };
        Recipe { steps: steps.into_iter().map(step).collect(), seed, focus: None }
    })
}

/// Arrays for proptest: up to three axes of sizes 1 to 4 with multiples of 1/8 from -2 to 2.
///
/// ```
/// use graphrun_gradcheck::arrays;
/// use proptest::strategy::{Strategy, ValueTree};
/// use proptest::test_runner::TestRunner;
///
/// let array = arrays().new_tree(&mut TestRunner::deterministic()).unwrap().current();
/// assert!(array.to_reals().iter().all(|v| v.abs() <= 2.0 && (v * 8.0).fract() == 0.0));
/// ```
pub fn arrays() -> impl Strategy<Value = Array> {
    let shape = proptest::collection::vec(1usize..=4, 0..=3);
    let eighths = proptest::collection::vec(-16i32..=16, 64);
    (shape, eighths).prop_map(|(shape, eighths)| {
        let data = eighths.iter().take(shape.iter().product()).map(|k| f64::from(*k) / 8.0).collect();
        crate::array::real(Shape::of(&shape), data)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_reads_back() {
        let mut recipe = Recipe::random(&["Add", "Exp"], 7);
        assert_eq!(Recipe::parse(&recipe.text()), Ok(recipe.clone()));
        recipe.focus = Some(0);
        assert_eq!(Recipe::parse(&recipe.text()), Ok(recipe));
        for wrong in ["Add", "Add 00", "seed x", &format!("Add {}", "zz".repeat(STEP))] {
            assert!(Recipe::parse(wrong).is_err(), "{wrong}");
        }
    }
}
