//! Formulas evaluated between steps.

use graphrun_expr::{Expr, ExprKind};

/// The value of a small formula where variable i is `values[i]`, or NaN beyond them. Walks the tree as it is and
/// allocates nothing.
pub(crate) fn value(formula: &Expr, values: &[f64]) -> f64 {
    match formula.kind() {
        ExprKind::Var(i) => values.get(*i).copied().unwrap_or(f64::NAN),
        ExprKind::Constant(c) => *c,
        ExprKind::Unary(f, x) => f.eval(value(x, values)),
        ExprKind::Binary(f, a, b) => f.eval(value(a, values), value(b, values)),
        ExprKind::Select(c, a, _) if value(c, values) != 0.0 => value(a, values),
        ExprKind::Select(_, _, b) => value(b, values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_reference() {
        for text in ["if(p < q, p ^ 2, -q / 3)", "max(cos(p), 1 - q)", "floor(q / 2) + r"] {
            let formula = Expr::parse(text, &["p", "q", "r"], &()).unwrap();
            for values in [[0.5, 2.0], [3.0, 1.0]] {
                let (got, expect) = (value(&formula, &values), formula.eval(&values));
                assert!(got == expect || (got.is_nan() && expect.is_nan()), "{text}: {got} against {expect}");
            }
        }
    }
}
