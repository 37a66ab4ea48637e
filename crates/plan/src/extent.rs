//! How an operand lies over a `rows x inner` iteration space.

use graphrun_tensor::Shape;

/// How an operand of some shape is read by an element-wise consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extent {
    /// One element for every point.
    Full,
    /// Row `r` reads element `(r / div) % modulo`.
    Row {
        /// How many rows in a row share an element.
        div: usize,
        /// After how many elements they start again.
        modulo: usize,
    },
    /// One element a column.
    Col,
    /// One element for all.
    Scalar,
}

/// How `operand`, broadcast to `shape`, lies over the space of `shape` cut into rows of `inner` elements; none
/// where no such cut lies between two axes or the pattern is another.
pub(crate) fn extent(operand: Shape, shape: Shape, inner: usize) -> Option<Extent> {
    let cut = cut(shape, inner)?;
    let rank = shape.rank();
    let size = |axis: usize| operand.from_end(rank - 1 - axis);
    let equal = |axis: usize| size(axis) == shape.sizes()[axis];
    let full = |mut axes: std::ops::Range<usize>| axes.all(equal);
    let one = |mut axes: std::ops::Range<usize>| axes.all(|axis| size(axis) == 1);
    if full(0..rank) {
        return Some(Extent::Full);
    }
    if one(0..rank) {
        return Some(Extent::Scalar);
    }
    if full(cut..rank) && one(0..cut) {
        return Some(Extent::Col);
    }
    if !one(cut..rank) {
        return None;
    }
    // The leading axes that vary must stand together; axes of size 1 may stand among them.
    let varies = |axis: &usize| size(*axis) != 1;
    let (Some(first), Some(last)) = ((0..cut).find(varies), (0..cut).rev().find(varies)) else {
        return Some(Extent::Scalar);
    };
    let product = |axes: std::ops::Range<usize>| shape.sizes()[axes].iter().product();
    let row = Extent::Row { div: product(last + 1..cut), modulo: product(first..last + 1) };
    full(first..last + 1).then_some(row)
}

/// The axis before which `shape` can be cut into rows of `inner` elements.
fn cut(shape: Shape, inner: usize) -> Option<usize> {
    let mut product = 1;
    for axis in (0..=shape.rank()).rev() {
        if product == inner {
            return Some(axis);
        }
        product *= *shape.sizes().get(axis.checked_sub(1)?)?;
    }
    None
}

/// The lengths of rows into which `shape` can be cut, shortest first.
pub(crate) fn cuts(shape: Shape) -> impl Iterator<Item = usize> {
    let mut product = 1;
    (0..shape.rank()).map(move |k| {
        product *= shape.from_end(k);
        product
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_are_classified() {
        let check = |operand: &[usize], shape: &[usize], inner, expect| {
            let got = extent(Shape::of(operand), Shape::of(shape), inner);
            assert_eq!(got, expect, "{operand:?} in {shape:?} by {inner}");
        };
        check(&[4, 10], &[4, 10], 10, Some(Extent::Full));
        check(&[10], &[4, 10], 10, Some(Extent::Col));
        check(&[10], &[4, 10], 1, Some(Extent::Row { div: 1, modulo: 10 }));
        check(&[4, 1], &[4, 10], 10, Some(Extent::Row { div: 1, modulo: 4 }));
        check(&[], &[4, 10], 10, Some(Extent::Scalar));
        check(&[], &[4, 10], 1, Some(Extent::Scalar));
        check(&[1, 1], &[4, 1], 1, Some(Extent::Scalar));
        check(&[3, 1, 1], &[2, 3, 5, 7], 35, Some(Extent::Row { div: 1, modulo: 3 }));
        check(&[3, 1, 1], &[2, 3, 5, 7], 1, Some(Extent::Row { div: 35, modulo: 3 }));
        check(&[2, 1, 5, 1], &[2, 3, 5, 7], 7, None);
        check(&[2, 3], &[2, 3], 2, None);
    }
}
