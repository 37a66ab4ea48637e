//! What a check is asked for.

use crate::difference::Method;

/// How a gradient is checked. `..Options::default()` leaves the rest as it is.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// How numeric derivatives are taken; adaptive unless told.
    pub method: Method,
    /// The step of the textbook methods; 1e-5 unless told.
    pub step: f64,
    /// Decimal digits to be proved, relative to the largest gradient of a tensor; 6 unless told.
    pub digits: u32,
    /// Tensors of at most this many elements are checked element by element, larger ones along directions; 64 unless told.
    /// The textbook methods always go element by element.
    pub elements: usize,
    /// How many random directions check a larger tensor; 3 unless told.
    pub directions: usize,
    /// The seed of the directions.
    pub seed: u64,
    /// The lowest and highest value an element may take; a step never crosses them.
    pub domain: (f64, f64),
    /// A signature of the branches that the function takes at a point (which side of each `max`, `abs`, comparison).
    /// Steps shrink until both sides agree with the point. Without it kinks are found by their one-sided slopes alone.
    pub branch: Option<&'a dyn Fn(&[f64]) -> u64>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options {
            method: Method::Adaptive,
            step: 1e-5,
            digits: 6,
            elements: 64,
            directions: 3,
            seed: 0,
            domain: (f64::NEG_INFINITY, f64::INFINITY),
            branch: None,
        }
    }
}

impl Options<'_> {
    /// The relative error allowed by the digits asked for.
    pub(crate) fn wanted(&self) -> f64 {
        10f64.powi(-(self.digits as i32))
    }
}
