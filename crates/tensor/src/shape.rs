//! Sizes and strides of up to [`MAX_RANK`] axes, held without allocation.

use std::fmt;

/// The most axes an array can have.
pub const MAX_RANK: usize = 8;

/// The sizes of an array's axes, outermost first. A scalar has no axes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Shape {
    rank: u8,
    sizes: [usize; MAX_RANK],
}

/// More axes than [`MAX_RANK`], or more elements than memory can address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeError(String);

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ShapeError {}

impl Shape {
    /// The shape of a scalar.
    pub const SCALAR: Shape = Shape { rank: 0, sizes: [0; MAX_RANK] };

    /// A shape of these sizes.
    ///
    /// # Errors
    /// More than [`MAX_RANK`] axes, or a product of sizes above `isize::MAX`.
    pub fn new(sizes: &[usize]) -> Result<Shape, ShapeError> {
        if sizes.len() > MAX_RANK {
            return Err(ShapeError(format!("{} axes, and at most {MAX_RANK} are supported", sizes.len())));
        }
        sizes
            .iter()
            .filter(|&&s| s != 0)
            .try_fold(1usize, |n, &s| n.checked_mul(s).filter(|&n| n <= isize::MAX as usize / 8))
            .ok_or_else(|| ShapeError(format!("an array of shape {sizes:?} is larger than memory can be")))?;
        Ok(Shape::of(sizes))
    }

    /// A shape of sizes that are known to be valid.
    ///
    /// # Panics
    /// On more than [`MAX_RANK`] axes.
    #[must_use]
    pub fn of(sizes: &[usize]) -> Shape {
        let mut shape = Shape { rank: sizes.len() as u8, sizes: [0; MAX_RANK] };
        shape.sizes[..sizes.len()].copy_from_slice(sizes);
        shape
    }

    /// The sizes, outermost first.
    #[must_use]
    pub fn sizes(&self) -> &[usize] {
        &self.sizes[..self.rank as usize]
    }

    /// Changes the size of one axis.
    ///
    /// # Panics
    /// When there is no such axis.
    pub fn set(&mut self, axis: usize, size: usize) {
        assert!(axis < self.rank(), "axis {axis} of {self}");
        self.sizes[axis] = size;
    }

    /// The number of axes.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.rank as usize
    }

    /// The number of elements: the product of the sizes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sizes().iter().product()
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sizes().contains(&0)
    }

    /// The strides, in elements, of row-major memory of this shape.
    #[must_use]
    pub fn strides(&self) -> Strides {
        let mut strides = [0; MAX_RANK];
        let mut step = 1;
        for axis in (0..self.rank()).rev() {
            strides[axis] = step;
            step *= self.sizes[axis] as isize;
        }
        strides
    }

    /// The shape that NumPy's broadcasting gives two operands, if they fit.
    #[must_use]
    pub fn broadcast(&self, other: &Shape) -> Option<Shape> {
        let rank = self.rank().max(other.rank());
        let mut out = Shape { rank: rank as u8, sizes: [0; MAX_RANK] };
        for axis in 0..rank {
            let a = self.from_end(rank - 1 - axis);
            let b = other.from_end(rank - 1 - axis);
            out.sizes[axis] = match (a, b) {
                (a, b) if a == b => a,
                (1, b) => b,
                (a, 1) => a,
                _ => return None,
            };
        }
        Some(out)
    }

    /// The size of the axis `k` places from the last; 1 where there is none.
    #[must_use]
    pub fn from_end(&self, k: usize) -> usize {
        if k < self.rank() { self.sizes[self.rank() - 1 - k] } else { 1 }
    }
}

/// The index along each axis of the element at `flat` in row-major order, as NumPy's function of that name; an axis without
/// elements counts as one with a single element.
#[must_use]
pub fn unravel_index(mut flat: usize, sizes: &[usize]) -> Vec<usize> {
    let mut index = vec![0; sizes.len()];
    for (along, size) in index.iter_mut().zip(sizes).rev() {
        *along = flat % size.max(&1);
        flat /= size.max(&1);
    }
    index
}

/// Distances, in elements, between neighbours along each axis; 0 repeats, negative runs backwards.
pub type Strides = [isize; MAX_RANK];

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.sizes())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.sizes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_has_an_index_along_each_axis() {
        for (flat, sizes, index) in [
            (0, &[][..], vec![]),
            (4, &[5], vec![4]),
            (5, &[2, 3], vec![1, 2]),
            (17, &[4, 5], vec![3, 2]),
            (23, &[2, 3, 4], vec![1, 2, 3]),
            (5, &[2, 1, 3], vec![1, 0, 2]),
        ] {
            assert_eq!(unravel_index(flat, sizes), index);
        }
    }

    #[test]
    fn broadcasting_follows_numpy() {
        let check = |a: &[usize], b: &[usize], expect: Option<&[usize]>| {
            let got = Shape::of(a).broadcast(&Shape::of(b));
            assert_eq!(got, expect.map(Shape::of), "{a:?} with {b:?}");
        };
        check(&[2, 3], &[3], Some(&[2, 3]));
        check(&[2, 1], &[1, 3], Some(&[2, 3]));
        check(&[], &[4], Some(&[4]));
        check(&[0], &[1], Some(&[0]));
        check(&[2], &[3], None);
    }

    #[test]
    fn too_many_axes_or_elements_is_an_error() {
        assert!(Shape::new(&[1; 9]).is_err());
        assert!(Shape::new(&[usize::MAX, 2]).is_err());
        assert_eq!(Shape::new(&[0, 1 << 40]).map(|s| s.len()), Ok(0));
    }
}
