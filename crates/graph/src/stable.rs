//! Stable forms: what is built from exponentials, their sums and logarithms is computed without leaving the numbers.
//!
//! A logarithm is taken of the exponents instead of what they make: `log(sum(exp(x)))`, `log(exp(x) / sum(exp(x)))` and
//! `log(1 / (1 + exp(-x)))` never form an exponential that overflows, nor does their gradient. What is positive because
//! it is made of exponentials has such a logarithm; everything else is left alone.

use std::sync::Arc;

use graphrun_expr::{Binary, Expr, ExprKind, Func};

use crate::core::Shift;
use crate::graph::{Builder, NodeId};
use crate::op::{Form, Leaf, Op, Reduce};
use crate::ty::TypeError;

/// The largest expression that is looked at as a whole.
const MAX_SIZE: usize = 48;

/// A node of `op` over `inputs` in its stable form, where it has one. Nodes for which `opaque` holds are not seen through.
///
/// # Errors
/// As [`Builder::node_arc`].
pub fn stable(
    b: &mut Builder,
    op: &Arc<dyn Op>,
    inputs: &[NodeId],
    opaque: &dyn Fn(NodeId) -> bool,
) -> Result<NodeId, TypeError> {
    let Form::Pointwise(expr) = op.form() else { return b.node_arc(op.clone(), inputs) };
    if !wants(b, &expr, inputs, opaque) {
        return b.node_arc(op.clone(), inputs);
    }
    let mut search = Search { b, opaque };
    let (mut whole, before) = search.whole(expr, inputs.to_vec());
    let form = search.form(&whole.expr.clone(), &mut whole.leaves)?.simplify();
    if risk(&form) >= before {
        return b.node_arc(op.clone(), inputs);
    }
    // The operands give the shape, be they of use in the stable form or not.
    let plain = b.node_arc(op.clone(), inputs)?;
    let shape = b.ty(plain).shape.clone();
    let simple = b.pointwise(&form, &whole.leaves)?;
    b.broadcast(simple, &shape)
}

/// Whether an expression is one that exponentials may bring out of the numbers: a logarithm or a division, or a product
/// with one.
fn wants(b: &Builder, expr: &Expr, inputs: &[NodeId], opaque: &dyn Fn(NodeId) -> bool) -> bool {
    let divided = |id: &NodeId| match b.graph().node(*id).op.form() {
        Form::Pointwise(expr) if !opaque(*id) => any(&expr, &|e| matches!(e.kind(), ExprKind::Unary(Func::Recip, _))),
        _ => false,
    };
    any(expr, &singular)
        || (any(expr, &|e| matches!(e.kind(), ExprKind::Binary(Binary::Mul, ..))) && inputs.iter().any(divided))
}

/// Whether an operation leaves the numbers somewhere.
fn singular(expr: &Expr) -> bool {
    matches!(
        expr.kind(),
        ExprKind::Unary(Func::Log | Func::Log1p | Func::Recip, _) | ExprKind::Binary(Binary::Div | Binary::Pow, ..)
    )
}

/// Whether an expression adds to an exponential, which may overflow.
fn adds(expr: &Expr) -> bool {
    let exponential = |e: &Expr| matches!(e.kind(), ExprKind::Unary(Func::Exp, _));
    matches!(expr.kind(), ExprKind::Binary(Binary::Add, ..)) && any(expr, &exponential)
}

/// Whether a part of an expression is as `wanted`; no, where it is large.
fn any(expr: &Expr, wanted: &dyn Fn(&Expr) -> bool) -> bool {
    expr.size() <= MAX_SIZE && (wanted(expr) || expr.kind().children().any(|child| any(child, wanted)))
}

/// How many parts of an expression leave the numbers somewhere, or get there by overflowing.
fn risk(expr: &Expr) -> usize {
    let own = singular(expr) || matches!(expr.kind(), ExprKind::Unary(Func::Exp, _));
    usize::from(own) + expr.kind().children().map(risk).sum::<usize>()
}

/// An expression over nodes: variable `k` is `leaves[k]`.
struct Whole {
    expr: Expr,
    leaves: Vec<NodeId>,
}

struct Search<'b, 'o> {
    b: &'b mut Builder,
    opaque: &'o dyn Fn(NodeId) -> bool,
}

impl Search<'_, '_> {
    /// An expression with those of its operands in it, and of theirs, as far as they are arithmetic and exponentials;
    /// simplified, with the risk that it had before.
    fn whole(&self, expr: Expr, leaves: Vec<NodeId>) -> (Whole, usize) {
        let mut whole = Whole { expr, leaves };
        let mut k = 0;
        while k < whole.leaves.len() {
            let id = whole.leaves[k];
            let inner = match self.b.graph().node(id).op.form() {
                Form::Pointwise(inner) if !(self.opaque)(id) && arithmetic(&inner) => inner,
                Form::Leaf(Leaf::Constant(value)) => Expr::constant(value),
                _ => {
                    k += 1;
                    continue;
                }
            };
            let first = whole.leaves.len();
            let own: Vec<Expr> = (first..first + inner.variables()).map(Expr::var).collect();
            let mut values: Vec<Expr> = (0..first).map(Expr::var).collect();
            values[k] = inner.substitute(&own);
            let joined = whole.expr.substitute(&values);
            if joined.size() <= MAX_SIZE {
                whole.expr = joined;
                whole.leaves.extend(&self.b.graph().node(id).inputs);
            }
            k += 1;
        }
        let before = risk(&whole.expr);
        let first = |id: &NodeId| whole.leaves.iter().position(|leaf| leaf == id).map_or(Expr::var(0), Expr::var);
        let one_each: Vec<Expr> = whole.leaves.iter().map(first).collect();
        whole.expr = whole.expr.substitute(&one_each).simplify();
        (whole, before)
    }

    fn whole_of(&self, id: NodeId) -> Whole {
        self.whole(Expr::var(0), vec![id]).0
    }

    /// The expression with its logarithms and quotients taken of exponents, where it has such.
    fn form(&mut self, expr: &Expr, leaves: &mut Vec<NodeId>) -> Result<Expr, TypeError> {
        let own = match expr.kind() {
            ExprKind::Unary(Func::Log, x) if !self.plain(x, leaves) => self.log(x, leaves)?,
            ExprKind::Unary(Func::Log1p, x) => self.log(x, leaves)?.map(|log| Expr::unary(Func::Softplus, log)),
            ExprKind::Unary(Func::Recip, _) | ExprKind::Binary(Binary::Mul | Binary::Div, ..) => {
                self.quotient(expr, leaves)?
            }
            _ => None,
        };
        if let Some(own) = own {
            return Ok(own);
        }
        let children = expr.kind().children().map(|child| self.form(child, leaves)).collect::<Result<Vec<_>, _>>()?;
        Ok(expr.with_children(&children))
    }

    /// A product that divides by a sum of exponentials: those of its factors that have a logarithm as one exponential.
    fn quotient(&mut self, expr: &Expr, leaves: &mut Vec<NodeId>) -> Result<Option<Expr>, TypeError> {
        let (mut over, mut under) = (Vec::new(), Vec::new());
        factors(expr, &mut over, &mut under);
        if !under.iter().any(|factor| any(factor, &|e| adds(e) || self.sums(e, leaves))) {
            return Ok(None);
        }
        let (mut rest, mut exponent) = (None, None);
        let times = |a: Option<Expr>, b: Expr| Some(a.map_or(b.clone(), |a| a * b));
        let plus = |a: Option<Expr>, b: Expr| Some(a.map_or(b.clone(), |a| a + b));
        for (factor, divides) in over.into_iter().map(|f| (f, false)).chain(under.into_iter().map(|f| (f, true))) {
            exponent = match (self.log(&factor, leaves)?, divides) {
                (Some(log), false) => plus(exponent, log),
                (Some(log), true) => plus(exponent, -log),
                (None, false) => {
                    rest = times(rest, factor);
                    exponent
                }
                (None, true) => {
                    rest = times(rest, Expr::unary(Func::Recip, factor));
                    exponent
                }
            };
        }
        let power = exponent.map(|exponent| Expr::unary(Func::Exp, exponent));
        Ok(power.map(|power| rest.map_or(power.clone(), |rest| rest * power)))
    }

    /// Whether an expression is a sum of exponentials that may overflow.
    fn sums(&self, expr: &Expr, leaves: &[NodeId]) -> bool {
        self.terms(expr, leaves).is_some_and(|terms| {
            any(&terms.expr, &|e| matches!(e.kind(), ExprKind::Unary(Func::Exp, _))) && !self.shifted(&terms.leaves)
        })
    }

    /// Whether the logarithm of an expression is best taken as it stands.
    fn plain(&self, expr: &Expr, leaves: &[NodeId]) -> bool {
        let ExprKind::Var(k) = expr.kind() else { return false };
        matches!(self.b.graph().node(leaves[*k]).op.form(), Form::Leaf(_))
            || self.terms(expr, leaves).is_some_and(|terms| self.shifted(&terms.leaves))
    }

    /// What an expression that is a sum over axes adds up.
    fn terms(&self, expr: &Expr, leaves: &[NodeId]) -> Option<Whole> {
        let ExprKind::Var(k) = expr.kind() else { return None };
        let graph = self.b.graph();
        let mut id = leaves[*k];
        while matches!(graph.node(id).op.form(), Form::Reshape | Form::Broadcast) && !(self.opaque)(id) {
            id = graph.node(id).inputs[0];
        }
        let sum = matches!(graph.node(id).op.form(), Form::Reduce { with: Reduce::Sum, .. }) && !(self.opaque)(id);
        sum.then(|| self.whole_of(graph.node(id).inputs[0]))
    }

    /// Whether exponents have been brought below 0 already.
    fn shifted(&self, leaves: &[NodeId]) -> bool {
        leaves.iter().any(|&leaf| self.b.graph().node(leaf).op.name() == Shift::NAME)
    }

    /// The logarithm of an expression that is positive because of what it is made of, over the same leaves and new ones.
    fn log(&mut self, expr: &Expr, leaves: &mut Vec<NodeId>) -> Result<Option<Expr>, TypeError> {
        let scaled = |log: Option<Expr>, factor: f64| log.map(|log| Expr::constant(factor) * log);
        Ok(match expr.kind() {
            ExprKind::Constant(c) => (*c > 0.0).then(|| Expr::constant(c.ln())),
            ExprKind::Var(k) => match self.log_of_leaf(leaves[*k])? {
                Some(log) => {
                    leaves.push(log);
                    Some(Expr::var(leaves.len() - 1))
                }
                None => None,
            },
            ExprKind::Unary(f, x) => match f {
                Func::Exp => Some(x.clone()),
                Func::Sigmoid => Some(-Expr::unary(Func::Softplus, -x.clone())),
                Func::Recip => scaled(self.log(x, leaves)?, -1.0),
                Func::Sqrt => scaled(self.log(x, leaves)?, 0.5),
                Func::Rsqrt => scaled(self.log(x, leaves)?, -0.5),
                Func::Square => scaled(self.log(x, leaves)?, 2.0),
                Func::Cube => scaled(self.log(x, leaves)?, 3.0),
                _ => None,
            },
            ExprKind::Binary(Binary::Pow, x, y) => self.log(x, leaves)?.map(|log| y.clone() * log),
            ExprKind::Binary(f @ (Binary::Add | Binary::Mul | Binary::Div), x, y) => {
                let (Some(x), Some(y)) = (self.log(x, leaves)?, self.log(y, leaves)?) else { return Ok(None) };
                Some(match f {
                    Binary::Mul => x + y,
                    Binary::Div => x - y,
                    _ => x.clone() + Expr::unary(Func::Softplus, y - x),
                })
            }
            _ => None,
        })
    }

    /// A node that holds the logarithm of a node that is no expression.
    fn log_of_leaf(&mut self, id: NodeId) -> Result<Option<NodeId>, TypeError> {
        if (self.opaque)(id) {
            return Ok(None);
        }
        let node = self.b.graph().node(id).clone();
        match node.op.form() {
            Form::Leaf(Leaf::Count(_)) => Ok(Some(self.b.pointwise(&Expr::unary(Func::Log, Expr::var(0)), &[id])?)),
            Form::Reduce { with: Reduce::Sum, axes, keep } => {
                let terms = self.whole_of(node.inputs[0]);
                if self.shifted(&terms.leaves) {
                    return Ok(Some(self.b.pointwise(&Expr::unary(Func::Log, Expr::var(0)), &[id])?));
                }
                let Some(exponents) = self.log_of(node.inputs[0])? else { return Ok(None) };
                Ok(Some(self.b.log_sum_exp(exponents, &axes, keep)?))
            }
            _ if node.op.moves() => {
                let Some(log) = self.log_of(node.inputs[0])? else { return Ok(None) };
                let inputs: Vec<NodeId> = std::iter::once(log).chain(node.inputs[1..].iter().copied()).collect();
                Ok(Some(self.b.node_arc(node.op.clone(), &inputs)?))
            }
            _ => Ok(None),
        }
    }

    /// A node that holds the logarithm of any node, of its shape.
    fn log_of(&mut self, id: NodeId) -> Result<Option<NodeId>, TypeError> {
        let mut whole = self.whole_of(id);
        let Some(log) = self.log(&whole.expr.clone(), &mut whole.leaves)? else { return Ok(None) };
        let log = self.b.pointwise(&log.simplify(), &whole.leaves)?;
        let shape = self.b.ty(id).shape.clone();
        Ok(Some(self.b.broadcast(log, &shape)?))
    }
}

/// Whether an expression is arithmetic and exponentials alone: what a logarithm can be taken of piece by piece.
fn arithmetic(expr: &Expr) -> bool {
    let own = match expr.kind() {
        ExprKind::Var(_) | ExprKind::Constant(_) => true,
        ExprKind::Unary(f, _) => matches!(
            f,
            Func::Exp | Func::Neg | Func::Recip | Func::Sigmoid | Func::Square | Func::Cube | Func::Sqrt | Func::Rsqrt
        ),
        ExprKind::Binary(f, ..) => {
            matches!(f, Binary::Add | Binary::Sub | Binary::Mul | Binary::Div | Binary::Pow)
        }
        // The shift of exponents is 0 where it is infinite.
        ExprKind::Select(..) => true,
    };
    own && expr.kind().children().all(|child| arithmetic(child) || matches!(expr.kind(), ExprKind::Select(..)))
}

/// The factors of a product, and those that it is divided by.
fn factors(expr: &Expr, over: &mut Vec<Expr>, under: &mut Vec<Expr>) {
    match expr.kind() {
        ExprKind::Binary(Binary::Mul, a, b) => {
            factors(a, over, under);
            factors(b, over, under);
        }
        ExprKind::Binary(Binary::Div, a, b) => {
            factors(a, over, under);
            factors(b, under, over);
        }
        ExprKind::Unary(Func::Recip, x) => factors(x, under, over),
        _ => over.push(expr.clone()),
    }
}
