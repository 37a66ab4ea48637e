//! How parameters begin.

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use graphrun_tensor::Shape;

/// The rule for the initial value of a parameter.
///
/// The value depends on the key and the shape alone, so that adding a node elsewhere changes none.
pub trait Initialiser: Debug + Send + Sync {
    /// The rule in canonical RON: `Uniform(low: -1, high: 1)`.
    fn text(&self) -> String;

    /// Writes the initial value of a parameter of `shape`, row-major.
    ///
    /// # Errors
    /// When the rule does not apply to the shape, in words.
    fn fill(&self, key: Key<'_>, shape: Shape, out: &mut [f64]) -> Result<(), String>;

    /// Whether the rule applies to a parameter with axes of these sizes, and makes sense at all.
    ///
    /// # Errors
    /// Why not, in words that go on after "cannot begin like this".
    fn check(&self, sizes: &[usize]) -> Result<(), String> {
        let _ = sizes;
        Ok(())
    }

    /// The same rule for a model file in `folder`, when it reads a file by a path relative to it.
    fn within(&self, folder: &Path) -> Option<Arc<dyn Initialiser>> {
        let _ = folder;
        None
    }
}

/// What randomness depends on: the seed and the full name of the thing that draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key<'a> {
    /// The seed of the run.
    pub seed: u64,
    /// The parameter's or node's full name.
    pub name: &'a str,
}

impl Key<'_> {
    /// A 256-bit key for a counter-based generator: FNV-1a over the name, then the seed, spread by SplitMix64.
    #[must_use]
    pub fn bytes(&self) -> [u8; 32] {
        let fnv = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        let named = self.name.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, fnv);
        let mut state = self.seed.to_le_bytes().iter().fold(named, fnv);
        let mut key = [0; 32];
        for word in key.chunks_exact_mut(8) {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes());
        }
        key
    }
}

/// The number of inputs and outputs that one weight of this shape connects: `[out, in, ...window]`.
#[must_use]
pub fn fans(shape: Shape) -> (usize, usize) {
    match shape.sizes() {
        [] => (1, 1),
        [n] => (*n, *n),
        [out, fan_in, window @ ..] => {
            let window: usize = window.iter().product();
            (fan_in * window, out * window)
        }
    }
}
