//! The error of a difference quotient against its step.

use crate::difference::{Method, gradient, relative_error};

/// Error against step size: a slope of 1 for one-sided differences and 2 for central ones, until rounding takes over.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The difference that was taken.
    pub method: Method,
    /// Step and relative error, from the largest step to the smallest.
    pub points: Vec<(f64, f64)>,
    /// The slope of the error in the log-log plot where truncation dominates; none when the quotient is exact but for rounding.
    pub slope: Option<f64>,
}

impl Curve {
    /// The step with the smallest error.
    pub fn best(&self) -> Option<(f64, f64)> {
        self.points.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1))
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

/// The least-squares slope over the points that lie clearly above the rounding, on the side of the larger steps.
fn fit(points: &[(f64, f64)]) -> Option<f64> {
    let floor = points.iter().map(|p| p.1).fold(f64::INFINITY, f64::min).max(1e-13);
    let logs: Vec<(f64, f64)> =
        points.iter().take_while(|p| p.1 > 30.0 * floor).filter(|p| p.0 < 0.05).map(|p| (p.0.ln(), p.1.ln())).collect();
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
    fn an_exact_quotient_has_no_slope() {
        let found = curve(|x| x[0] * x[0], &[2.0], &[1.0], Method::Central);
        assert_eq!(found.slope, None);
    }

    #[test]
    fn a_wrong_gradient_is_flat() {
        let found = curve(|x| x[0].sin(), &[1.0], &[1.0], Method::Central);
        assert!(found.slope.is_none_or(|s| s.abs() < 0.1), "{:?}", found.slope);
    }
}
