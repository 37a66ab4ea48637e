//! The plain reference: one value in f64, by the standard library.

use std::cmp::Ordering;

use crate::{Binary, Expr, ExprKind, Func};

impl Expr {
    /// Its value where variable i is `values[i]`. A variable beyond the slice is NaN.
    pub fn eval(&self, values: &[f64]) -> f64 {
        self.fold(|node, children: &[f64]| at(node, children, values))
    }

    /// Which way each kink in it falls at `values`: comparisons, `if`, `max`, `min`, `abs`, `sign` and the
    /// roundings, once for every distinct node, leaves first. Points with equal branches lie on one smooth piece.
    pub fn branches(&self, values: &[f64]) -> Vec<i8> {
        let mut branches = Vec::new();
        self.fold(|node, children: &[f64]| {
            let value = at(node, children, values);
            branches.extend(branch(node, children, value));
            value
        });
        branches
    }
}

fn at(node: &Expr, children: &[f64], values: &[f64]) -> f64 {
    match (node.kind(), children) {
        (ExprKind::Var(i), _) => values.get(*i).copied().unwrap_or(f64::NAN),
        (ExprKind::Constant(c), _) => *c,
        (ExprKind::Unary(f, _), &[a]) => f.eval(a),
        (ExprKind::Binary(f, _, _), &[a, b]) => f.eval(a, b),
        (ExprKind::Select(..), &[c, a, b]) => {
            if c != 0.0 {
                a
            } else {
                b
            }
        }
        _ => f64::NAN,
    }
}

/// The outcome at a node that has a kink or a jump; 2 stands for NaN.
fn branch(node: &Expr, children: &[f64], value: f64) -> Option<i8> {
    let order = |a: f64, b: f64| {
        a.partial_cmp(&b).map_or(2, |order| match order {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        })
    };
    match (node.kind(), children) {
        (ExprKind::Unary(Func::Abs | Func::Sign, _), &[a]) => Some(order(a, 0.0)),
        // The low byte of the integer tells neighbouring steps apart.
        (ExprKind::Unary(Func::Floor | Func::Ceil | Func::Round, _), _) => Some(value as i64 as i8),
        (ExprKind::Binary(f, _, _), &[a, b]) if f.compares() || matches!(f, Binary::Max | Binary::Min) => {
            Some(order(a, b))
        }
        (ExprKind::Select(..), &[c, ..]) => Some(i8::from(c != 0.0)),
        _ => None,
    }
}
