//! The error of a difference quotient against its step.

use crate::difference::{Method, gradient, greatest};
use crate::report::{Report, Verdict};

/// How many of the smallest steps tell what rounding does.
const ROUNDED: usize = 6;
/// How far above the rounding an error lies that truncation makes.
const ABOVE: f64 = 30.0;
/// The largest step at which the leading term of the truncation may be the whole of it.
const LARGEST: f64 = 0.05;
/// The least number of steps, two a decade, that make a line.
const LINE: usize = 5;
/// How far a point of a line may lie off it, as a factor.
const STRAIGHT: f64 = 1.2;

/// Error against step size: a slope of 1 for one-sided differences and 2 for central ones, until rounding takes over.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The difference that was taken.
    pub method: Method,
    /// Step and error, from the largest step to the smallest: the greatest difference over the elements, relative to the
    /// largest gradient, or absolute where all gradients are zero.
    pub points: Vec<(f64, f64)>,
    /// The slope of the error in the log-log plot where truncation dominates; none where it makes no straight line.
    pub slope: Option<f64>,
    /// Whether rounding explains every error.
    pub exact: bool,
}

impl Curve {
    /// The step with the smallest error.
    pub fn best(&self) -> Option<(f64, f64)> {
        self.points.iter().copied().filter(|(_, error)| !error.is_nan()).min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// What the curve says, in words, where `report` is the check at the same point.
    pub fn words(&self, report: &Report) -> String {
        if self.best().is_none() {
            return "not a number".into();
        }
        let (wrong, kinks) = (report.verdict == Verdict::Fail, report.entries.iter().any(|entry| entry.kinks > 0));
        match self.slope {
            Some(slope) if wrong => format!("slope {slope:.2}: the gradient is off by less than such steps tell"),
            None if wrong => "flat: the gradient is wrong".into(),
            _ if kinks => "no line: the point stands on a kink".into(),
            Some(slope) => format!("slope {slope:.2}"),
            None if self.exact => "exact but for rounding".into(),
            None => "no line: the function bends, or is rounded, too much".into(),
        }
    }
}

/// The error of `method` against the true gradient `exact` of `f` at `x`, for two steps a decade from 0.1 to 1e-12.
///
/// ```
/// use graphrun_gradcheck::{Method, curve};
///
/// let slope = |method| curve(|x: &[f64]| x[0].sin(), &[1f64.cos()], &[1.0], method).slope.unwrap();
/// assert!((slope(Method::Forward) - 1.0).abs() < 0.05);
/// assert!((slope(Method::Central) - 2.0).abs() < 0.05);
/// ```
pub fn curve(f: impl Fn(&[f64]) -> f64, exact: &[f64], x: &[f64], method: Method) -> Curve {
    let largest = greatest(exact.iter().map(|g| g.abs()));
    let scale = if largest == 0.0 { 1.0 } else { largest };
    let error = |step| {
        let found = gradient(&f, x, method, step);
        greatest(found.iter().zip(exact).map(|(n, g)| (n - g).abs())) / scale
    };
    let points: Vec<(f64, f64)> = (2..=24).map(|k| 10f64.powf(-0.5 * f64::from(k))).map(|h| (h, error(h))).collect();
    let last = f64::EPSILON * f(x).abs() / scale;
    let truncated = above(&points, last);
    Curve { method, slope: fit(&truncated), exact: truncated.is_empty(), points }
}

/// The points that lie clearly above the rounding, which goes as one over the step: at least the `last` place of the value,
/// and what the smallest steps tell.
fn above(points: &[(f64, f64)], last: f64) -> Vec<(f64, f64)> {
    let rounding = points.iter().rev().take(ROUNDED).map(|(h, e)| h * e).fold(last, f64::max);
    points.iter().copied().filter(|(h, e)| *e > ABOVE * rounding / h).collect()
}

/// The slope of the line that the points make, of which those of the largest steps may lie off it; none where the rest is
/// no line, or one that does not fall with the step.
fn fit(points: &[(f64, f64)]) -> Option<f64> {
    let small: Vec<(f64, f64)> = points.iter().filter(|(h, _)| *h < LARGEST).map(|(h, e)| (h.ln(), e.ln())).collect();
    let lines = (0..=small.len().checked_sub(LINE)?).map(|first| line(&small[first..]));
    let straight = lines.into_iter().find(|(_, off)| *off <= STRAIGHT.ln());
    straight.map(|(slope, _)| slope).filter(|slope| *slope > 0.5)
}

/// The slope of the least-squares line through some points, and how far the furthest of them lies off it.
fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let n = points.len() as f64;
    let (mx, my) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0 / n, y + p.1 / n));
    let (sxy, sxx) =
        points.iter().fold((0.0, 0.0), |(xy, xx), p| (xy + (p.0 - mx) * (p.1 - my), xx + (p.0 - mx).powi(2)));
    let slope = sxy / sxx;
    (slope, greatest(points.iter().map(|p| (p.1 - my - slope * (p.0 - mx)).abs())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::check_function;
    use crate::options::Options;

    #[test]
    fn orders_are_seen_as_slopes() {
        let f = |x: &[f64]| x[0].exp() * x[1].sin();
        let x = [0.4, 1.2];
        let exact = [0.4f64.exp() * 1.2f64.sin(), 0.4f64.exp() * 1.2f64.cos()];
        for (method, order) in [(Method::Forward, 1.0), (Method::Backward, 1.0), (Method::Central, 2.0)] {
            let found = curve(f, &exact, &x, method);
            let slope = found.slope.expect("truncation dominates at large steps");
            assert!((slope - order).abs() < 0.05, "{method:?}: {slope}");
            assert!(found.best().is_some_and(|(_, e)| e < 1e-6));
        }
    }

    #[test]
    fn the_lecture_s_squares_have_slopes_one_and_none() {
        let f = |x: &[f64]| x.iter().map(|v| v * v).sum::<f64>();
        for x in [[1.0, 0.8, 1.3], [1.0, 0.5, 0.25]] {
            let exact = x.map(|v| 2.0 * v);
            for method in [Method::Forward, Method::Backward] {
                let slope = curve(f, &exact, &x, method).slope.unwrap();
                assert!((slope - 1.0).abs() < 0.05, "{method:?} at {x:?}: {slope}");
            }
            let central = curve(f, &exact, &x, Method::Central);
            assert_eq!((central.slope, central.exact), (None, true));
        }
    }

    /// What the curves say of a function and its gradient at `x`: forward, backward and central.
    fn said(f: impl Fn(f64) -> f64, gradient: f64, x: f64) -> [String; 3] {
        let f = |x: &[f64]| f(x[0]);
        let report = check_function(f, |_| vec![gradient], &[x], &Options::default());
        [Method::Forward, Method::Backward, Method::Central]
            .map(|method| curve(f, &[gradient], &[x], method).words(&report))
    }

    /// Whether two sayings are the same, a slope but for its last place.
    fn agree(one: &str, other: &str) -> bool {
        let parts = |text: &str| {
            let rest = text.strip_prefix("slope ")?;
            Some((rest[..4].parse::<f64>().ok()?, rest[4..].to_owned()))
        };
        match (parts(one), parts(other)) {
            (Some((one, after)), Some((other, behind))) => (one - other).abs() < 0.045 && after == behind,
            _ => one == other,
        }
    }

    #[test]
    fn a_curve_says_what_the_check_says() {
        const EXACT: &str = "exact but for rounding";
        const WRONG: &str = "flat: the gradient is wrong";
        const HIDDEN: [&str; 3] = [
            "slope 1.00: the gradient is off by less than such steps tell",
            "slope 1.00: the gradient is off by less than such steps tell",
            "slope 2.00: the gradient is off by less than such steps tell",
        ];
        const KINK: &str = "no line: the point stands on a kink";
        const BENT: &str = "no line: the function bends, or is rounded, too much";
        let square = |x: f64| x * x;
        let relu = |x: f64| x.max(0.0);
        for (words, expect) in [
            (said(square, 2.1, 1.0), [WRONG; 3]),
            (said(square, 0.0, 1.0), [WRONG; 3]),
            (said(square, f64::NAN, 1.0), ["not a number"; 3]),
            (said(f64::sqrt, f64::INFINITY, 0.0), ["not a number"; 3]),
            (said(f64::abs, 0.0, 0.0), [KINK; 3]),
            (said(f64::abs, 2.0, 0.0), [WRONG; 3]),
            (said(relu, 0.0, 0.0), [KINK; 3]),
            (said(f64::exp, 1.0 + 1e-6, 0.0), [WRONG; 3]),
            (said(f64::exp, 1.0 + 1e-10, 0.0), HIDDEN),
            // No error is relative to a gradient of 0.
            (said(square, 0.0, 0.0), ["slope 1.00", "slope 1.00", EXACT]),
            (said(|x| x * x * x, 0.0, 0.0), ["slope 2.00"; 3]),
            (said(|_| 3.0, 0.0, 1.0), [EXACT; 3]),
            // The largest of the steps alone leave the side of a kink nearby, or the domain.
            (said(relu, 1.0, 1e-4), [EXACT, BENT, BENT]),
            (said(f64::ln, 50.0, 0.02), ["slope 1.00", "slope 1.00", "slope 2.00"]),
            (said(|x| (50.0 * x).sin(), 50.0 * 5f64.cos(), 0.1), ["slope 1.00", "slope 1.00", "slope 2.00"]),
            // Rounding is all that a large constant leaves.
            (said(|x| 1e10 + x, 1.0, 1.0), [EXACT; 3]),
            (said(|x| 1e10 + x.exp(), 1.0, 0.0), [BENT; 3]),
            (said(|x| 1e3 + x.exp(), 1.0, 0.0), ["slope 1.00", "slope 1.00", BENT]),
        ] {
            for (words, expect) in words.iter().zip(expect) {
                assert!(agree(words, expect), "{words}: {expect}");
            }
        }
    }

    #[test]
    fn an_element_without_a_gradient_hides_no_line() {
        let f = |x: &[f64]| x[0].exp() + 0.0 * x[1];
        let found = curve(f, &[1.0, 0.0], &[0.0, 1.0], Method::Forward);
        assert!(found.slope.is_some_and(|slope| (slope - 1.0).abs() < 0.05), "{found:?}");
    }

    #[test]
    fn a_line_is_straight_and_falls_with_the_step() {
        let with = |error: fn(f64) -> f64| {
            fit(&(3..=12).map(|k| 10f64.powf(-0.5 * f64::from(k))).map(|h| (h, error(h))).collect::<Vec<_>>())
        };
        assert!(with(|h| 3.0 * h).is_some_and(|slope| (slope - 1.0).abs() < 1e-9));
        assert_eq!(with(|_| 0.3), None);
        assert_eq!(with(|h| 1e-9 / h), None);
        assert_eq!(with(|h| h.max(1e-4)), None);
        // Of the first points any number may lie off it, so long as five are left.
        assert!(with(|h| if h > 1e-4 { 1.0 } else { h }).is_some_and(|slope| (slope - 1.0).abs() < 1e-9));
        assert_eq!(with(|h| if h > 2e-5 { 1.0 } else { h }), None);
    }
}
