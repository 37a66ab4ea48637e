//! Simplification: one table of rules, applied from the leaves up.

use crate::{Binary, Expr, ExprKind, Func};

/// The most factors of a product among which exponentials are looked for.
const MAX_FACTORS: usize = 16;

impl Expr {
    /// An expression of the same value that costs less or stays finite where this one does not.
    ///
    /// Constants fold where the result is finite; identities such as `x + 0` and `x^2` go; and compositions get
    /// their stable form, such as `1 / (1 + exp(-x))` -> `sigmoid(x)`. For finite values the result is the same up
    /// to rounding and the sign of zero, or closer to the exact one.
    pub fn simplify(&self) -> Expr {
        self.fold(|node, children: &[Expr]| reduce(&node.with_children(children)))
    }
}

/// Applies the rules at the root, whose operands are already reduced, until none fits.
pub(crate) fn reduce(expr: &Expr) -> Expr {
    let mut expr = expr.clone();
    while let Some(next) = fold_constants(&expr).or_else(|| rule(&expr)) {
        expr = next;
    }
    expr
}

fn fold_constants(expr: &Expr) -> Option<Expr> {
    let foldable = !matches!(expr.kind(), ExprKind::Constant(_) | ExprKind::Var(_));
    if !foldable || expr.kind().children().any(|child| child.as_constant().is_none()) {
        return None;
    }
    let value = expr.eval(&[]);
    value.is_finite().then(|| Expr::constant(value))
}

fn rule(expr: &Expr) -> Option<Expr> {
    match expr.kind() {
        ExprKind::Unary(f, x) => unary(*f, x),
        ExprKind::Binary(f, a, b) => binary(*f, a, b),
        ExprKind::Select(c, a, b) => match c.as_constant() {
            Some(value) => Some(if value != 0.0 { a.clone() } else { b.clone() }),
            None => (a == b).then(|| a.clone()),
        },
        _ => None,
    }
}

/// A reduced call.
fn call(f: Func, x: &Expr) -> Expr {
    reduce(&Expr::unary(f, x.clone()))
}

fn op(f: Binary, a: &Expr, b: &Expr) -> Expr {
    reduce(&Expr::binary(f, a.clone(), b.clone()))
}

fn is(x: &Expr, value: f64) -> bool {
    x.as_constant() == Some(value)
}

/// The operand when `expr` is `f` of something.
fn under(f: Func, expr: &Expr) -> Option<&Expr> {
    match expr.kind() {
        ExprKind::Unary(g, x) if *g == f => Some(x),
        _ => None,
    }
}

/// The operand u when `expr` is `1 + u` either way round.
fn one_plus(expr: &Expr) -> Option<&Expr> {
    match expr.kind() {
        ExprKind::Binary(Binary::Add, a, b) if is(a, 1.0) => Some(b),
        ExprKind::Binary(Binary::Add, a, b) if is(b, 1.0) => Some(a),
        _ => None,
    }
}

/// `u` when `expr` is `1 + exp(u)`.
fn one_plus_exp(expr: &Expr) -> Option<&Expr> {
    one_plus(expr).and_then(|e| under(Func::Exp, e))
}

fn neg(x: &Expr) -> Expr {
    call(Func::Neg, x)
}

fn unary(f: Func, x: &Expr) -> Option<Expr> {
    use Func::*;
    let inner = |g| under(g, x);
    match f {
        Neg => match x.kind() {
            ExprKind::Unary(Neg, y) => Some(y.clone()),
            ExprKind::Binary(Binary::Sub, a, b) => Some(op(Binary::Sub, b, a)),
            ExprKind::Binary(Binary::Mul, a, b) if a.as_constant().is_some() => Some(op(Binary::Mul, &neg(a), b)),
            _ => None,
        },
        Abs => inner(Neg).or(inner(Abs)).map(|y| call(Abs, y)),
        Square => inner(Neg).or(inner(Abs)).map(|y| call(Square, y)),
        Cos => inner(Neg).map(|y| call(Cos, y)),
        Recip => None
            .or_else(|| one_plus_exp(x).map(|u| call(Sigmoid, &neg(u))))
            .or_else(|| inner(Square).and_then(one_plus_exp).map(|u| call(Square, &call(Sigmoid, &neg(u)))))
            .or_else(|| inner(Exp).map(|u| call(Exp, &neg(u))))
            .or_else(|| inner(Recip).cloned())
            .or_else(|| inner(Sqrt).map(|y| call(Rsqrt, y))),
        Exp => match x.kind() {
            ExprKind::Unary(Neg, y) => under(Softplus, y).map(|u| call(Sigmoid, &neg(u))),
            ExprKind::Binary(Binary::Sub, u, y) if under(Softplus, y) == Some(u) => Some(call(Sigmoid, u)),
            _ => None,
        },
        Log => None
            .or_else(|| inner(Exp).cloned())
            .or_else(|| inner(Recip).map(|y| neg(&call(Log, y))))
            .or_else(|| inner(Sigmoid).map(|u| neg(&call(Softplus, &neg(u)))))
            .or_else(|| one_plus(x).map(|u| call(Log1p, u))),
        Log1p => inner(Exp).map(|u| call(Softplus, u)),
        _ => None,
    }
}

fn binary(f: Binary, a: &Expr, b: &Expr) -> Option<Expr> {
    match f {
        Binary::Add => add(a, b),
        Binary::Sub => sub(a, b),
        Binary::Mul => mul(a, b).or_else(|| mul(b, a)),
        Binary::Div => div(a, b),
        Binary::Pow => pow(a, b),
        Binary::Max | Binary::Min => (a == b).then(|| a.clone()),
        _ => None,
    }
}

fn add(a: &Expr, b: &Expr) -> Option<Expr> {
    if is(b, 0.0) {
        return Some(a.clone());
    }
    if is(a, 0.0) {
        return Some(b.clone());
    }
    if let Some(y) = under(Func::Neg, b) {
        return Some(op(Binary::Sub, a, y));
    }
    if let Some(y) = under(Func::Neg, a) {
        return Some(op(Binary::Sub, b, y));
    }
    if is(b, -1.0) {
        return under(Func::Exp, a).map(|u| call(Func::Expm1, u));
    }
    None
}

fn sub(a: &Expr, b: &Expr) -> Option<Expr> {
    if is(b, 0.0) {
        return Some(a.clone());
    }
    if is(a, 0.0) {
        return Some(neg(b));
    }
    if let Some(y) = under(Func::Neg, b) {
        return Some(op(Binary::Add, a, y));
    }
    if is(a, 1.0) {
        return under(Func::Sigmoid, b).map(|u| call(Func::Sigmoid, &neg(u)));
    }
    if is(b, 1.0) {
        return under(Func::Exp, a).map(|u| call(Func::Expm1, u));
    }
    let below = b.as_constant().filter(|c| *c < 0.0);
    below.map(|c| op(Binary::Add, a, &Expr::constant(-c)))
}

/// The rules of `a * b`, tried both ways round.
fn mul(a: &Expr, b: &Expr) -> Option<Expr> {
    if is(a, 1.0) {
        return Some(b.clone());
    }
    if is(a, -1.0) {
        return Some(neg(b));
    }
    if a == b {
        return Some(call(Func::Square, a));
    }
    if under(Func::Square, a) == Some(b) {
        return Some(call(Func::Cube, b));
    }
    if let Some(y) = under(Func::Neg, a) {
        return Some(neg(&op(Binary::Mul, y, b)));
    }
    if let Some(tanh) = under(Func::Recip, b).and_then(|b| tanh(a, b)) {
        return Some(tanh);
    }
    if let (Some(_), ExprKind::Binary(Binary::Mul, x, y)) = (a.as_constant(), b.kind()) {
        let parts = [(x, y), (y, x)];
        let found = parts.into_iter().find(|(c, _)| c.as_constant().is_some());
        return found.map(|(c, rest)| op(Binary::Mul, &op(Binary::Mul, a, c), rest));
    }
    cancel_exponentials(a, b)
}

/// Joins a huge and a tiny factor of the product `a * b` into one that stays finite: `e^u sigmoid(-u) = sigmoid(u)`.
fn cancel_exponentials(a: &Expr, b: &Expr) -> Option<Expr> {
    let mut factors = Vec::new();
    let mut stack = vec![b.clone(), a.clone()];
    while let Some(factor) = stack.pop() {
        match factor.kind() {
            ExprKind::Binary(Binary::Mul, x, y) if factors.len() + stack.len() < MAX_FACTORS => {
                stack.extend([y.clone(), x.clone()]);
            }
            _ => factors.push(factor),
        }
    }
    let joined = |x: &Expr, y: &Expr| {
        let (u, squared) = (under(Func::Exp, x)?, under(Func::Square, y));
        let opposite = under(Func::Sigmoid, squared.unwrap_or(y))?;
        (*opposite == neg(u)).then(|| match squared {
            None => call(Func::Sigmoid, u),
            Some(sigmoid) => op(Binary::Mul, &call(Func::Sigmoid, u), sigmoid),
        })
    };
    let (i, j, join) = (0..factors.len())
        .filter(|&i| under(Func::Exp, &factors[i]).is_some())
        .flat_map(|i| (0..factors.len()).map(move |j| (i, j)))
        .find_map(|(i, j)| Some((i, j, joined(&factors[i], &factors[j])?)))?;
    let rest = factors.iter().enumerate().filter(|(k, _)| *k != i && *k != j);
    Some(rest.fold(join, |product, (_, factor)| op(Binary::Mul, &product, factor)))
}

fn div(a: &Expr, b: &Expr) -> Option<Expr> {
    if is(b, 1.0) {
        return Some(a.clone());
    }
    if is(a, 1.0) {
        return Some(call(Func::Recip, b));
    }
    if is(a, -1.0) {
        return Some(neg(&call(Func::Recip, b)));
    }
    if let Some(tanh) = tanh(a, b) {
        return Some(tanh);
    }
    if let Some(u) = under(Func::Square, b).and_then(one_plus_exp) {
        return Some(op(Binary::Mul, a, &call(Func::Square, &call(Func::Sigmoid, &neg(u)))));
    }
    let u = one_plus_exp(b)?;
    let half = || call(Func::Tanh, &op(Binary::Mul, &Expr::constant(0.5), u));
    Some(match a.kind() {
        ExprKind::Unary(Func::Exp, v) if u == v => call(Func::Sigmoid, u),
        ExprKind::Unary(Func::Expm1, v) if u == v => half(),
        ExprKind::Binary(Binary::Sub, one, e) if is(one, 1.0) && under(Func::Exp, e) == Some(u) => neg(&half()),
        _ => op(Binary::Mul, a, &call(Func::Sigmoid, &neg(u))),
    })
}

/// `tanh(u)` when `a / b` is `(e^u - e^-u) / (e^u + e^-u)`.
fn tanh(a: &Expr, b: &Expr) -> Option<Expr> {
    let (ExprKind::Binary(Binary::Sub, p, m), ExprKind::Binary(Binary::Add, q, n)) = (a.kind(), b.kind()) else {
        return None;
    };
    let (u, v) = (under(Func::Exp, p)?, under(Func::Exp, m)?);
    ((p, m) == (q, n) && *v == neg(u)).then(|| call(Func::Tanh, u))
}

fn pow(a: &Expr, b: &Expr) -> Option<Expr> {
    let exponent = b.as_constant()?;
    let f = match exponent {
        0.0 => return Some(Expr::constant(1.0)),
        1.0 => return Some(a.clone()),
        2.0 => Func::Square,
        3.0 => Func::Cube,
        0.5 => Func::Sqrt,
        -0.5 => Func::Rsqrt,
        -1.0 => Func::Recip,
        -2.0 => return Some(call(Func::Square, &call(Func::Recip, a))),
        _ => return None,
    };
    Some(call(f, a))
}
