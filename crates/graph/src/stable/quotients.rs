//! Logarithms and quotients of what is made of exponentials, taken of the exponents.

use graphrun_expr::{Binary, Expr, ExprKind, Func};

use super::positive::{Positive, lowered};
use super::{MAX_NODES, Search, Whole, any, simplified};
use crate::core::Shift;
use crate::graph::NodeId;
use crate::op::{Form, Leaf, Reduce};
use crate::ty::TypeError;

/// The exponent and the factor of a positive node, as nodes: 0 and 1 where there is none.
struct Parts {
    exponent: Option<NodeId>,
    factor: Option<NodeId>,
}

impl Search<'_, '_> {
    /// An expression with the logarithms and quotients in it taken of exponents, where that takes it away from where it
    /// leaves the numbers.
    pub(super) fn quotients(&mut self, expr: &Expr, inputs: &[NodeId]) -> Result<Option<Whole>, TypeError> {
        if !self.divides(expr, inputs) {
            return Ok(None);
        }
        let joined = self.join(expr.clone(), inputs.to_vec(), &|_, id, inner| self.is_made_of_exponentials(id, inner));
        let before = self.risk(&joined.expr, &joined.leaves);
        let mut whole = simplified(joined);
        whole.expr = self.form(&whole.expr.clone(), &mut whole.leaves)?.simplify();
        Ok((self.risk(&whole.expr, &whole.leaves) < before).then_some(whole))
    }

    /// Whether an expression is one that exponentials may bring out of the numbers: a logarithm or a division, or a
    /// product with one.
    fn divides(&self, expr: &Expr, inputs: &[NodeId]) -> bool {
        let divided = |id: &NodeId| match self.b.graph().node(*id).op.form() {
            Form::Pointwise(expr) if !(self.opaque)(*id) => {
                any(&expr, &|e| matches!(e.kind(), ExprKind::Unary(Func::Recip, _) | ExprKind::Binary(Binary::Div, ..)))
            }
            _ => false,
        };
        any(expr, &singular)
            || (any(expr, &|e| matches!(e.kind(), ExprKind::Binary(Binary::Mul, ..))) && inputs.iter().any(divided))
    }

    /// How many parts of an expression leave the numbers somewhere, or get there by overflowing.
    fn risk(&self, expr: &Expr, leaves: &[NodeId]) -> usize {
        let own = match expr.kind() {
            ExprKind::Unary(Func::Log | Func::Log1p | Func::Recip, x) | ExprKind::Binary(Binary::Div, _, x) => {
                !self.moderate(x, leaves)
            }
            ExprKind::Unary(Func::Exp, _) => !self.is_lowered(expr, leaves),
            _ => singular(expr),
        };
        usize::from(own) + expr.kind().children().map(|child| self.risk(child, leaves)).sum::<usize>()
    }

    /// The expression with its logarithms and quotients taken of exponents, where it has such.
    fn form(&mut self, expr: &Expr, leaves: &mut Vec<NodeId>) -> Result<Expr, TypeError> {
        let own = match expr.kind() {
            ExprKind::Unary(f @ (Func::Log | Func::Log1p), x) => {
                let log = self.positive(x, leaves)?.filter(|x| !x.is_plain()).map(|x| x.log());
                log.map(|log| if *f == Func::Log { log } else { Expr::unary(Func::Softplus, log) })
            }
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

    /// A product that divides by a sum of exponentials: those of its factors that are positive as one.
    fn quotient(&mut self, expr: &Expr, leaves: &mut Vec<NodeId>) -> Result<Option<Expr>, TypeError> {
        let (over, under) = expr.factors();
        if !under.iter().any(|factor| any(factor, &|e| self.overflows(e, leaves))) {
            return Ok(None);
        }
        let (mut rest, mut positive): (Option<Expr>, Option<Positive>) = (None, None);
        for (factor, divides) in over.into_iter().map(|f| (f, false)).chain(under.into_iter().map(|f| (f, true))) {
            let size = if factor.as_constant().is_some() { None } else { self.positive(&factor, leaves)? };
            match size {
                Some(size) => {
                    let size = if divides { size.inverse() } else { size };
                    positive = Some(match positive {
                        Some(product) => product.times(size),
                        None => size,
                    });
                }
                None => {
                    let factor = if divides { Expr::unary(Func::Recip, factor) } else { factor };
                    rest = Some(rest.map_or(factor.clone(), |rest| rest * factor));
                }
            }
        }
        let power = positive.map(Positive::value);
        Ok(power.map(|power| rest.map_or(power.clone(), |rest| rest * power)))
    }

    /// Whether an expression is a sum of exponentials that may overflow: over axes, or of terms.
    fn overflows(&self, expr: &Expr, leaves: &[NodeId]) -> bool {
        let exponential = |e: &Expr| matches!(e.kind(), ExprKind::Unary(Func::Exp, _));
        let adds = matches!(expr.kind(), ExprKind::Binary(Binary::Add, ..));
        let sums = self.terms(expr, leaves).is_some_and(|terms| any(&terms.expr, &exponential));
        (sums || adds && any(expr, &exponential)) && !self.moderate(expr, leaves)
    }

    /// What an expression that is a sum over axes adds up, wherever its elements are moved.
    fn terms(&self, expr: &Expr, leaves: &[NodeId]) -> Option<Whole> {
        let ExprKind::Var(k) = expr.kind() else { return None };
        let node = self.b.graph().node(self.source(leaves[*k])?);
        let sum = matches!(node.op.form(), Form::Reduce { with: Reduce::Sum, .. });
        sum.then(|| self.whole_of(node.inputs[0]))
    }

    /// Where the elements of a node are from; none, where that is not seen through.
    fn source(&self, mut id: NodeId) -> Option<NodeId> {
        while self.b.graph().node(id).op.moves() && !(self.opaque)(id) {
            id = self.b.graph().node(id).inputs[0];
        }
        Some(id).filter(|&id| !(self.opaque)(id))
    }

    /// Whether an expression is neither huge nor tiny: a sum of exponentials of which the largest has been brought to 1,
    /// or a product or quotient of such and of constants.
    pub(super) fn moderate(&self, expr: &Expr, leaves: &[NodeId]) -> bool {
        if let Some(terms) = self.terms(expr, leaves) {
            return self.is_within(&terms.expr, &terms.leaves);
        }
        match expr.kind() {
            ExprKind::Constant(c) => *c > 0.0,
            ExprKind::Unary(Func::Recip, x) => self.moderate(x, leaves),
            ExprKind::Binary(Binary::Mul | Binary::Div, a, b) => self.moderate(a, leaves) && self.moderate(b, leaves),
            ExprKind::Binary(Binary::Add, a, b) => self.is_within(a, leaves) && self.is_within(b, leaves),
            ExprKind::Var(k) => self.source(leaves[*k]).is_some_and(|id| {
                let whole = self.whole_of(id);
                !matches!(whole.expr.kind(), ExprKind::Var(_)) && self.moderate(&whole.expr, &whole.leaves)
            }),
            _ => false,
        }
    }

    /// Whether an expression is positive, and made of exponentials that have been brought to 1 at most.
    fn is_within(&self, expr: &Expr, leaves: &[NodeId]) -> bool {
        match expr.kind() {
            ExprKind::Unary(Func::Exp, _) => self.is_lowered(expr, leaves),
            ExprKind::Binary(Binary::Add | Binary::Mul, a, b) => self.is_within(a, leaves) && self.is_within(b, leaves),
            ExprKind::Binary(Binary::Div, a, b) => self.is_within(a, leaves) && self.moderate(b, leaves),
            _ => self.moderate(expr, leaves),
        }
    }

    /// Whether an expression is the exponential of an exponent less the largest of several.
    fn is_lowered(&self, expr: &Expr, leaves: &[NodeId]) -> bool {
        let ExprKind::Unary(Func::Exp, exponent) = expr.kind() else { return false };
        lowered(expr) || self.is_below(exponent, leaves)
    }

    /// Whether an exponent is one less the largest of several, here or in the node that it is.
    fn is_below(&self, exponent: &Expr, leaves: &[NodeId]) -> bool {
        let (mut exponent, mut leaves) = (exponent.clone(), leaves);
        for _ in 0..MAX_NODES {
            exponent = match exponent.kind() {
                ExprKind::Var(k) if !(self.opaque)(leaves[*k]) => {
                    let node = self.b.graph().node(leaves[*k]);
                    let Form::Pointwise(inner) = node.op.form() else { return false };
                    leaves = &node.inputs;
                    inner
                }
                ExprKind::Binary(Binary::Sub, x, less) if self.shifts(less, leaves) => {
                    return !any(x, &|part| self.shifts(part, leaves));
                }
                ExprKind::Binary(Binary::Sub, x, _) => x.clone(),
                _ => return false,
            };
        }
        false
    }

    /// Whether an expression is what exponents are taken less of.
    fn shifts(&self, expr: &Expr, leaves: &[NodeId]) -> bool {
        let ExprKind::Var(k) = expr.kind() else { return false };
        let Some(id) = self.source(leaves[*k]) else { return false };
        let node = self.b.graph().node(id);
        // The shift of exponents is a choice, since it is 0 where it is infinite.
        let chosen = matches!(node.op.form(), Form::Pointwise(_)) && node.inputs.len() == 1;
        let shift = if chosen { node.inputs[0] } else { id };
        self.b.graph().node(shift).op.name() == Shift::NAME
    }

    /// An expression that is positive because of what it is made of, over the same leaves and new ones.
    fn positive(&mut self, expr: &Expr, leaves: &mut Vec<NodeId>) -> Result<Option<Positive>, TypeError> {
        if self.moderate(expr, leaves) {
            return Ok(Some(Positive::plain(expr.clone())));
        }
        Ok(match expr.kind() {
            ExprKind::Var(k) => self.positive_leaf(leaves[*k])?.map(|parts| {
                let mut variable = |id| {
                    leaves.push(id);
                    Expr::var(leaves.len() - 1)
                };
                let exponent = parts.exponent.map_or(Expr::constant(0.0), &mut variable);
                Positive { exponent, factor: parts.factor.map(variable) }
            }),
            ExprKind::Unary(f, x) => match f {
                Func::Exp => Some(Positive::power(x.clone())),
                Func::Sigmoid => Some(Positive::power(-Expr::unary(Func::Softplus, -x.clone()))),
                Func::Recip => self.positive(x, leaves)?.map(Positive::inverse),
                _ => match exponent(*f) {
                    Some(power) => self.positive(x, leaves)?.map(|x| x.to(Expr::constant(power))),
                    None => None,
                },
            },
            ExprKind::Binary(Binary::Pow, x, y) => self.positive(x, leaves)?.map(|x| x.to(y.clone())),
            ExprKind::Binary(f @ (Binary::Add | Binary::Mul | Binary::Div), x, y) => {
                let (Some(x), Some(y)) = (self.positive(x, leaves)?, self.positive(y, leaves)?) else {
                    return Ok(None);
                };
                Some(match f {
                    Binary::Mul => x.times(y),
                    Binary::Div => x.times(y.inverse()),
                    _ => x.plus(y),
                })
            }
            _ => None,
        })
    }

    /// The parts of a node that is no expression.
    fn positive_leaf(&mut self, id: NodeId) -> Result<Option<Parts>, TypeError> {
        if (self.opaque)(id) {
            return Ok(None);
        }
        let node = self.b.graph().node(id).clone();
        match node.op.form() {
            Form::Leaf(Leaf::Count(_)) => Ok(Some(Parts { exponent: None, factor: Some(id) })),
            Form::Reduce { with: Reduce::Sum, axes, keep } => {
                let Some(terms) = self.parts(node.inputs[0])? else { return Ok(None) };
                let Some(exponents) = terms.exponent else {
                    return Ok(Some(Parts { exponent: None, factor: Some(id) }));
                };
                let (shift, total) = self.b.sum_exp(exponents, terms.factor, &axes, keep)?;
                Ok(Some(Parts { exponent: Some(shift), factor: Some(total) }))
            }
            _ if node.op.moves() => {
                let Some(parts) = self.parts(node.inputs[0])? else { return Ok(None) };
                let mut moved = |part: Option<NodeId>| match part {
                    Some(part) => {
                        let inputs: Vec<NodeId> =
                            std::iter::once(part).chain(node.inputs[1..].iter().copied()).collect();
                        self.b.node_arc(node.op.clone(), &inputs).map(Some)
                    }
                    None => Ok(None),
                };
                Ok(Some(Parts { exponent: moved(parts.exponent)?, factor: moved(parts.factor)? }))
            }
            _ => Ok(None),
        }
    }

    /// The parts of any node, of its shape.
    fn parts(&mut self, id: NodeId) -> Result<Option<Parts>, TypeError> {
        let mut whole = self.whole_of(id);
        let Some(positive) = self.positive(&whole.expr.clone(), &mut whole.leaves)? else { return Ok(None) };
        let shape = self.b.ty(id).shape.clone();
        let mut node = |expr: &Expr| -> Result<NodeId, TypeError> {
            let node = self.b.pointwise(&expr.simplify(), &whole.leaves)?;
            self.b.broadcast(node, &shape)
        };
        let exponent = if positive.is_plain() { None } else { Some(node(&positive.exponent)?) };
        Ok(Some(Parts { exponent, factor: positive.factor.as_ref().map(node).transpose()? }))
    }
}

/// Whether an operation leaves the numbers somewhere.
fn singular(expr: &Expr) -> bool {
    matches!(
        expr.kind(),
        ExprKind::Unary(Func::Log | Func::Log1p | Func::Recip, _) | ExprKind::Binary(Binary::Div | Binary::Pow, ..)
    )
}

/// The power that a function takes its operand to.
fn exponent(f: Func) -> Option<f64> {
    match f {
        Func::Sqrt => Some(0.5),
        Func::Rsqrt => Some(-0.5),
        Func::Square => Some(2.0),
        Func::Cube => Some(3.0),
        _ => None,
    }
}
