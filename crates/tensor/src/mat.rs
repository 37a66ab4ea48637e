//! Matrices over memory that somebody else owns: the operands of products.

use crate::view::View;

/// A matrix to read, with any strides: a transpose is an exchange of strides.
#[derive(Clone, Copy, Debug)]
pub struct Mat<'a, T> {
    data: &'a [T],
    offset: usize,
    rows: usize,
    cols: usize,
    row_stride: isize,
    col_stride: isize,
}

impl<'a, T: Copy> Mat<'a, T> {
    /// The matrix whose element `(i, j)` is `data[offset + i * row_stride + j * col_stride]`.
    ///
    /// # Panics
    /// When an element lies outside `data`.
    #[must_use]
    pub fn new(
        data: &'a [T],
        offset: usize,
        [rows, cols]: [usize; 2],
        [row_stride, col_stride]: [isize; 2],
    ) -> Mat<'a, T> {
        if rows > 0 && cols > 0 {
            let (down, across) = ((rows - 1) as isize * row_stride, (cols - 1) as isize * col_stride);
            let first = offset as isize + down.min(0) + across.min(0);
            let last = offset as isize + down.max(0) + across.max(0);
            assert!(
                first >= 0 && last < data.len() as isize,
                "a {rows}x{cols} matrix leaves its {} elements",
                data.len()
            );
        }
        Mat { data, offset, rows, cols, row_stride, col_stride }
    }

    /// Row-major `data` of `rows` by `cols`.
    ///
    /// # Panics
    /// When `data` is shorter than `rows * cols`.
    #[must_use]
    pub fn row_major(data: &'a [T], rows: usize, cols: usize) -> Mat<'a, T> {
        Mat::new(data, 0, [rows, cols], [cols as isize, 1])
    }

    /// A view of two axes.
    ///
    /// # Panics
    /// When the view has another number of axes.
    #[must_use]
    pub fn of_view(view: &View<'a, T>) -> Mat<'a, T> {
        let shape = view.shape();
        assert_eq!(shape.rank(), 2, "a matrix of shape {shape}");
        let (data, offset) = view.parts();
        let (sizes, strides) = (shape.sizes(), view.strides());
        Mat::new(data, offset, [sizes[0], sizes[1]], [strides[0], strides[1]])
    }

    /// The transpose.
    #[must_use]
    pub fn t(self) -> Mat<'a, T> {
        Mat { rows: self.cols, cols: self.rows, row_stride: self.col_stride, col_stride: self.row_stride, ..self }
    }

    /// The block of `rows` by `cols` whose first element is `(row, col)`.
    ///
    /// # Panics
    /// When the block leaves the matrix.
    #[must_use]
    pub fn block(self, [row, col]: [usize; 2], [rows, cols]: [usize; 2]) -> Mat<'a, T> {
        assert!(row + rows <= self.rows && col + cols <= self.cols, "a block outside its matrix");
        if rows == 0 || cols == 0 {
            return Mat { rows, cols, ..self };
        }
        let moved = row as isize * self.row_stride + col as isize * self.col_stride;
        Mat { offset: (self.offset as isize + moved) as usize, rows, cols, ..self }
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The distance in elements from a row to the next.
    #[must_use]
    pub fn row_stride(&self) -> isize {
        self.row_stride
    }

    /// The distance in elements from a column to the next.
    #[must_use]
    pub fn col_stride(&self) -> isize {
        self.col_stride
    }

    /// Where element `(0, 0)` stands; dangling in an empty matrix.
    pub(crate) fn as_ptr(&self) -> *const T {
        self.data.as_ptr().wrapping_add(self.offset)
    }
}

/// A matrix to write: each row is contiguous.
#[derive(Debug)]
pub struct MatMut<'a, T> {
    data: &'a mut [T],
    rows: usize,
    cols: usize,
    row_stride: usize,
}

impl<'a, T: Copy> MatMut<'a, T> {
    /// The matrix whose row `i` is `data[i * row_stride..][..cols]`.
    ///
    /// # Panics
    /// When rows overlap or an element lies outside `data`.
    #[must_use]
    pub fn new(data: &'a mut [T], rows: usize, cols: usize, row_stride: usize) -> MatMut<'a, T> {
        assert!(rows <= 1 || row_stride >= cols, "rows of {cols} every {row_stride} elements overlap");
        if rows > 0 && cols > 0 {
            let needed = (rows - 1) * row_stride + cols;
            assert!(data.len() >= needed, "a {rows}x{cols} matrix leaves its {} elements", data.len());
        }
        MatMut { data, rows, cols, row_stride }
    }

    /// Row-major `data` of `rows` by `cols`.
    ///
    /// # Panics
    /// When `data` is shorter than `rows * cols`.
    #[must_use]
    pub fn row_major(data: &'a mut [T], rows: usize, cols: usize) -> MatMut<'a, T> {
        MatMut::new(data, rows, cols, cols)
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The distance in elements from a row to the next.
    #[must_use]
    pub fn row_stride(&self) -> usize {
        self.row_stride
    }

    /// Row `i`.
    #[must_use]
    pub fn row(&mut self, i: usize) -> &mut [T] {
        &mut self.data[i * self.row_stride..][..self.cols]
    }

    /// The block of `rows` by `cols` whose first element is `(row, col)`, borrowed for a while.
    ///
    /// # Panics
    /// When the block leaves the matrix.
    #[must_use]
    pub fn block(&mut self, [row, col]: [usize; 2], [rows, cols]: [usize; 2]) -> MatMut<'_, T> {
        assert!(row + rows <= self.rows && col + cols <= self.cols, "a block outside its matrix");
        let start = if rows == 0 || cols == 0 { 0 } else { row * self.row_stride + col };
        MatMut { data: &mut self.data[start..], rows, cols, row_stride: self.row_stride }
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut T {
        self.data.as_mut_ptr()
    }
}

/// Whether a kernel overwrites its output or adds to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Accum {
    /// The output is written and never read.
    Replace,
    /// The result is added to the output.
    Add,
}
