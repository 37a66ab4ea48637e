//! The expression tree. Nodes are shared, carry a fingerprint, and are walked without recursion.

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops;
use std::sync::Arc;

use crate::{Binary, Func};

/// A scalar expression over numbered variables.
///
/// Cloning shares. Two expressions are equal when they have the same structure, which is decided by a
/// 128-bit fingerprint taken when a node is made, so comparing and hashing cost the same at any size.
#[derive(Clone)]
pub struct Expr(Arc<Node>);

struct Node {
    kind: ExprKind,
    fingerprint: u128,
    size: usize,
    depth: usize,
    variables: usize,
}

/// What an expression is at its root.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// The variable of that number.
    Var(usize),
    /// A constant.
    Constant(f64),
    /// A primitive of one argument.
    Unary(Func, Expr),
    /// A primitive of two arguments.
    Binary(Binary, Expr, Expr),
    /// `Select(c, a, b)` is `a` where `c` is not zero (NaN is not zero), else `b`.
    Select(Expr, Expr, Expr),
}

impl ExprKind {
    /// The operands, in order.
    pub fn children(&self) -> impl DoubleEndedIterator<Item = &Expr> {
        let (a, b, c) = match self {
            ExprKind::Var(_) | ExprKind::Constant(_) => (None, None, None),
            ExprKind::Unary(_, a) => (Some(a), None, None),
            ExprKind::Binary(_, a, b) => (Some(a), Some(b), None),
            ExprKind::Select(c, a, b) => (Some(c), Some(a), Some(b)),
        };
        [a, b, c].into_iter().flatten()
    }

    fn fingerprint(&self) -> u128 {
        let (tag, payload) = match *self {
            ExprKind::Var(i) => (1, i as u64),
            ExprKind::Constant(c) => (2, c.to_bits()),
            ExprKind::Unary(f, _) => (3, f as u64),
            ExprKind::Binary(f, _, _) => (4, f as u64),
            ExprKind::Select(..) => (5, 0),
        };
        let start = mix(tag, u128::from(payload));
        self.children().fold(start, |hash, child| mix(hash, child.0.fingerprint))
    }
}

/// One round of a multiply-and-fold hash over 128 bits.
fn mix(hash: u128, word: u128) -> u128 {
    const ODD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
    let x = (hash.rotate_left(29) ^ word).wrapping_add(ODD).wrapping_mul(ODD);
    let x = (x ^ (x >> 67)).wrapping_mul(ODD ^ (0xd6e8_feb8_6659_fd93 << 32));
    x ^ (x >> 61)
}

impl Expr {
    fn new(kind: ExprKind) -> Expr {
        let (mut size, mut depth, mut variables) = (1usize, 0, 0);
        if let ExprKind::Var(i) = kind {
            variables = i + 1;
        }
        for child in kind.children() {
            size = size.saturating_add(child.0.size);
            depth = depth.max(child.0.depth + 1);
            variables = variables.max(child.0.variables);
        }
        let fingerprint = kind.fingerprint();
        Expr(Arc::new(Node { kind, fingerprint, size, depth, variables }))
    }

    /// The variable of number `index`.
    pub fn var(index: usize) -> Expr {
        Expr::new(ExprKind::Var(index))
    }

    /// A constant.
    pub fn constant(value: f64) -> Expr {
        Expr::new(ExprKind::Constant(value))
    }

    /// `f(x)`.
    pub fn unary(f: Func, x: Expr) -> Expr {
        Expr::new(ExprKind::Unary(f, x))
    }

    /// `f(a, b)`.
    pub fn binary(f: Binary, a: Expr, b: Expr) -> Expr {
        Expr::new(ExprKind::Binary(f, a, b))
    }

    /// `a` where `condition` is not zero, else `b`.
    pub fn select(condition: Expr, a: Expr, b: Expr) -> Expr {
        Expr::new(ExprKind::Select(condition, a, b))
    }

    /// What it is at its root.
    pub fn kind(&self) -> &ExprKind {
        &self.0.kind
    }

    /// Its value when it is a constant.
    pub fn as_constant(&self) -> Option<f64> {
        match self.0.kind {
            ExprKind::Constant(c) => Some(c),
            _ => None,
        }
    }

    /// The number of nodes when written out as a tree, shared parts counted each time.
    pub fn size(&self) -> usize {
        self.0.size
    }

    /// The number of steps from the root to the farthest leaf.
    pub fn depth(&self) -> usize {
        self.0.depth
    }

    /// One more than the greatest variable number in it; 0 when it has none.
    pub fn variables(&self) -> usize {
        self.0.variables
    }

    /// True when variable `index` occurs in it.
    pub fn uses(&self, index: usize) -> bool {
        index < self.0.variables
            && self.fold(|node, children: &[bool]| {
                matches!(node.kind(), ExprKind::Var(i) if *i == index) || children.contains(&true)
            })
    }

    /// Replaces variable i by `values[i]`; variables beyond the slice stay.
    pub fn substitute(&self, values: &[Expr]) -> Expr {
        self.fold(|node, children: &[Expr]| match node.kind() {
            ExprKind::Var(i) => values.get(*i).unwrap_or(node).clone(),
            _ => node.with_children(children),
        })
    }

    /// Replaces every occurrence of `from` by `to`.
    pub fn replace(&self, from: &Expr, to: &Expr) -> Expr {
        self.fold(|node, children: &[Expr]| if node == from { to.clone() } else { node.with_children(children) })
    }

    /// What is multiplied in it, and what it is divided by; a sign is a factor of -1. An expression of more than a thousand
    /// nodes is one factor.
    pub fn factors(&self) -> (Vec<Expr>, Vec<Expr>) {
        const LARGE: usize = 1000;
        let (mut over, mut under) = (Vec::new(), Vec::new());
        let mut stack = vec![(self.clone(), false)];
        while let Some((expr, divides)) = stack.pop() {
            match expr.kind() {
                _ if self.size() > LARGE => over.push(expr),
                ExprKind::Binary(Binary::Mul, a, b) => stack.extend([(b.clone(), divides), (a.clone(), divides)]),
                ExprKind::Binary(Binary::Div, a, b) => stack.extend([(b.clone(), !divides), (a.clone(), divides)]),
                ExprKind::Unary(Func::Recip, x) => stack.push((x.clone(), !divides)),
                ExprKind::Unary(Func::Neg, x) => stack.extend([(x.clone(), divides), (Expr::constant(-1.0), false)]),
                _ if divides => under.push(expr),
                _ => over.push(expr),
            }
        }
        (over, under)
    }

    /// The same root over other children; itself when they are the ones it has.
    #[must_use]
    pub fn with_children(&self, children: &[Expr]) -> Expr {
        if self.kind().children().eq(children) {
            return self.clone();
        }
        match (self.kind(), children) {
            (ExprKind::Unary(f, _), [a]) => Expr::unary(*f, a.clone()),
            (ExprKind::Binary(f, _, _), [a, b]) => Expr::binary(*f, a.clone(), b.clone()),
            (ExprKind::Select(..), [c, a, b]) => Expr::select(c.clone(), a.clone(), b.clone()),
            _ => self.clone(),
        }
    }

    /// Computes `f(node, results of its children)` from the leaves up, once for every distinct node, on a
    /// stack of its own: depth and sharing cost nothing.
    pub(crate) fn fold<R: Clone>(&self, mut f: impl FnMut(&Expr, &[R]) -> R) -> R {
        let mut done: HashMap<u128, R> = HashMap::new();
        let mut stack = vec![(self, false)];
        let mut results = Vec::new();
        while let Some((node, expanded)) = stack.pop() {
            if done.contains_key(&node.0.fingerprint) {
                continue;
            }
            if !expanded {
                stack.push((node, true));
                stack.extend(node.kind().children().rev().map(|child| (child, false)));
                continue;
            }
            results.clear();
            results.extend(node.kind().children().map(|child| done[&child.0.fingerprint].clone()));
            let result = f(node, &results);
            done.insert(node.0.fingerprint, result);
        }
        done[&self.0.fingerprint].clone()
    }
}

impl Drop for Node {
    /// Frees a deep tree in a loop, where the derived drop would recurse once a level.
    fn drop(&mut self) {
        let mut orphans = Vec::new();
        detach(&mut self.kind, &mut orphans);
        while let Some(Expr(node)) = orphans.pop() {
            if let Some(mut node) = Arc::into_inner(node) {
                detach(&mut node.kind, &mut orphans);
            }
        }
    }
}

/// Moves the children that have children of their own out of `kind`.
fn detach(kind: &mut ExprKind, orphans: &mut Vec<Expr>) {
    if kind.children().any(|child| child.depth() > 0) {
        match std::mem::replace(kind, ExprKind::Var(0)) {
            ExprKind::Var(_) | ExprKind::Constant(_) => {}
            ExprKind::Unary(_, a) => orphans.push(a),
            ExprKind::Binary(_, a, b) => orphans.extend([a, b]),
            ExprKind::Select(c, a, b) => orphans.extend([c, a, b]),
        }
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Expr) -> bool {
        self.0.fingerprint == other.0.fingerprint
    }
}

impl Eq for Expr {}

impl Hash for Expr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.fingerprint.hash(state);
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(&[]))
    }
}

impl ops::Neg for Expr {
    type Output = Expr;
    fn neg(self) -> Expr {
        Expr::unary(Func::Neg, self)
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl ops::$trait for Expr {
            type Output = Expr;
            fn $method(self, other: Expr) -> Expr {
                Expr::binary(Binary::$trait, self, other)
            }
        }
    };
}
operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

impl From<f64> for Expr {
    fn from(value: f64) -> Expr {
        Expr::constant(value)
    }
}
