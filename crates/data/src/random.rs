//! Random numbers that depend on a seed and a purpose alone.
//!
//! The generator is ChaCha with 8 rounds; everything built on it (bounded integers, shuffling, normal
//! numbers) is written here, so that no release of a library changes a split or an order of rows.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of random numbers.
pub(crate) struct Stream(ChaCha8Rng);

/// What the numbers are for; different purposes never share a stream.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// Splitting rows into training and test parts.
    Split,
    /// The order of the rows in an epoch.
    Epoch(u64),
    /// Made-up data.
    Synthetic,
}

impl Stream {
    /// The stream of this seed and purpose.
    pub(crate) fn new(seed: u64, purpose: Purpose) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(match purpose {
            Purpose::Split => 0,
            Purpose::Synthetic => 1,
            Purpose::Epoch(epoch) => epoch.wrapping_add(2),
        });
        Self(rng)
    }

    /// A whole number in `0..bound`, by the high half of a product: the bias is below `bound / 2^64`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.0.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A real number in `[0, 1)`, a multiple of 2^-53.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A standard normal number (Box and Muller, 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Puts `items` into random order (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ_by_seed_and_purpose() {
        let draw = |seed, purpose| Stream::new(seed, purpose).below(u64::MAX);
        assert_eq!(draw(1, Purpose::Split), draw(1, Purpose::Split));
        assert_ne!(draw(1, Purpose::Split), draw(2, Purpose::Split));
        assert_ne!(draw(1, Purpose::Split), draw(1, Purpose::Epoch(0)));
        assert_ne!(draw(1, Purpose::Epoch(0)), draw(1, Purpose::Epoch(1)));
    }

    #[test]
    fn numbers_have_their_moments() {
        let mut s = Stream::new(3, Purpose::Synthetic);
        let n = 20_000;
        let draws: Vec<f64> = (0..n).map(|_| s.normal()).collect();
        let mean = draws.iter().sum::<f64>() / f64::from(n);
        let var = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n);
        // Five standard errors: 1/sqrt(n) for the mean, sqrt(2/n) for the variance.
        assert!(mean.abs() < 0.036 && (var - 1.0).abs() < 0.05, "{mean} {var}");
        assert!((0..1000).all(|_| s.below(7) < 7));
    }
}
