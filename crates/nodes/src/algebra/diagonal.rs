//! The diagonal of two axes: what Trace sums, and what a letter written twice in an Einsum operand means.

use graphrun_graph::{Builder, NodeId, Size, TypeError, ty};

use crate::axes::cum_sum::ordinals;
use crate::pointwise::expression;

/// The elements of `x` whose indices along the axes `first` and `second`, the greater, are equal; `second` leaves.
pub(super) fn diagonal(b: &mut Builder, x: NodeId, first: usize, second: usize) -> Result<NodeId, TypeError> {
    let whole = b.ty(x).clone();
    let size = &whole.shape[first];
    ty::same_size(size, &whole.shape[second], &format!("axes {first} and {second} of {whole} differ"), &[0])?;
    let count = ordinals(b, size)?;
    let mut along = |axis: usize| {
        let mut shape = vec![Size::from(1); whole.rank()];
        shape[axis] = size.clone();
        b.reshape(count, &shape)
    };
    let (i, j) = (along(first)?, along(second)?);
    let kept = b.pointwise(&expression("if(i == j, x, 0)", &["i", "j", "x"]), &[i, j, x])?;
    b.sum(kept, &[second], false)
}
