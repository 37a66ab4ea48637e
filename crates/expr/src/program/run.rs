//! Running a program: what is asked of the caller's memory, and where the scratch goes.

use std::sync::OnceLock;

use pulp::Arch;

use super::compile::{Bound, Program, Written};
use super::geometry::ALIGN;
use super::interpret::Run;
use super::kernels::LANES;
use super::lower::Extent;
use super::source::{RawSource, Source};
use super::spec::Input;
use crate::Float;

impl Program {
    /// Runs over `rows x inner` elements. Inputs and outputs are in the order of the [`Spec`](crate::Spec); every
    /// element of every output is written. Nothing is allocated.
    ///
    /// Stored elements do not depend on how rows are shared out among runs; sums depend on the sizes alone.
    ///
    /// # Panics
    ///
    /// When an input, an output or the scratch has not the length that it must have, or an input is of another kind
    /// than the spec says.
    pub fn run<T: Float>(
        &self,
        rows: usize,
        inner: usize,
        inputs: &[Source<'_, T>],
        outputs: &mut [&mut [T]],
        scratch: &mut [T],
    ) {
        // SAFETY: a reference to a slice and a pointer to one have the same layout, and so have the two enums.
        let inputs = unsafe { &*(std::ptr::from_ref(inputs) as *const [RawSource<T>]) };
        let outputs = unsafe { &*(std::ptr::from_mut(outputs) as *const [*mut [T]]) };
        // SAFETY: references are valid, and no mutable one overlaps another.
        unsafe { self.run_raw(rows, inner, inputs, outputs, scratch) }
    }

    /// As [`run`](Program::run), where an output may be the very memory of a full input, for updates in place: a tile
    /// is read whole before any of it is written.
    ///
    /// # Safety
    ///
    /// Every pointer is valid for its length, to read or to write, and nothing else writes there meanwhile. An output
    /// either overlaps no input, or it is a full `Store`, has the address and length of one full input, and overlaps
    /// no other. No two outputs overlap, and none overlaps `scratch`.
    ///
    /// # Panics
    ///
    /// As [`run`](Program::run).
    pub unsafe fn run_raw<T: Float>(
        &self,
        rows: usize,
        inner: usize,
        inputs: &[RawSource<T>],
        outputs: &[*mut [T]],
        scratch: &mut [T],
    ) {
        static ARCH: OnceLock<Arch> = OnceLock::new();
        self.check(rows, inner, inputs, outputs);
        let g = self.geometry::<T>(rows, inner);
        let skip = (scratch.as_ptr() as usize).wrapping_neg() % ALIGN / size_of::<T>();
        assert!(scratch.len() >= skip + self.memory::<T>(&g), "scratch is shorter than declared");
        // SAFETY: the pieces lie in the scratch one after another, as `memory` counts them.
        let run = unsafe {
            let places = scratch.as_mut_ptr().add(skip);
            let scalars = places.add(self.places::<T>());
            let columns = scalars.add(self.scalars * LANES);
            let registers = columns.add(self.columns * g.column);
            let sums = registers.add(self.registers * g.register);
            let homes = [(scalars, LANES), (columns, g.column), (registers, g.register)];
            let (places, direct) = (places.cast(), self.apart(inputs, outputs));
            Run { program: self, g, inputs, outputs, homes, places, sums, direct }
        };
        T::interpret(*ARCH.get_or_init(Arch::new), &run);
    }

    /// Holds lengths and kinds against what the spec asks for.
    fn check<T>(&self, rows: usize, inner: usize, inputs: &[RawSource<T>], outputs: &[*mut [T]]) {
        let full = rows.checked_mul(inner).expect("the iteration space is too large");
        assert_eq!(inputs.len(), self.inputs.len(), "number of inputs");
        assert_eq!(outputs.len(), self.outputs.len(), "number of outputs");
        for (number, (source, input)) in inputs.iter().zip(&self.inputs).enumerate() {
            let fits = match (source, input) {
                (RawSource::Full(data), Input::Full) => data.len() == full,
                (RawSource::Row { data, div, modulo, .. }, Input::Row) => {
                    *div > 0 && *modulo > 0 && (*modulo <= data.len() || rows == 0)
                }
                (RawSource::Col(data), Input::Col) => data.len() == inner,
                (RawSource::Scalar(_), Input::Scalar) => true,
                (RawSource::RowIndex(data), Input::RowIndex) => data.len() == rows,
                _ => false,
            };
            assert!(fits, "input {number} does not fit {input:?} over {rows} x {inner}");
        }
        for (number, (output, written)) in outputs.iter().zip(&self.outputs).enumerate() {
            let length = match written {
                Written::Store(Extent::Full) => full,
                Written::Store(Extent::Row) => rows,
                Written::Store(Extent::Col) | Written::ColSum(_) => inner,
                Written::Store(Extent::Scalar) | Written::TotalSum(_) => 1,
            };
            assert_eq!(output.len(), length, "length of output {number} over {rows} x {inner}");
        }
    }

    /// A bit for each direct slot (of the first 64) whose output is not the memory of a full input.
    fn apart<T>(&self, inputs: &[RawSource<T>], outputs: &[*mut [T]]) -> u64 {
        let shares = |output: *mut [T], input: &RawSource<T>| match input {
            RawSource::Full(data) => std::ptr::addr_eq(*data, output),
            _ => false,
        };
        let apart = |bound: &Bound| !inputs.iter().any(|input| shares(outputs[bound.port], input));
        self.direct
            .iter()
            .take(64)
            .enumerate()
            .fold(0, |bits, (number, bound)| bits | u64::from(apart(bound)) << number)
    }
}
