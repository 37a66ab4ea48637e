//! How far a derivative's variable may move.

/// The first step in units of the size of the point: small against the point, large against the rounding of values.
pub(crate) const STEP: f64 = 0.05;

/// How far the variable may move to either side.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// The greatest step, before the limits.
    pub step: f64,
    /// The room below, to the border of the domain.
    pub below: f64,
    /// The room above, to the border of the domain.
    pub above: f64,
    /// A lower step, tried where steps of the first size give no sharp derivative: near a pole a function bends over
    /// the distance to 0, and far out over distances of 1. No such step when it is 0.
    pub other: f64,
    /// How far values of the function are off, where that is more than their last place: what large numbers that cancel
    /// inside it leave behind.
    pub noise: f64,
}

impl Range {
    /// A range without borders or noise: 0.05 max(|x|, 1) to either side, or else 0.05 min(|x|, 1).
    pub fn around(x: f64) -> Range {
        let step = |size: f64| STEP * size;
        let (step, other) = (step(x.abs().max(1.0)), step(x.abs().min(1.0)));
        Range { step, below: f64::INFINITY, above: f64::INFINITY, other, noise: 0.0 }
    }

    /// The first step and the sides that it may go to. A border nearer than a thousandth of the step
    /// leaves only the other side; the border itself is never touched from within.
    pub(crate) fn start(self) -> (f64, Sides) {
        let room = |side: f64| (0.9 * side).min(self.step);
        let near = self.below.min(self.above);
        if near > 1e-3 * self.step {
            (room(near), Sides::Both)
        } else if self.above >= self.below {
            (room(self.above), Sides::Above)
        } else {
            (room(self.below), Sides::Below)
        }
    }
}

/// The sides that steps go to.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Sides {
    Both,
    Above,
    Below,
}
