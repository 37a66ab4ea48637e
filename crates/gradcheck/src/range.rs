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

    /// The lower step of the other kind, where it is one and lies below `step`.
    pub(crate) fn other_below(self, step: f64) -> Option<f64> {
        Some(self.other).filter(|other| 0.0 < *other && *other < step)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_border_shortens_the_step_and_a_nearer_one_leaves_one_side() {
        let start = |below, above| {
            let (step, sides) = Range { step: 0.1, below, above, other: 0.0, noise: 0.0 }.start();
            (step, sides == Sides::Both, sides == Sides::Above)
        };
        let far = f64::INFINITY;
        assert_eq!(start(far, far), (0.1, true, false));
        assert_eq!(start(2e-3, far), (0.9 * 2e-3, true, false));
        assert_eq!(start(5e-5, far), (0.1, false, true));
        assert_eq!(start(1.0, 5e-5), (0.1, false, false));
        assert_eq!(start(5e-5, 0.05), (0.9 * 0.05, false, true));
    }
}
