//! Textbook difference quotients with a given step.

/// How a derivative is taken numerically.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// (f(x + h) - f(x)) / h, an error of order h.
    Forward,
    /// (f(x) - f(x - h)) / h, an error of order h.
    Backward,
    /// (f(x + h) - f(x - h)) / 2h, an error of order h^2.
    Central,
    /// A ladder of central differences extrapolated to h = 0, with an error bar of its own.
    #[default]
    Adaptive,
}

impl Method {
    /// The methods by name, as the command line spells them.
    pub const NAMES: [(&'static str, Method); 4] = [
        ("forward", Method::Forward),
        ("backward", Method::Backward),
        ("central", Method::Central),
        ("adaptive", Method::Adaptive),
    ];

    /// The power of the step in the leading error; the adaptive method has no step of its own.
    pub fn order(self) -> Option<i32> {
        match self {
            Method::Forward | Method::Backward => Some(1),
            Method::Central => Some(2),
            Method::Adaptive => None,
        }
    }
}

/// The relative error of the lecture: the greatest |a - b| / max(1e-8, |a| + |b|) over the elements.
///
/// The maximum is taken element by element, after the division. On the lecture's example this gives its
/// 3.124e-4, which is 0.001 / (1.601 + 1.6), at the smallest element. NaN when any element is NaN.
///
/// # Panics
/// When the lengths differ.
pub fn relative_error(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len(), "gradients of different lengths cannot be compared");
    greatest(a.iter().zip(b).map(|(&a, &b)| relative(a, b)))
}

/// The greatest of some errors; NaN when any is.
pub(crate) fn greatest(errors: impl Iterator<Item = f64>) -> f64 {
    errors.fold(0.0, |m: f64, e| if m.is_nan() || e <= m { m } else { e })
}

/// The relative error of a pair of numbers.
pub(crate) fn relative(a: f64, b: f64) -> f64 {
    (a - b).abs() / (a.abs() + b.abs()).max(1e-8)
}

/// The gradient of `f` at `x` by differences, one or two evaluations an element and one at `x` itself for the one-sided methods.
///
/// The quotient divides by the step actually taken, which rounding makes differ from `step`. With
/// [`Method::Adaptive`] the step is the method's own, and `step` is not used.
///
/// ```
/// use graphrun_gradcheck::{Method, gradient, relative_error};
///
/// let f = |x: &[f64]| x.iter().map(|v| v * v).sum();
/// let numeric = gradient(f, &[1.0, 0.8, 1.3], Method::Forward, 0.001);
/// assert!(relative_error(&numeric, &[2.001, 1.601, 2.601]) < 1e-12);
/// let error = relative_error(&numeric, &[2.0, 1.6, 2.6]);
/// assert_eq!(format!("{error:.3e}"), "3.124e-4");
/// ```
pub fn gradient(f: impl Fn(&[f64]) -> f64, x: &[f64], method: Method, step: f64) -> Vec<f64> {
    let rows = jacobian(|x: &[f64]| vec![f(x)], x, method, step);
    rows.into_iter().flatten().collect()
}

/// The Jacobian of a vector-valued `f` at `x`, one row an output, with [`gradient`]'s steps.
pub fn jacobian(f: impl Fn(&[f64]) -> Vec<f64>, x: &[f64], method: Method, step: f64) -> Vec<Vec<f64>> {
    let outputs = f(x).len();
    let mut rows = vec![vec![0.0; x.len()]; outputs];
    let mut point = x.to_vec();
    for column in 0..x.len() {
        for (row, entry) in rows.iter_mut().enumerate() {
            let along = |t: f64| {
                point[column] = x[column] + t;
                let taken = point[column] - x[column];
                (f(&point)[row], taken)
            };
            entry[column] = match method {
                Method::Adaptive => crate::derivative::derivative(along, crate::range::Range::around(x[column])).value,
                _ => quotient(along, method, step),
            };
        }
        point[column] = x[column];
    }
    rows
}

/// One difference quotient of `along`, which takes a step and gives the value there and the step really taken.
pub(crate) fn quotient(mut along: impl FnMut(f64) -> (f64, f64), method: Method, step: f64) -> f64 {
    let (low, high) = match method {
        Method::Forward => (0.0, step),
        Method::Backward => (-step, 0.0),
        Method::Central | Method::Adaptive => (-step, step),
    };
    let (above, to) = along(high);
    let (below, from) = along(low);
    (above - below) / (to - from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: [f64; 3] = [1.0, 0.8, 1.3];

    fn squares(x: &[f64]) -> f64 {
        x.iter().map(|v| v * v).sum()
    }

    #[test]
    fn the_lecture_s_figures_come_out_as_printed() {
        let shown = |method| gradient(squares, &X, method, 0.001).iter().map(|g| format!("{g:.3}")).collect::<Vec<_>>();
        assert_eq!(shown(Method::Forward), ["2.001", "1.601", "2.601"]);
        assert_eq!(shown(Method::Backward), ["1.999", "1.599", "2.599"]);
        assert_eq!(shown(Method::Central), ["2.000", "1.600", "2.600"]);
        let error = |method| relative_error(&gradient(squares, &X, method, 0.001), &[2.0, 1.6, 2.6]);
        assert_eq!(format!("{:.3e}", error(Method::Forward)), "3.124e-4");
        assert!(error(Method::Central) < 1e-3 * error(Method::Forward));
    }

    /// Halving the step divides the error by two to the order.
    #[test]
    fn errors_fall_with_the_order_of_the_method() {
        for (method, order) in [(Method::Forward, 1), (Method::Backward, 1), (Method::Central, 2)] {
            assert_eq!(method.order(), Some(order));
            let off = |step| gradient(|x| x[0].exp(), &[0.0], method, step)[0] - 1.0;
            let fall = off(1e-2) / off(5e-3);
            assert!((fall - 2f64.powi(order)).abs() < 0.02, "{method:?}: {fall}");
        }
        assert_eq!(Method::Adaptive.order(), None);
    }

    #[test]
    fn a_jacobian_has_a_row_an_output() {
        let f = |x: &[f64]| vec![x[0] * x[1], x[0].sin(), x[1].exp()];
        let expect = [[0.5, 2.0], [2f64.cos(), 0.0], [0.0, 0.5f64.exp()]];
        for (method, tolerance) in [(Method::Forward, 1e-5), (Method::Central, 1e-9), (Method::Adaptive, 1e-10)] {
            let rows = jacobian(f, &[2.0, 0.5], method, 1e-6);
            for (row, want) in rows.iter().zip(expect) {
                for (got, want) in row.iter().zip(want) {
                    assert!((got - want).abs() <= tolerance, "{method:?}: {got} is not {want}");
                }
            }
        }
        // The ladder chooses its own steps.
        let exact = jacobian(|x| vec![x[0].exp()], &[1.0], Method::Adaptive, 0.5)[0][0];
        assert!((exact - 1f64.exp()).abs() < 1e-9, "{exact}");
    }

    #[test]
    fn the_quotient_divides_by_the_step_taken() {
        // At 1e15 a step of 0.1 rounds to 0.125, and the slope of a line is exact none the less.
        let slope = gradient(|x| 2.0 * x[0], &[1e15], Method::Forward, 0.1);
        assert_eq!(slope, [2.0]);
    }

    #[test]
    fn relative_error_is_never_blind_to_nan() {
        assert!(relative_error(&[1.0, f64::NAN, 1.0], &[1.0, 1.0, 1.0]).is_nan());
        assert_eq!(relative_error(&[], &[]), 0.0);
        assert_eq!(relative_error(&[0.0], &[1e-9]), 0.1);
    }
}
