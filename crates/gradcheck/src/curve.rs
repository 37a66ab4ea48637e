//! The error of a difference quotient against its step.

use crate::difference::{Method, gradient, relative_error};

/// A relative error that no step improves on is no truncation.
const WRONG: f64 = 1e-4;
/// How many of the smallest steps tell what rounding does.
const ROUNDED: usize = 6;

/// Error against step size: a slope of 1 for one-sided differences and 2 for central ones, until rounding takes over.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The difference that was taken.
    pub method: Method,
    /// Step and relative error, from the largest step to the smallest.
    pub points: Vec<(f64, f64)>,
    /// The slope of the error in the log-log plot where truncation dominates; none where rounding covers it everywhere.
    pub slope: Option<f64>,
}

impl Curve {
    /// The step with the smallest error.
    pub fn best(&self) -> Option<(f64, f64)> {
        self.points.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// What the curve says, in words.
    pub fn words(&self) -> String {
        let least = self.best().map_or(f64::NAN, |(_, error)| error);
        if self.points.iter().any(|(_, error)| error.is_nan()) {
            return "not a number".into();
        }
        match self.slope {
            // The best step of a right gradient leaves at least five digits, of a wrong one its own error.
            _ if least > WRONG => "flat: the gradient is wrong".into(),
            Some(slope) => format!("slope {slope:.2}"),
            None => "exact but for rounding".into(),
        }
    }
}

/// The relative error of `method` against the true gradient `exact` of `f` at `x`, for two steps a decade from 0.1 to 1e-12.
///
/// ```
/// use graphrun_gradcheck::{Method, curve};
///
/// let slope = |method| curve(|x: &[f64]| x[0].sin(), &[1f64.cos()], &[1.0], method).slope.unwrap();
/// assert!((slope(Method::Forward) - 1.0).abs() < 0.05);
/// assert!((slope(Method::Central) - 2.0).abs() < 0.05);
/// ```
pub fn curve(f: impl Fn(&[f64]) -> f64, exact: &[f64], x: &[f64], method: Method) -> Curve {
    let points: Vec<(f64, f64)> = (2..=24)
        .map(|k| {
            let step = 10f64.powf(-0.5 * f64::from(k));
            (step, relative_error(&gradient(&f, x, method, step), exact))
        })
        .collect();
    let slope = fit(&points);
    Curve { method, points, slope }
}

/// The least-squares slope over the points that lie clearly above the rounding, which goes as one over the step; the
/// smallest steps tell its size.
fn fit(points: &[(f64, f64)]) -> Option<f64> {
    let rounding = points.iter().rev().take(ROUNDED).map(|(h, e)| h * e).fold(0.0, f64::max);
    let above = |(h, e): &&(f64, f64)| *e > 30.0 * rounding / h && *h < 0.05;
    let logs: Vec<(f64, f64)> = points.iter().filter(above).map(|p| (p.0.ln(), p.1.ln())).collect();
    if logs.len() < 3 {
        return None;
    }
    let n = logs.len() as f64;
    let (mx, my) = logs.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0 / n, y + p.1 / n));
    let (sxy, sxx) =
        logs.iter().fold((0.0, 0.0), |(xy, xx), p| (xy + (p.0 - mx) * (p.1 - my), xx + (p.0 - mx).powi(2)));
    Some(sxy / sxx)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!((central.slope, central.words().as_str()), (None, "exact but for rounding"));
        }
    }

    #[test]
    fn wrong_gradients_and_nan_are_not_called_exact() {
        for (wrong, words) in
            [(2.1, "flat: the gradient is wrong"), (0.0, "flat: the gradient is wrong"), (f64::NAN, "not a number")]
        {
            let found = curve(|x| x[0] * x[0], &[wrong], &[1.0], Method::Central);
            assert_eq!(found.words(), words, "{wrong}: {found:?}");
        }
    }

    #[test]
    fn a_wrong_gradient_is_flat() {
        let found = curve(|x| x[0].sin(), &[1.0], &[1.0], Method::Central);
        assert!(found.slope.is_none_or(|s| s.abs() < 0.1), "{:?}", found.slope);
    }
}
