//! Borrowed arrays: strided to read, row-major to write.

use crate::real::Real;
use crate::shape::{Shape, Strides};
use crate::simd::Lanes;

/// A borrowed array to read: any strides over memory that somebody else owns.
#[derive(Clone, Copy, Debug)]
pub struct View<'a, T> {
    data: &'a [T],
    offset: usize,
    shape: Shape,
    strides: Strides,
}

impl<'a, T: Copy> View<'a, T> {
    /// Row-major `data` of this shape.
    ///
    /// # Panics
    /// When `data` does not hold exactly the shape's elements.
    #[must_use]
    pub fn new(data: &'a [T], shape: Shape) -> Self {
        assert_eq!(data.len(), shape.len(), "data of {} elements for shape {shape}", data.len());
        View { data, offset: 0, shape, strides: shape.strides() }
    }

    /// The sizes.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The strides in elements.
    #[must_use]
    pub fn strides(&self) -> &[isize] {
        &self.strides[..self.shape.rank()]
    }

    /// The elements as one slice, if they lie in row-major order without gaps.
    #[must_use]
    pub fn as_slice(&self) -> Option<&'a [T]> {
        let dense = self.shape.strides();
        let same = (0..self.shape.rank()).all(|k| self.shape.sizes()[k] == 1 || self.strides[k] == dense[k]);
        if self.shape.is_empty() {
            Some(&[])
        } else if same {
            Some(&self.data[self.offset..self.offset + self.shape.len()])
        } else {
            None
        }
    }

    /// The memory behind the view and where its first element stands in it.
    #[must_use]
    pub fn parts(&self) -> (&'a [T], usize) {
        (self.data, self.offset)
    }

    /// The same memory with its axes in another order: axis `k` of the result is axis `axes[k]`.
    ///
    /// # Panics
    /// When `axes` is not a permutation of the view's axes.
    #[must_use]
    pub fn permuted(&self, axes: &[usize]) -> Self {
        assert_eq!(axes.len(), self.shape.rank(), "a permutation of {} axes", self.shape.rank());
        let mut seen = 0u32;
        let mut sizes = [0; crate::MAX_RANK];
        let mut strides = [0; crate::MAX_RANK];
        for (k, &axis) in axes.iter().enumerate() {
            seen |= 1 << axis;
            sizes[k] = self.shape.sizes()[axis];
            strides[k] = self.strides[axis];
        }
        assert_eq!(seen.count_ones() as usize, axes.len(), "an axis is named twice");
        View { shape: Shape::of(&sizes[..axes.len()]), strides, ..*self }
    }

    /// The view repeated to a larger shape as NumPy broadcasts, without a copy.
    ///
    /// # Panics
    /// When the shapes do not broadcast to `shape`.
    #[must_use]
    pub fn broadcast(&self, shape: Shape) -> Self {
        assert_eq!(self.shape.broadcast(&shape), Some(shape), "{} does not broadcast to {shape}", self.shape);
        let mut strides = [0; crate::MAX_RANK];
        let lead = shape.rank() - self.shape.rank();
        for k in 0..self.shape.rank() {
            strides[lead + k] = if self.shape.sizes()[k] == 1 { 0 } else { self.strides[k] };
        }
        View { shape, strides, ..*self }
    }

    /// Every `step`-th of the elements `start..` along `axis`, `count` of them; a negative step runs backwards.
    ///
    /// # Panics
    /// When an element named so lies outside the axis.
    #[must_use]
    pub fn sliced(&self, axis: usize, start: usize, count: usize, step: isize) -> Self {
        let size = self.shape.sizes()[axis];
        if count > 0 {
            let last = start as isize + (count as isize - 1) * step;
            assert!(start < size && (0..size as isize).contains(&last), "slice leaves axis {axis} of {size}");
        }
        let mut sizes = [0; crate::MAX_RANK];
        sizes[..self.shape.rank()].copy_from_slice(self.shape.sizes());
        sizes[axis] = count;
        let mut strides = self.strides;
        strides[axis] *= step;
        let moved = if count == 0 { 0 } else { start as isize * self.strides[axis] };
        let shape = Shape::of(&sizes[..self.shape.rank()]);
        View { offset: (self.offset as isize + moved) as usize, shape, strides, ..*self }
    }
}

/// A borrowed array to write: row-major.
#[derive(Debug)]
pub struct ViewMut<'a, T> {
    /// The elements in row-major order.
    pub data: &'a mut [T],
    /// The sizes.
    pub shape: Shape,
}

impl<'a, T: Copy> ViewMut<'a, T> {
    /// Row-major `data` of this shape.
    ///
    /// # Panics
    /// When `data` does not hold exactly the shape's elements.
    #[must_use]
    pub fn new(data: &'a mut [T], shape: Shape) -> Self {
        assert_eq!(data.len(), shape.len(), "data of {} elements for shape {shape}", data.len());
        ViewMut { data, shape }
    }

    /// The same memory, to write with strides.
    #[must_use]
    pub fn strided(self) -> StridedMut<'a, T> {
        StridedMut { data: self.data, offset: 0, shape: self.shape, strides: self.shape.strides() }
    }
}

/// A borrowed array to write with any strides, so that a part of a larger one can be filled in place.
#[derive(Debug)]
pub struct StridedMut<'a, T> {
    data: &'a mut [T],
    offset: usize,
    shape: Shape,
    strides: Strides,
}

impl<'a, T: Copy> StridedMut<'a, T> {
    /// The sizes.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The strides in elements.
    #[must_use]
    pub fn strides(&self) -> &[isize] {
        &self.strides[..self.shape.rank()]
    }

    /// The memory behind the view and where its first element stands in it.
    #[must_use]
    pub fn into_parts(self) -> (&'a mut [T], usize) {
        (self.data, self.offset)
    }

    /// The same view for a while.
    #[must_use]
    pub fn reborrow(&mut self) -> StridedMut<'_, T> {
        StridedMut { data: self.data, offset: self.offset, shape: self.shape, strides: self.strides }
    }

    /// The same memory with its axes in another order: axis `k` of the result is axis `axes[k]`.
    ///
    /// # Panics
    /// When `axes` is not a permutation of the view's axes.
    #[must_use]
    pub fn permuted(self, axes: &[usize]) -> Self {
        let StridedMut { data, offset, shape, strides } = self;
        let moved = View { data: &*data, offset, shape, strides }.permuted(axes);
        let (shape, strides) = (moved.shape, moved.strides);
        StridedMut { data, offset, shape, strides }
    }

    /// Every `step`-th of the elements `start..` along `axis`, `count` of them; a negative step runs backwards.
    ///
    /// # Panics
    /// When an element named so lies outside the axis.
    #[must_use]
    pub fn sliced(self, axis: usize, start: usize, count: usize, step: isize) -> Self {
        let StridedMut { data, offset, shape, strides } = self;
        let moved = View { data: &*data, offset, shape, strides }.sliced(axis, start, count, step);
        let (offset, shape, strides) = (moved.offset, moved.shape, moved.strides);
        StridedMut { data, offset, shape, strides }
    }
}

/// A [`View`] of any element type.
#[derive(Clone, Copy, Debug)]
pub enum ViewAny<'a> {
    /// Reals of single precision.
    F32(View<'a, f32>),
    /// Reals of double precision.
    F64(View<'a, f64>),
    /// Integers: class indices and positions.
    I64(View<'a, i64>),
}

/// A [`ViewMut`] of any element type.
#[derive(Debug)]
pub enum ViewMutAny<'a> {
    /// Reals of single precision.
    F32(ViewMut<'a, f32>),
    /// Reals of double precision.
    F64(ViewMut<'a, f64>),
    /// Integers: class indices and positions.
    I64(ViewMut<'a, i64>),
}

impl<'a> ViewAny<'a> {
    /// The sizes.
    #[must_use]
    pub fn shape(&self) -> Shape {
        match self {
            ViewAny::F32(v) => v.shape(),
            ViewAny::F64(v) => v.shape(),
            ViewAny::I64(v) => v.shape(),
        }
    }

    /// The view as reals of type `T`.
    ///
    /// # Panics
    /// When the elements are of another type: the graph's types rule that out.
    #[must_use]
    pub fn real<T: Element>(&self) -> View<'a, T> {
        T::view(*self).expect("the element type was checked when the graph was built")
    }

    /// The view as integers.
    ///
    /// # Panics
    /// When the elements are reals: the graph's types rule that out.
    #[must_use]
    pub fn index(&self) -> View<'a, i64> {
        self.real::<i64>()
    }
}

impl<'a> ViewMutAny<'a> {
    /// The sizes.
    #[must_use]
    pub fn shape(&self) -> Shape {
        match self {
            ViewMutAny::F32(v) => v.shape,
            ViewMutAny::F64(v) => v.shape,
            ViewMutAny::I64(v) => v.shape,
        }
    }

    /// The view as elements of type `T`.
    ///
    /// # Panics
    /// When the elements are of another type: the graph's types rule that out.
    #[must_use]
    pub fn real<T: Element>(self) -> ViewMut<'a, T> {
        T::view_mut(self).expect("the element type was checked when the graph was built")
    }
}

/// What an array can hold: `f32`, `f64` or `i64`.
pub trait Element: Copy + Default + Send + Sync + 'static {
    /// The typed view, if `any` holds this type.
    fn view(any: ViewAny<'_>) -> Option<View<'_, Self>>;
    /// The typed view, if `any` holds this type.
    fn view_mut(any: ViewMutAny<'_>) -> Option<ViewMut<'_, Self>>;
    /// Forgets the type.
    fn any(view: View<'_, Self>) -> ViewAny<'_>;
    /// Forgets the type.
    fn any_mut(view: ViewMut<'_, Self>) -> ViewMutAny<'_>;
    /// Writes the transpose of the matrix of `rows` by `cols` at `from`, whose contiguous rows are `step` apart, to `to`,
    /// whose contiguous rows are `to_step` apart.
    ///
    /// # Safety
    /// Both matrices lie in valid memory and do not overlap.
    #[doc(hidden)]
    #[allow(unsafe_code)]
    unsafe fn transpose(size: [usize; 2], from: *const Self, step: isize, to: *mut Self, to_step: usize);
}

macro_rules! element {
    ($t:ty, $variant:ident, $as:ty) => {
        impl Element for $t {
            fn view(any: ViewAny<'_>) -> Option<View<'_, Self>> {
                if let ViewAny::$variant(v) = any { Some(v) } else { None }
            }
            fn view_mut(any: ViewMutAny<'_>) -> Option<ViewMut<'_, Self>> {
                if let ViewMutAny::$variant(v) = any { Some(v) } else { None }
            }
            fn any(view: View<'_, Self>) -> ViewAny<'_> {
                ViewAny::$variant(view)
            }
            fn any_mut(view: ViewMut<'_, Self>) -> ViewMutAny<'_> {
                ViewMutAny::$variant(view)
            }
            #[allow(unsafe_code)]
            unsafe fn transpose(size: [usize; 2], from: *const $t, step: isize, to: *mut $t, to_step: usize) {
                // SAFETY: the loops were chosen for this processor, the caller promises the memory, and moving an
                // element through a register of reals of its width keeps its bits.
                unsafe { (<$as>::loops().transpose)(size, from.cast(), step, to.cast(), to_step) }
            }
        }
    };
}
element!(f32, F32, f32);
element!(f64, F64, f64);
element!(i64, I64, f64);

/// Both a [`Real`] and an [`Element`]: the bound that kernels use.
pub trait Num: Real + Element + Lanes {}
impl Num for f32 {}
impl Num for f64 {}

/// Calls a generic kernel with the element type of a written view.
///
/// `with_real!(out, |out: T| body)` runs `body` with `T` bound to `f32` or `f64`; an integer view is a
/// broken promise of the graph's types and panics.
#[macro_export]
macro_rules! with_real {
    ($view:expr, |$name:ident : $t:ident| $body:expr) => {
        match $view {
            $crate::ViewMutAny::F32($name) => {
                type $t = f32;
                $body
            }
            $crate::ViewMutAny::F64($name) => {
                type $t = f64;
                $body
            }
            $crate::ViewMutAny::I64(_) => unreachable!("the graph's types rule out integers here"),
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_move_without_copies() {
        let data = [0, 1, 2, 3, 4, 5].map(f64::from);
        let v = View::new(&data, Shape::of(&[2, 3]));
        let t = v.permuted(&[1, 0]);
        assert_eq!((t.shape(), t.strides()), (Shape::of(&[3, 2]), &[1, 3][..]));
        assert!(t.as_slice().is_none());
        let row = v.sliced(0, 1, 1, 1);
        assert_eq!(row.as_slice(), Some(&data[3..]));
        let b = row.broadcast(Shape::of(&[4, 3]));
        assert_eq!(b.strides(), &[0, 1]);
    }
}
