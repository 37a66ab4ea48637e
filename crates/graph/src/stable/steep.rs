//! Where a slope of 0 meets an infinite one.

use graphrun_expr::{Binary, Expr, ExprKind, Func};

use super::{MAX_NODES, Search, Whole, any, simplified};
use crate::graph::NodeId;
use crate::op::Form;
use crate::size::Size;

impl Search<'_, '_> {
    /// A choice or a function that levels off with what it is taken of, where that has steep slopes. Operands that are
    /// repeated to `shape` stay what they are, and are computed once.
    pub(super) fn joined(&self, expr: &Expr, inputs: &[NodeId], shape: &[Size]) -> Option<Whole> {
        let below = |k: usize| any(expr, &|part| levels(part) && part.uses(k));
        let mut steep_ones = MAX_NODES;
        if !(0..inputs.len()).any(|k| below(k) && self.is_steep(inputs[k], shape, &mut steep_ones)) {
            return None;
        }
        let wanted = |k: usize, id: NodeId, _: &Expr| (k >= inputs.len() || below(k)) && self.b.ty(id).shape == shape;
        let whole = self.join(expr.clone(), inputs.to_vec(), &wanted);
        (whole.leaves.len() > inputs.len()).then(|| simplified(whole))
    }

    /// Whether a node of `shape`, or one behind it, has slopes that grow beyond all numbers; no, behind `budget` nodes.
    fn is_steep(&self, id: NodeId, shape: &[Size], budget: &mut usize) -> bool {
        let node = self.b.graph().node(id);
        let Form::Pointwise(expr) = node.op.form() else { return false };
        if *budget == 0 || (self.opaque)(id) || node.ty.shape != shape {
            return false;
        }
        *budget -= 1;
        any(&expr, &steep) || node.inputs.iter().any(|&input| self.is_steep(input, shape, budget))
    }
}

/// Whether an expression is a choice between its operands, or a function whose slope vanishes as its operand grows.
fn levels(expr: &Expr) -> bool {
    match expr.kind() {
        ExprKind::Select(..) | ExprKind::Binary(Binary::Max | Binary::Min, ..) => true,
        ExprKind::Unary(f, _) => f.levels_off(),
        _ => false,
    }
}

/// Whether an operation has slopes that grow beyond all numbers where it is taken of numbers.
fn steep(expr: &Expr) -> bool {
    use Func::*;
    match expr.kind() {
        ExprKind::Unary(f, _) => {
            matches!(f, Exp | Expm1 | Sinh | Cosh | Tan | Log | Log1p | Recip | Sqrt | Rsqrt)
        }
        ExprKind::Binary(f, ..) => matches!(f, Binary::Div | Binary::Pow),
        _ => false,
    }
}
