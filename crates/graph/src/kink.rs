//! Slopes where a function has two.

use std::fmt;

/// Which of its slopes an operation takes as its gradient where an input stands exactly on a kink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kink {
    /// The slope from below.
    Below,
    /// The mean of both slopes.
    Mean,
    /// The slope nearer to zero.
    Flat,
    /// The slope further from zero.
    Steep,
    /// Of elements that tie, in the order of the inputs and then of their elements, the first takes the whole gradient
    /// and the rest take none.
    First,
}

impl fmt::Display for Kink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kink::Below => "the slope from below",
            Kink::Mean => "the mean of both slopes",
            Kink::Flat => "the slope nearer to zero",
            Kink::Steep => "the slope further from zero",
            Kink::First => "of those that tie, the first takes the whole gradient",
        })
    }
}

impl Kink {
    /// The slope chosen between the one from `below` and the one from `above`; `first` says whether the element is the
    /// first of those that tie.
    ///
    /// ```
    /// use graphrun_graph::Kink;
    ///
    /// // Relu at 0, |x| at 0, and the second of two equal elements whose maximum is taken.
    /// assert_eq!(Kink::Below.choose(0.0, 1.0, true), 0.0);
    /// assert_eq!(Kink::Mean.choose(-1.0, 1.0, true), 0.0);
    /// assert_eq!(Kink::First.choose(0.0, 1.0, false), 0.0);
    /// ```
    #[must_use]
    pub fn choose(self, below: f64, above: f64, first: bool) -> f64 {
        let (flat, steep) = if below.abs() <= above.abs() { (below, above) } else { (above, below) };
        match self {
            Kink::Below => below,
            Kink::Mean => 0.5 * (below + above),
            Kink::Flat => flat,
            Kink::Steep => steep,
            Kink::First if first => steep,
            Kink::First => flat,
        }
    }
}
