//! The memory that a run reads.

/// An input's memory.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub enum Source<'a, T> {
    /// `rows * inner` elements.
    Full(&'a [T]),
    /// Row r is `data[((start + r) / div) % modulo]`.
    Row {
        /// At least `modulo` elements.
        data: &'a [T],
        /// The number of the first row.
        start: usize,
        /// How many rows in a row share an element; not 0.
        div: usize,
        /// After how many elements they start again; not 0.
        modulo: usize,
    },
    /// `inner` elements.
    Col(&'a [T]),
    /// The element.
    Scalar(T),
    /// `rows` column numbers.
    RowIndex(&'a [i64]),
}

/// A [`Source`] whose memory may also be written, for [`Program::run_raw`](crate::Program::run_raw).
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub enum RawSource<T> {
    /// As [`Source::Full`].
    Full(*const [T]),
    /// As [`Source::Row`].
    Row {
        /// At least `modulo` elements.
        data: *const [T],
        /// The number of the first row.
        start: usize,
        /// How many rows in a row share an element; not 0.
        div: usize,
        /// After how many elements they start again; not 0.
        modulo: usize,
    },
    /// As [`Source::Col`].
    Col(*const [T]),
    /// As [`Source::Scalar`].
    Scalar(T),
    /// As [`Source::RowIndex`].
    RowIndex(*const [i64]),
}
