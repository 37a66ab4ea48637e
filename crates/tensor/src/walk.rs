//! Loop nests over strided operands of one shape.

use crate::shape::{MAX_RANK, Shape};

/// A loop nest over `K` operands: axes of size one dropped, neighbouring axes merged where every operand allows it.
///
/// The order of the positions is row-major, as in the shape it was made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nest<const K: usize> {
    rank: usize,
    sizes: [usize; MAX_RANK],
    strides: [[isize; K]; MAX_RANK],
}

impl<const K: usize> Nest<K> {
    /// The nest over `shape` of operands with these strides.
    pub(crate) fn new(shape: Shape, strides: [&[isize]; K]) -> Nest<K> {
        let axes = 0..shape.rank();
        Nest::of(axes.map(|axis| (shape.sizes()[axis], strides.map(|s| s[axis]))))
    }

    /// The nest of these axes, outermost first: their sizes and the operands' strides.
    pub(crate) fn of(axes: impl Iterator<Item = (usize, [isize; K])>) -> Nest<K> {
        let mut nest = Nest { rank: 0, sizes: [1; MAX_RANK], strides: [[0; K]; MAX_RANK] };
        for (size, strides) in axes {
            if size == 1 {
                continue;
            }
            let last = nest.rank.wrapping_sub(1);
            let merges = nest.rank > 0 && (0..K).all(|k| nest.strides[last][k] == strides[k] * size as isize);
            if merges {
                nest.sizes[last] *= size;
                nest.strides[last] = strides;
            } else {
                nest.sizes[nest.rank] = size;
                nest.strides[nest.rank] = strides;
                nest.rank += 1;
            }
        }
        nest
    }

    /// The nest without its innermost axis, and that axis: its size and strides. A single position has an axis of one.
    pub(crate) fn split_inner(mut self) -> (Nest<K>, usize, [isize; K]) {
        if self.rank == 0 {
            return (self, 1, [0; K]);
        }
        self.rank -= 1;
        (self, self.sizes[self.rank], self.strides[self.rank])
    }

    /// The number of positions.
    pub(crate) fn len(&self) -> usize {
        self.sizes[..self.rank].iter().product()
    }

    /// Calls `visit` with every operand's offset at each position, starting from `start`.
    #[inline]
    pub(crate) fn for_each(&self, start: [isize; K], mut visit: impl FnMut([isize; K])) {
        if self.sizes[..self.rank].contains(&0) {
            return;
        }
        let mut index = [0usize; MAX_RANK];
        let mut at = start;
        loop {
            visit(at);
            let mut axis = self.rank;
            loop {
                if axis == 0 {
                    return;
                }
                axis -= 1;
                index[axis] += 1;
                if index[axis] < self.sizes[axis] {
                    at.iter_mut().zip(self.strides[axis]).for_each(|(at, stride)| *at += stride);
                    break;
                }
                let back = self.sizes[axis] as isize - 1;
                at.iter_mut().zip(self.strides[axis]).for_each(|(at, stride)| *at -= stride * back);
                index[axis] = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offsets(sizes: &[usize], strides: &[isize]) -> Vec<isize> {
        let mut seen = Vec::new();
        Nest::new(Shape::of(sizes), [strides]).for_each([10], |[at]| seen.push(at));
        seen
    }

    #[test]
    fn positions_are_visited_in_row_major_order() {
        assert_eq!(offsets(&[2, 3], &[3, 1]), [10, 11, 12, 13, 14, 15]);
        assert_eq!(offsets(&[2, 1, 2], &[-1, 9, 5]), [10, 15, 9, 14]);
        assert_eq!(offsets(&[], &[]), [10]);
        assert_eq!(offsets(&[3, 0], &[0, 1]), [0isize; 0]);
    }

    #[test]
    fn neighbouring_axes_merge() {
        let nest = Nest::new(Shape::of(&[2, 3, 4]), [&[12, 4, 1], &[0, 0, 0]]);
        assert_eq!((nest.rank, nest.len()), (1, 24));
        let (outer, len, strides) = nest.split_inner();
        assert_eq!((outer.len(), len, strides), (1, 24, [1, 0]));
    }
}
