//! Random numbers for initial values.

use std::f64::consts::TAU;

use graphrun_graph::Key;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The generator that belongs to a key.
pub(crate) fn generator(key: Key<'_>) -> ChaCha8Rng {
    ChaCha8Rng::from_seed(key.bytes())
}

/// A number from 0 up to, not including, 1.
pub(crate) fn unit(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// A standard normal number, by the transform of Box and Muller.
pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - unit(rng)).ln()).sqrt();
    radius * (TAU * unit(rng)).cos()
}

/// Fills `out` with normal numbers of deviation `std`.
pub(crate) fn fill_normal(key: Key<'_>, std: f64, out: &mut [f64]) {
    let mut rng = generator(key);
    out.iter_mut().for_each(|slot| *slot = std * normal(&mut rng));
}

/// Checks a number that a rule is made with; `what` names it.
pub(crate) fn finite(what: &str, number: f64) -> Result<(), String> {
    match number.is_finite() {
        true => Ok(()),
        false => Err(format!("{what} is {number}, and a finite number is needed")),
    }
}

/// Checks a standard deviation.
pub(crate) fn deviation(std: f64) -> Result<(), String> {
    finite("`std`", std)?;
    match std < 0.0 {
        true => Err(format!("`std` is {std}, and a deviation is not negative")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use graphrun_graph::{Initialiser, Key};
    use graphrun_tensor::Shape;

    /// The mean and the deviation of what a rule draws for a matrix of 200 by 300.
    fn moments(rule: &dyn Initialiser) -> (f64, f64) {
        let mut out = vec![0.0; 200 * 300];
        rule.fill(Key { seed: 3, name: "w" }, Shape::of(&[200, 300]), &mut out).unwrap();
        let n = out.len() as f64;
        let mean = out.iter().sum::<f64>() / n;
        (mean, (out.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt())
    }

    #[test]
    fn rules_have_their_deviations() {
        use crate::init::{he::He, normal::Normal, truncated_normal::TruncatedNormal, uniform::Uniform, xavier};
        let average = xavier::Xavier { mode: xavier::Mode::Average };
        let check = |rule: &dyn Initialiser, expect: f64| {
            let (mean, std) = moments(rule);
            // Four deviations of the mean and of the deviation of 60,000 draws.
            assert!(mean.abs() < 4.0 * expect / 60_000f64.sqrt(), "{}: {mean}", rule.text());
            assert!((std / expect - 1.0).abs() < 4.0 / 120_000f64.sqrt(), "{}: {std}", rule.text());
        };
        check(&He {}, (2.0 / 300.0f64).sqrt());
        check(&xavier::Xavier::default(), (1.0 / 300.0f64).sqrt());
        check(&average, (2.0 / 500.0f64).sqrt());
        check(&Normal { std: 0.5 }, 0.5);
        check(&Uniform { low: -1.0, high: 1.0 }, 1.0 / 3f64.sqrt());
        // The deviation of a normal number known to lie within two deviations.
        check(&TruncatedNormal { std: 1.0 }, 0.879_626);
    }

    #[test]
    fn draws_depend_on_name_and_seed_alone() {
        let draw = |seed, name| {
            let mut out = [0.0; 4];
            super::fill_normal(Key { seed, name }, 1.0, &mut out);
            out
        };
        assert_eq!(draw(1, "h.weight"), draw(1, "h.weight"));
        assert_ne!(draw(1, "h.weight"), draw(1, "g.weight"));
        assert_ne!(draw(1, "h.weight"), draw(2, "h.weight"));
    }
}
