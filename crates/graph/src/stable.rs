//! Stable forms: what is built from exponentials, their sums and logarithms is computed without leaving the numbers.
//!
//! A logarithm is taken of the exponents instead of what they make: `log(sum(exp(x)))`, `log(exp(x) / sum(exp(x)))` and
//! `log(1 / (1 + exp(-x)))` never form an exponential that overflows, nor does their gradient. What is positive because
//! it is made of exponentials has such exponents; everything else is left alone.
//!
//! A choice and a function that levels off become one expression with what they are taken of, so that no slope of 0 meets
//! an infinite one: the derivative of `if(x > 0, x, exp(x) - 1)` is `if(x > 0, 1, exp(x))`.

mod positive;
mod quotients;
mod steep;

use std::sync::Arc;

use graphrun_expr::{Binary, Expr, ExprKind, Func};

use crate::graph::{Builder, NodeId};
use crate::op::{Form, Leaf, Op, Reduce};
use crate::ty::TypeError;

/// The largest expression that is looked at as a whole.
const MAX_SIZE: usize = 48;
/// The most nodes among which exponentials or steep slopes are looked for.
const MAX_NODES: usize = 24;

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
    // The operands give the shape, be they of use in the stable form or not.
    let plain = b.node_arc(op.clone(), inputs)?;
    let Form::Pointwise(expr) = op.form() else { return Ok(plain) };
    let shape = b.ty(plain).shape.clone();
    let mut search = Search { b, opaque };
    let form = match search.quotients(&expr, inputs)? {
        Some(form) => form,
        None => match search.joined(&expr, inputs, &shape) {
            Some(form) => form,
            None => return Ok(plain),
        },
    };
    let simple = b.pointwise(&form.expr, &form.leaves)?;
    b.broadcast(simple, &shape)
}

/// Whether an expression over `inputs` is neither huge nor tiny whatever they are: made of constants and of sums of
/// exponentials whose largest term has been brought to 1.
pub fn moderate(b: &mut Builder, expr: &Expr, inputs: &[NodeId]) -> bool {
    Search { b, opaque: &|_| false }.moderate(expr, inputs)
}

/// Whether a part of an expression is as `wanted`; no, where it is large.
fn any(expr: &Expr, wanted: &dyn Fn(&Expr) -> bool) -> bool {
    expr.size() <= MAX_SIZE && (wanted(expr) || expr.kind().children().any(|child| any(child, wanted)))
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
    /// An expression with those of its operands in it, and of theirs, that are `wanted`.
    fn join(&self, expr: Expr, leaves: Vec<NodeId>, wanted: &dyn Fn(usize, NodeId, &Expr) -> bool) -> Whole {
        let mut whole = Whole { expr, leaves };
        let mut k = 0;
        while k < whole.leaves.len() {
            let id = whole.leaves[k];
            let inner = match self.b.graph().node(id).op.form() {
                Form::Pointwise(inner) if !(self.opaque)(id) && wanted(k, id, &inner) => inner,
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
        whole
    }

    /// A node as far as it is made of exponentials.
    fn whole_of(&self, id: NodeId) -> Whole {
        simplified(self.join(Expr::var(0), vec![id], &|_, id, inner| self.is_made_of_exponentials(id, inner)))
    }

    /// Whether a node of an expression is arithmetic with exponentials in it, or of a single operand, as the exponents in
    /// `exp(x) + exp(-x)` are: what other arithmetic gives is computed once and is a leaf.
    fn is_made_of_exponentials(&self, id: NodeId, inner: &Expr) -> bool {
        let graph = self.b.graph();
        let constant = |input: &&NodeId| matches!(graph.node(**input).op.form(), Form::Leaf(Leaf::Constant(_)));
        let operands = graph.node(id).inputs.iter().filter(|input| !constant(input)).count();
        arithmetic(inner) && (operands <= 1 || self.has_exponential(id, &mut MAX_NODES.clone()))
    }

    /// Whether there is an exponential in what a node adds up or computes; yes, behind `budget` nodes.
    fn has_exponential(&self, id: NodeId, budget: &mut usize) -> bool {
        let node = self.b.graph().node(id);
        let below = match node.op.form() {
            _ if (self.opaque)(id) => return false,
            Form::Pointwise(inner) if arithmetic(&inner) => {
                if any(&inner, &|part| matches!(part.kind(), ExprKind::Unary(Func::Exp | Func::Sigmoid, _))) {
                    return true;
                }
                &node.inputs[..]
            }
            Form::Reduce { with: Reduce::Sum, .. } => &node.inputs[..],
            _ if node.op.moves() => &node.inputs[..1],
            _ => return false,
        };
        if *budget == 0 {
            return true;
        }
        *budget -= 1;
        below.iter().any(|&input| self.has_exponential(input, budget))
    }
}

/// The expression simplified over leaves that differ.
fn simplified(mut whole: Whole) -> Whole {
    let first = |id: &NodeId| whole.leaves.iter().position(|leaf| leaf == id).map_or(Expr::var(0), Expr::var);
    let one_each: Vec<Expr> = whole.leaves.iter().map(first).collect();
    whole.expr = whole.expr.substitute(&one_each).simplify();
    whole
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
        ExprKind::Select(..) => false,
    };
    own && expr.kind().children().all(arithmetic)
}
