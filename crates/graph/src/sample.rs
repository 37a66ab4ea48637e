//! Plain data that operations draw for the gradient harness.

use crate::call::Options;

/// A source of choices: bytes that run out into zeros, so that shorter means simpler.
#[derive(Clone, Debug)]
pub struct Bytes<'a> {
    bytes: &'a [u8],
}

impl<'a> Bytes<'a> {
    /// Choices from these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Bytes<'a> {
        Bytes { bytes }
    }

    /// The next byte, 0 when there is none left.
    pub fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        first
    }

    /// A number from `low` to `high`, both included.
    ///
    /// # Panics
    /// When `high` is below `low`.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        assert!(low <= high, "{low} to {high}");
        let word = usize::from(self.byte()) | usize::from(self.byte()) << 8;
        low + word % (high - low + 1)
    }

    /// True or false.
    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// One of `choices`.
    ///
    /// # Panics
    /// When there are none.
    pub fn pick<'b, T>(&mut self, choices: &'b [T]) -> &'b T {
        &choices[self.between(0, choices.len() - 1)]
    }

    /// A multiple of 1/8 from `low` to `high`.
    pub fn eighth(&mut self, low: f64, high: f64) -> f64 {
        low + self.between(0, ((high - low) * 8.0) as usize) as f64 / 8.0
    }

    /// A shape of `low` to `high` axes with sizes of 1 to 4.
    pub fn shape(&mut self, low: usize, high: usize) -> Vec<usize> {
        (0..self.between(low, high)).map(|_| self.between(1, 4)).collect()
    }
}

/// What one input of a sample looks like; the harness draws the values.
#[derive(Clone, Debug, PartialEq)]
pub enum SampleInput {
    /// Reals in a range where the operation is defined and, unless it says otherwise, smooth.
    Real {
        /// The sizes.
        shape: Vec<usize>,
        /// The least value.
        low: f64,
        /// The greatest value.
        high: f64,
    },
    /// Integers from 0 up to, not including, `below`.
    Index {
        /// The sizes.
        shape: Vec<usize>,
        /// One above the largest value.
        below: usize,
    },
}

impl SampleInput {
    /// Reals from -2 to 2.
    #[must_use]
    pub fn real(shape: &[usize]) -> SampleInput {
        SampleInput::range(shape, -2.0, 2.0)
    }

    /// Reals from `low` to `high`.
    #[must_use]
    pub fn range(shape: &[usize], low: f64, high: f64) -> SampleInput {
        SampleInput::Real { shape: shape.to_vec(), low, high }
    }

    /// Integers below `below`.
    #[must_use]
    pub fn index(shape: &[usize], below: usize) -> SampleInput {
        SampleInput::Index { shape: shape.to_vec(), below }
    }
}

/// Options and inputs to try an operation with.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The options.
    pub options: Options,
    /// The inputs by port.
    pub inputs: Vec<Vec<SampleInput>>,
}

impl Sample {
    /// A sample of one input a port.
    pub fn new<O: Send + Sync + 'static>(options: O, inputs: Vec<SampleInput>) -> Sample {
        Sample { options: Options::new(options), inputs: inputs.into_iter().map(|input| vec![input]).collect() }
    }

    /// A sample of one variadic port.
    pub fn variadic<O: Send + Sync + 'static>(options: O, inputs: Vec<SampleInput>) -> Sample {
        Sample { options: Options::new(options), inputs: vec![inputs] }
    }
}
