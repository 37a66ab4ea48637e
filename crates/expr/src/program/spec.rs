//! What a tile program computes.

use crate::Expr;

/// A computation over a row-major iteration space of `rows x inner` elements.
///
/// Values are numbered by their place in `values` and may refer to earlier ones only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Spec {
    /// What is read, in the order in which `run` receives it.
    pub inputs: Vec<Input>,
    /// What is computed.
    pub values: Vec<Value>,
    /// What is written, in the order in which `run` receives the memory.
    pub outputs: Vec<Output>,
}

/// How an input lies over the iteration space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Input {
    /// One element for every point: `rows * inner`.
    Full,
    /// One element a row, found by the `start`, `div` and `modulo` of [`Source::Row`](crate::Source::Row).
    Row,
    /// One element a column: `inner`.
    Col,
    /// One element for all.
    Scalar,
    /// One 64-bit column number a row, for [`Value::OneHot`] and [`Value::Pick`] alone.
    RowIndex,
}

/// One computed value. Its extent (full, row, column, scalar) is the join of those of its operands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// The input of that number.
    Input(usize),
    /// An expression whose variable i is the i-th of these values.
    Pointwise(Expr, Vec<usize>),
    /// A value reduced over its columns to one element a row.
    RowReduce(Reduce, usize),
    /// 1 where the column is the row's index, else 0; all 0 in a row whose index lies outside. The operand is a
    /// `RowIndex` value.
    OneHot(usize),
    /// The element of the first value at the row's index (a `RowIndex` value), one a row; 0 where the index lies outside.
    Pick(usize, usize),
}

/// How a row is reduced. Over no columns it is the operation's neutral element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reduce {
    /// The sum, within 2 ULP of the sum of magnitudes.
    Sum,
    /// The greatest element; NaN when any is.
    Max,
    /// The least element; NaN when any is.
    Min,
    /// The product.
    Prod,
}

/// One written array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Output {
    /// A value in its own extent: `rows * inner`, `rows`, `inner` or 1 elements.
    Store(usize),
    /// As `Store`, past the caches: for what is larger than they are and not read soon.
    Stream(usize),
    /// A value summed over the rows: `inner` elements.
    ColSum(usize),
    /// A value summed over the whole iteration space: 1 element.
    TotalSum(usize),
}
