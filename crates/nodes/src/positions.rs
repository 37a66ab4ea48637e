//! Walks over the positions of some axes of strided arrays.

use graphrun_tensor::{MAX_RANK, Shape};

/// The offsets, in `K` arrays of one shape, of every position along some of the axes, in row-major order.
#[derive(Clone, Debug)]
pub(crate) struct Positions<const K: usize> {
    rank: usize,
    sizes: [usize; MAX_RANK],
    strides: [[isize; K]; MAX_RANK],
    index: [usize; MAX_RANK],
    next: Option<[isize; K]>,
}

impl<const K: usize> Positions<K> {
    /// The positions along the axes of `shape` that `walked` accepts; the other axes stay at 0.
    pub(crate) fn new(shape: Shape, strides: [&[isize]; K], walked: impl Fn(usize) -> bool) -> Positions<K> {
        let mut all = Positions {
            rank: 0,
            sizes: [1; MAX_RANK],
            strides: [[0; K]; MAX_RANK],
            index: [0; MAX_RANK],
            next: Some([0; K]),
        };
        for axis in (0..shape.rank()).filter(|&axis| walked(axis)) {
            all.sizes[all.rank] = shape.sizes()[axis];
            all.strides[all.rank] = strides.map(|s| s[axis]);
            all.rank += 1;
            if shape.sizes()[axis] == 0 {
                all.next = None;
            }
        }
        all
    }

    /// The same positions from the last to the first, of a walk that has not begun.
    pub(crate) fn reversed(mut self) -> Positions<K> {
        let last = (0..self.rank).map(|axis| (axis, self.sizes[axis].saturating_sub(1) as isize));
        self.next = self.next.map(|mut at| {
            last.for_each(|(axis, steps)| (0..K).for_each(|k| at[k] += self.strides[axis][k] * steps));
            at
        });
        self.strides = self.strides.map(|strides| strides.map(|stride| -stride));
        self
    }
}

impl<const K: usize> Iterator for Positions<K> {
    type Item = [isize; K];

    fn next(&mut self) -> Option<[isize; K]> {
        let here = self.next?;
        let mut at = here;
        self.next = (0..self.rank).rev().find_map(|axis| {
            self.index[axis] += 1;
            if self.index[axis] < self.sizes[axis] {
                (0..K).for_each(|k| at[k] += self.strides[axis][k]);
                return Some(at);
            }
            let back = self.sizes[axis] as isize - 1;
            (0..K).for_each(|k| at[k] -= self.strides[axis][k] * back);
            self.index[axis] = 0;
            None
        });
        Some(here)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offsets(sizes: &[usize], walked: &[usize]) -> Vec<isize> {
        let shape = Shape::of(sizes);
        let strides = shape.strides();
        Positions::new(shape, [&strides[..sizes.len()]], |k| walked.contains(&k)).map(|[at]| at).collect()
    }

    #[test]
    fn positions_come_in_row_major_order() {
        assert_eq!(offsets(&[2, 3], &[0, 1]), [0, 1, 2, 3, 4, 5]);
        assert_eq!(offsets(&[2, 3, 2], &[0, 2]), [0, 1, 6, 7]);
        assert_eq!(offsets(&[2, 3], &[]), [0]);
        assert_eq!(offsets(&[2, 0], &[0]), [0, 0]);
        assert_eq!(offsets(&[2, 0], &[1]), [0isize; 0]);
    }

    #[test]
    fn reversed_positions_are_the_same_ones_backwards() {
        let shape = Shape::of(&[2, 3]);
        let strides = shape.strides();
        let all = Positions::new(shape, [&strides[..2]], |_| true).reversed();
        assert_eq!(all.map(|[at]| at).collect::<Vec<_>>(), [5, 4, 3, 2, 1, 0]);
    }
}
