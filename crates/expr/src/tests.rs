//! Random expressions: text, simplification and derivatives against plain evaluation.

use proptest::prelude::*;

use crate::{Binary, Expr, ExprKind, Func};

/// Expressions over two variables, smooth or not.
pub(crate) fn expressions() -> impl Strategy<Value = Expr> {
    let leaf =
        prop_oneof![(0..2usize).prop_map(Expr::var), (-24..24i32).prop_map(|k| Expr::constant(f64::from(k) / 8.0)),];
    leaf.prop_recursive(5, 24, 3, |inner| {
        let (a, b, c) = (inner.clone(), inner.clone(), inner.clone());
        prop_oneof![
            3 => (0..Func::ALL.len(), inner).prop_map(|(f, x)| Expr::unary(Func::ALL[f], x)),
            5 => (0..Binary::ALL.len(), a.clone(), b.clone()).prop_map(|(f, a, b)| Expr::binary(Binary::ALL[f], a, b)),
            1 => (c, a, b).prop_map(|(c, a, b)| Expr::select(c, a, b)),
        ]
    })
}

fn close(got: f64, want: f64, tolerance: f64) -> bool {
    got == want || (got - want).abs() <= tolerance * (1.0 + want.abs())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn text_parses_back(expr in expressions()) {
        let text = expr.text(&["x", "y"]);
        let back = Expr::parse(&text, &["x", "y"], &()).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        prop_assert_eq!(back, expr);
    }

    #[test]
    fn constants_keep_their_bits(value in any::<f64>().prop_filter("finite", |x| x.is_finite())) {
        let expr = Expr::constant(value);
        prop_assert_eq!(Expr::parse(&expr.text(&[]), &[], &()), Ok(expr));
    }

    #[test]
    fn simplification_keeps_the_value(expr in expressions(), x in -24..24i32, y in -24..24i32) {
        let at = [f64::from(x) / 8.0, f64::from(y) / 8.0];
        // Where rounding decides a branch or cancels everything, the value says nothing about the rules.
        let want = expr.eval(&at);
        let nudged = expr.eval(&[at[0] + 1e-13, at[1] - 1e-13]);
        prop_assume!(want.is_finite() && want.abs() < 1e9 && close(nudged, want, 1e-10));
        let simple = expr.simplify();
        prop_assume!(close(simple.eval(&[at[0] - 1e-13, at[1] + 1e-13]), simple.eval(&at), 1e-10));
        prop_assert!(close(simple.eval(&at), want, 1e-8), "{} != {want} of {:?}", simple.eval(&at), simple);
    }

    #[test]
    fn derivatives_match_differences(expr in expressions(), x in -24..24i32, y in -24..24i32) {
        let at = [f64::from(x) / 8.0 + 0.013, f64::from(y) / 8.0 - 0.017];
        let h = 1e-4;
        let shifted = |k: f64| expr.eval(&[at[0] + k * h, at[1]]);
        // The check says something only within one smooth piece, where two step sizes agree.
        let smooth = [-2.0, -1.0, 1.0, 2.0].iter().all(|k| expr.branches(&[at[0] + k * h, at[1]]) == expr.branches(&at));
        let narrow = (shifted(1.0) - shifted(-1.0)) / (2.0 * h);
        let wide = (shifted(2.0) - shifted(-2.0)) / (4.0 * h);
        prop_assume!(smooth && narrow.is_finite() && narrow.abs() < 1e4 && shifted(0.0).abs() < 1e4);
        prop_assume!(close(wide, narrow, 1e-5));
        // A value that is finite only by way of an infinite one, such as 1 / rsqrt(0), has no slope to compare.
        // Neither has a root of exactly zero, as a power or not.
        let between = |k: f64| 0.0 < k && k < 1.0;
        let root = |node: &Expr| match node.kind() {
            ExprKind::Unary(Func::Sqrt, x) => x.eval(&at) == 0.0,
            ExprKind::Binary(Binary::Pow, x, power) => x.eval(&at) == 0.0 && between(power.eval(&at)),
            _ => false,
        };
        let finite = expr.fold(|node, parts: &[bool]| {
            node.eval(&at).is_finite() && !root(node) && !parts.contains(&false)
        });
        prop_assume!(finite);
        let slope = expr.derivative(0).eval(&at);
        let best = (4.0 * narrow - wide) / 3.0;
        prop_assert!(close(slope, best, 1e-5), "{slope} is not {best}: {:?}", expr.derivative(0));
    }
}

#[test]
fn stable_forms_are_recognised() {
    let cases = [
        ("1 / (1 + exp(-x))", "sigmoid(x)"),
        ("inv(exp(-1 * x) + 1)", "sigmoid(x)"),
        ("exp(x) / (1 + exp(x))", "sigmoid(x)"),
        ("exp(x) * inv(1 + exp(x))", "sigmoid(x)"),
        ("1 - sigmoid(x)", "sigmoid(-x)"),
        ("exp(x) / (1 + exp(x))^2", "sigmoid(x) * sigmoid(-x)"),
        ("inv(square(1 + exp(-x)))", "square(sigmoid(x))"),
        ("(1 + exp(-x))^-2", "square(sigmoid(x))"),
        ("inv(exp(x) + exp(-x)) * (exp(x) - exp(-x))", "tanh(x)"),
        ("1 / (exp(-x) - -1)", "sigmoid(x)"),
        ("(exp(2 * x) - 1) / (exp(2 * x) + 1)", "tanh(x)"),
        ("(1 - exp(-2 * x)) / (1 + exp(-2 * x))", "-tanh(-x)"),
        ("log(1 + exp(x))", "softplus(x)"),
        ("log(sigmoid(x))", "-softplus(-x)"),
        ("log(inv(1 + exp(-x)))", "-softplus(-x)"),
        ("exp(-log(1 + exp(x)))", "sigmoid(-x)"),
        ("exp(x - log(1 + exp(x)))", "sigmoid(x)"),
        ("log(1 / x)", "-log(x)"),
        ("1 / (1 / x)", "x"),
        ("log(1 + x)", "log1p(x)"),
        ("exp(x) - 1", "expm1(x)"),
        ("log(exp(x))", "x"),
        ("x * x", "square(x)"),
        ("x^3", "cube(x)"),
        ("x^0.5", "sqrt(x)"),
        ("1 / sqrt(x)", "rsqrt(x)"),
        ("--x + 0 * 1", "x"),
        ("2 * 3 + x / 1", "6 + x"),
        ("2 * (x * 3)", "6 * x"),
        ("y * -square(inv(1 + exp(-x))) * exp(-x) * -1", "sigmoid(-x) * sigmoid(x) * y"),
        ("exp(-x) * y / (1 + exp(-x)) / (1 + exp(-x))", "sigmoid(-x) * y * sigmoid(x)"),
        ("if(1 > 2, x, y)", "y"),
        ("x * 0", "x * 0"),
        ("x - x", "x - x"),
    ];
    for (text, expect) in cases {
        let expr = Expr::parse(text, &["x", "y"], &()).unwrap();
        assert_eq!(expr.simplify().text(&["x", "y"]), expect, "{text}");
    }
}

#[test]
fn gradients_of_stable_forms_stay_finite() {
    for text in [
        "1 / (1 + exp(-x))",
        "log(1 + exp(x))",
        "log(sigmoid(x))",
        "x / (1 + exp(-x))",
        "tanh(softplus(x))",
        "exp(-exp(-x))",
        "1 / cosh(x)",
        "if(x > 0, x, exp(x) - 1)",
    ] {
        let slope = Expr::parse(text, &["x"], &()).unwrap().derivative(0);
        for x in [-1e4, -800.0, -1.0, 0.0, 1.0, 800.0, 1e4] {
            assert!(slope.eval(&[x]).is_finite(), "{text} at {x}: {slope:?}");
        }
    }
}

/// A slope is asked whether it has vanished where it meets an exponential, and nowhere else.
#[test]
fn only_exponentials_are_held_against_a_vanished_slope() {
    for (text, asked) in [
        ("tanh(exp(x))", true),
        ("sigmoid(y * cosh(x))", true),
        ("tanh(2 * x)", false),
        ("sigmoid(x * x)", false),
        ("square(exp(x))", false),
    ] {
        let slope = Expr::parse(text, &["x", "y"], &()).unwrap().derivative(0).text(&["x", "y"]);
        assert_eq!(slope.contains("if("), asked, "{text}: {slope}");
    }
}

#[test]
fn slopes_follow_the_declared_conventions() {
    let cases = [
        ("abs(x)", [0.0, 0.0], 0.0),
        ("max(0, x)", [0.0, 0.0], 0.0),
        ("max(x, 0)", [0.0, 0.0], 1.0),
        ("min(x, 3 * x)", [0.0, 0.0], 1.0),
        ("x^2", [0.0, 0.0], 0.0),
        ("x^4", [-2.0, 0.0], -32.0),
        ("x^y", [0.0, 2.0], 0.0),
        ("x^y", [0.0, 1.0], 1.0),
        ("x^y", [0.0, 0.0], 0.0),
        ("x^y", [3.0, 0.0], 0.0),
        ("y^x", [2.0, 0.0], 0.0),
        ("if(x > 0, x, 1 / 0)", [1.0, 0.0], 1.0),
        ("sqrt(x)", [0.0, 0.0], f64::INFINITY),
    ];
    for (text, at, expect) in cases {
        let expr = Expr::parse(text, &["x", "y"], &()).unwrap();
        assert_eq!(expr.derivative(0).eval(&at), expect, "{text}");
    }
}

/// The slope of a power by its base grows with an exponent of 0.
#[test]
fn a_power_has_its_second_slope_at_exponent_zero() {
    let slope = Expr::parse("x^y", &["x", "y"], &()).unwrap().derivative(0).derivative(1);
    assert_eq!(slope.eval(&[4.0, 0.0]), 0.25);
}

#[test]
fn steps_have_no_derivative() {
    for text in ["floor(x) + round(y)", "x > y", "sign(x) * 3", "2"] {
        let expr = Expr::parse(text, &["x", "y"], &()).unwrap();
        assert!(!expr.differentiable(), "{text}");
        assert_eq!(expr.derivative(0), Expr::constant(0.0));
    }
    assert!(Expr::parse("floor(x) * y", &["x", "y"], &()).unwrap().differentiable());
}

#[test]
fn deep_expressions_need_no_stack() {
    let mut expr = Expr::var(0);
    for _ in 0..200_000 {
        expr = Expr::unary(Func::Sin, expr);
    }
    assert_eq!(expr.depth(), 200_000);
    assert!(expr.uses(0) && expr.simplify() == expr);
    assert!(expr.eval(&[0.5]).abs() < 0.5);
}

#[test]
fn shared_parts_cost_once() {
    let mut expr = Expr::var(0);
    for _ in 0..60 {
        expr = expr.clone() + expr;
    }
    assert_eq!(expr.eval(&[1.0]), 2f64.powi(60));
    assert_eq!(expr.derivative(0).eval(&[0.0]), 2f64.powi(60));
}
