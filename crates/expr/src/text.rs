//! Printing. What is printed parses back to an equal expression.

use crate::{Binary, Expr, ExprKind, Func};

/// How tightly an expression holds together when written; the parser's levels.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Comparison,
    Sum,
    Product,
    Negation,
    Power,
    Atom,
}

impl Level {
    /// The level of the operator `f`; calls are atoms.
    pub(crate) fn of(f: Binary) -> Level {
        match f {
            Binary::Add | Binary::Sub => Level::Sum,
            Binary::Mul | Binary::Div => Level::Product,
            Binary::Pow => Level::Power,
            Binary::Max | Binary::Min => Level::Atom,
            _ => Level::Comparison,
        }
    }
}

impl Expr {
    /// The canonical text, with the fewest parentheses; variable i is written `names[i]`, or `vi` beyond the
    /// slice. It parses back to an equal expression, except that an infinite or NaN constant, which no text
    /// gives, is written as a quotient by zero.
    pub fn text(&self, names: &[&str]) -> String {
        self.fold(|node, children: &[(String, Level)]| write(node, children, names)).0
    }
}

fn write(node: &Expr, children: &[(String, Level)], names: &[&str]) -> (String, Level) {
    let at = |index: usize, level: Level| {
        let (text, own) = &children[index];
        if *own >= level { text.clone() } else { format!("({text})") }
    };
    match node.kind() {
        ExprKind::Var(i) => (names.get(*i).map_or_else(|| format!("v{i}"), |&name| name.into()), Level::Atom),
        ExprKind::Constant(c) => number(*c),
        ExprKind::Unary(Func::Neg, x) => match x.kind() {
            ExprKind::Constant(c) if !c.is_sign_negative() => (format!("-({})", children[0].0), Level::Negation),
            _ => (format!("-{}", at(0, Level::Negation)), Level::Negation),
        },
        ExprKind::Unary(f, _) => (format!("{}({})", f.name(), children[0].0), Level::Atom),
        ExprKind::Binary(f, _, _) => {
            let level = Level::of(*f);
            let text = match level {
                Level::Atom => format!("{}({}, {})", f.symbol(), children[0].0, children[1].0),
                Level::Power => format!("{}^{}", at(0, Level::Atom), at(1, Level::Negation)),
                Level::Comparison => format!("{} {} {}", at(0, Level::Sum), f.symbol(), at(1, Level::Sum)),
                Level::Sum => format!("{} {} {}", at(0, Level::Sum), f.symbol(), at(1, Level::Product)),
                _ => format!("{} {} {}", at(0, Level::Product), f.symbol(), at(1, Level::Negation)),
            };
            (text, level)
        }
        ExprKind::Select(..) => (format!("if({}, {}, {})", children[0].0, children[1].0, children[2].0), Level::Atom),
    }
}

fn number(value: f64) -> (String, Level) {
    if value.is_nan() {
        return ("0 / 0".into(), Level::Product);
    }
    if value.is_infinite() {
        return (if value > 0.0 { "1 / 0" } else { "-1 / 0" }.into(), Level::Product);
    }
    let text = format!("{value:?}");
    let text = text.strip_suffix(".0").unwrap_or(&text).to_owned();
    (text, if value.is_sign_negative() { Level::Negation } else { Level::Atom })
}
