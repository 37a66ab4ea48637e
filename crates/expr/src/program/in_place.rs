//! Running a program whose outputs may be what some inputs were: updates in place, without unsafe code outside.

use std::mem::MaybeUninit;

use super::compile::{Program, Written};
use super::lower::Extent;
use super::source::{RawSource, Source};
use crate::Float;

/// An input of [`Program::run_with`].
#[derive(Debug, Clone, Copy)]
pub enum Operand<'a, T> {
    /// Memory that no output shares.
    Source(Source<'a, T>),
    /// What the output of that number, a full value that is stored, holds before the run.
    Output(usize),
}

/// Inputs up to which a run allocates nothing.
const INLINE: usize = 24;

impl Program {
    /// [`run`](Program::run) with the inputs that `input` gives by number, of which some may be the memory of outputs.
    ///
    /// Allocates nothing up to 24 inputs.
    ///
    /// # Panics
    ///
    /// As [`run`](Program::run), and when an input is an output that there is not, or that another input is too.
    pub fn run_with<'a, T: Float>(
        &self,
        rows: usize,
        inner: usize,
        input: impl Fn(usize) -> Operand<'a, T>,
        outputs: &mut [&mut [T]],
        scratch: &mut [T],
    ) {
        // SAFETY: `&mut [T]` and `*mut [T]` have the same layout.
        let outputs = unsafe { &*(std::ptr::from_mut(outputs) as *const [*mut [T]]) };
        let mut claimed = 0u64;
        let mut raw = |k: usize| match input(k) {
            Operand::Source(source) => RawSource::from(source),
            Operand::Output(o) => {
                assert!(o < 64 && claimed & 1 << o == 0, "output {o} is claimed twice");
                let full = self.outputs.get(o) == Some(&Written::Store(Extent::Full));
                assert!(full, "output {o} is no stored full value");
                claimed |= 1 << o;
                RawSource::Full(outputs[o])
            }
        };
        let count = self.inputs.len();
        let mut few = [const { MaybeUninit::<RawSource<T>>::uninit() }; INLINE];
        let many: Vec<RawSource<T>>;
        let inputs = if count <= INLINE {
            for (k, slot) in few[..count].iter_mut().enumerate() {
                slot.write(raw(k));
            }
            // SAFETY: the first `count` have just been written.
            unsafe { &*(std::ptr::from_ref(&few[..count]) as *const [RawSource<T>]) }
        } else {
            many = (0..count).map(raw).collect();
            &many[..]
        };
        // SAFETY: references vouch for all memory and that outputs overlap nothing; the inputs that are outputs
        // are whole, full, stored, and one each, which `run_raw` allows.
        unsafe { self.run_raw(rows, inner, inputs, outputs, scratch) }
    }
}

impl<T> From<Source<'_, T>> for RawSource<T> {
    fn from(source: Source<'_, T>) -> RawSource<T> {
        match source {
            Source::Full(data) => RawSource::Full(data),
            Source::Row { data, start, div, modulo } => RawSource::Row { data, start, div, modulo },
            Source::Col(data) => RawSource::Col(data),
            Source::Scalar(value) => RawSource::Scalar(value),
            Source::RowIndex(data) => RawSource::RowIndex(data),
        }
    }
}
