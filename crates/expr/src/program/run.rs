//! Running a program: the geometry of tiles, and the interpreter over them.

use std::sync::OnceLock;

use pulp::{Arch, Simd, WithSimd};

use super::compile::{Instruction, Layout, Program, Slot, Written};
use super::kernels::{self, LANES, Operand};
use super::lower::{Extent, Op};
use super::spec::Input;
use crate::Float;

/// The bytes that the registers of a tile share: about the half of a first-level cache.
const TILE_BYTES: usize = 16 << 10;
/// The least and the greatest number of elements of a tile that may be cut.
const TILE: (usize, usize) = (256, 1024);
/// Sums over tiles run in at least this many strands.
const STRANDS: usize = 32;
/// Scratch starts at a multiple of this many bytes.
const ALIGN: usize = 64;

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

/// A [`Source`] whose memory may also be written, for [`Program::run_raw`].
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

/// How a run cuts its iteration space; a function of the sizes and the program alone.
#[derive(Clone, Copy)]
struct Geometry {
    rows: usize,
    inner: usize,
    /// Rows in a tile.
    height: usize,
    /// Columns in a tile.
    width: usize,
    /// Elements of a register: a tile, padded.
    register: usize,
    /// Elements of a column's storage: a tile of whole rows, or a row, padded.
    column: usize,
    /// Running pairs of a sum.
    strands: usize,
}

fn pad(length: usize) -> usize {
    length.next_multiple_of(LANES)
}

impl Program {
    fn geometry<T>(&self, rows: usize, inner: usize) -> Geometry {
        let share = TILE_BYTES / size_of::<T>() / self.registers.max(1);
        let tile = (share & !(STRANDS - 1)).clamp(TILE.0, TILE.1);
        let (rows, inner) = if self.layout == Layout::Flat { (1, rows * inner) } else { (rows, inner) };
        if self.layout != Layout::WholeRows && inner > tile {
            let strands = inner.max(STRANDS);
            return Geometry { rows, inner, height: 1, width: tile, register: tile, column: pad(inner), strands };
        }
        // Rows that together fill whole vectors, where as many fit.
        let unit = LANES / gcd(LANES, inner.max(1));
        let fit = tile / inner.max(1);
        let height = if fit >= unit { fit - fit % unit } else { 1 };
        let strands = if inner < 2 * STRANDS { inner.max(1) * unit * STRANDS.div_ceil(inner.max(1) * unit) } else { inner };
        let height = height.min(rows.max(1));
        let register = pad(height * inner).max(LANES).max(pad(height));
        Geometry { rows, inner, height, width: inner, register, column: register, strands }
    }

    /// The elements of scratch that `run` needs at that `inner`, whatever `rows` is.
    pub fn scratch<T: Float>(&self, inner: usize) -> usize {
        // A flat program sees one row; so does its scratch.
        let rows = if self.layout == Layout::Flat { TILE.1.div_ceil(inner.max(1)) } else { TILE.1 };
        let g = self.geometry::<T>(rows, inner);
        let strands = if self.layout == Layout::Flat { STRANDS } else { g.strands };
        ALIGN / size_of::<T>()
            + self.scalars * LANES
            + self.columns * g.column
            + self.registers * g.register
            + self.sums * 2 * strands
    }

    /// Runs over `rows x inner` elements. Inputs and outputs are in the order of the [`Spec`](crate::Spec); every
    /// element of every output is written. Nothing is allocated.
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
        // A reference to a slice and a pointer to one have the same layout, and so have the two enums.
        let inputs = unsafe { &*(std::ptr::from_ref(inputs) as *const [RawSource<T>]) };
        let outputs = unsafe { &*(std::ptr::from_mut(outputs) as *const [*mut [T]]) };
        // References guarantee validity and that no output overlaps anything.
        unsafe { self.run_raw(rows, inner, inputs, outputs, scratch) }
    }

    /// As [`run`](Program::run), where an output may be the very memory of a full input, for updates in place: a tile
    /// is read whole before any of it is written.
    ///
    /// # Safety
    ///
    /// Every pointer is valid for its length, to read or to write, and nothing else writes there meanwhile. An output
    /// either overlaps no input, or has the same address and length as a full input, is a full `Store`, and overlaps
    /// no other input. No two outputs overlap, and none overlaps `scratch`.
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
        let g = self.geometry::<T>(rows, inner);
        self.check(rows, inner, inputs, outputs, scratch.len());
        if rows == 0 {
            // Sums over no rows are zero; there is nothing else to write but columns and scalars.
        }
        let skip = scratch.as_ptr().align_offset(ALIGN).min(ALIGN / size_of::<T>());
        let scalars = unsafe { scratch.as_mut_ptr().add(skip) };
        let columns = unsafe { scalars.add(self.scalars * LANES) };
        let registers = unsafe { columns.add(self.columns * g.column) };
        let sums = unsafe { registers.add(self.registers * g.register) };
        let strands = if self.layout == Layout::Flat { STRANDS } else { g.strands };
        let direct = direct(inputs, outputs);
        let run = Run { program: self, g, inputs, outputs, scalars, columns, registers, sums, strands, direct };
        ARCH.get_or_init(Arch::new).dispatch(run);
    }

    /// Holds lengths and kinds against what the spec asks for.
    fn check<T>(&self, rows: usize, inner: usize, inputs: &[RawSource<T>], outputs: &[*mut [T]], scratch: usize)
    where
        T: Float,
    {
        let full = rows.checked_mul(inner).expect("the iteration space is too large");
        assert_eq!(inputs.len(), self.inputs.len(), "number of inputs");
        assert_eq!(outputs.len(), self.outputs.len(), "number of outputs");
        for (number, (source, input)) in inputs.iter().zip(&self.inputs).enumerate() {
            let fits = match (source, input) {
                (RawSource::Full(data), Input::Full) => data.len() == full,
                (RawSource::Row { data, div, modulo, .. }, Input::Row) => {
                    *div > 0 && *modulo > 0 && *modulo <= data.len()
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
        assert!(scratch >= self.scratch::<T>(inner), "scratch is shorter than declared");
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// A bit for each output (of the first 64) that overlaps no full input, so that kernels may write into it.
fn direct<T>(inputs: &[RawSource<T>], outputs: &[*mut [T]]) -> u64 {
    let mut direct = 0;
    for (number, output) in outputs.iter().take(64).enumerate() {
        let apart = |input: &RawSource<T>| match input {
            RawSource::Full(data) => !std::ptr::addr_eq(*data as *const T, *output as *const T),
            _ => true,
        };
        if inputs.iter().all(apart) {
            direct |= 1 << number;
        }
    }
    direct
}

/// One run, with its memory laid out.
struct Run<'a, T> {
    program: &'a Program,
    g: Geometry,
    inputs: &'a [RawSource<T>],
    outputs: &'a [*mut [T]],
    scalars: *mut T,
    columns: *mut T,
    registers: *mut T,
    sums: *mut T,
    strands: usize,
    direct: u64,
}

/// The part of the iteration space that instructions work on.
#[derive(Clone, Copy)]
struct Tile {
    row: usize,
    col: usize,
    rows: usize,
    /// Elements: rows times columns.
    length: usize,
    /// Where it begins in a full array.
    offset: usize,
    /// Whether it fills whole vectors, so that kernels may work on the caller's memory.
    exact: bool,
}

impl<T: Float> WithSimd for Run<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        unsafe { self.all() }
    }
}

impl<T: Float> Run<'_, T> {
    #[inline(always)]
    unsafe fn all(&self) {
        unsafe {
            let g = self.g;
            let sums = self.program.sums * 2 * self.strands;
            std::slice::from_raw_parts_mut(self.sums, sums).fill(T::ZERO);
            let once = [(&self.program.scalar, 1), (&self.program.column, g.column), (&self.program.tile, 0)];
            for (phase, (instructions, length)) in once.into_iter().enumerate() {
                if phase < 2 {
                    let tile = Tile { row: 0, col: 0, rows: 1, length, offset: 0, exact: false };
                    for instruction in instructions {
                        self.step(instruction, tile);
                    }
                    continue;
                }
                for row in (0..g.rows).step_by(g.height) {
                    let rows = g.height.min(g.rows - row);
                    let mut col = 0;
                    loop {
                        let width = g.width.min(g.inner - col);
                        let length = rows * width;
                        let offset = row * g.inner + col;
                        let tile = Tile { row, col, rows, length, offset, exact: length % LANES == 0 };
                        for instruction in instructions {
                            self.step(instruction, tile);
                        }
                        col += width;
                        if col >= g.inner {
                            break;
                        }
                    }
                }
            }
            self.finish();
        }
    }

    /// Writes the sums over tiles.
    #[inline(always)]
    unsafe fn finish(&self) {
        for (written, output) in self.program.outputs.iter().zip(self.outputs) {
            let (number, period) = match *written {
                Written::Store(_) => continue,
                Written::ColSum(number) => (number, self.g.inner),
                Written::TotalSum(number) => (number, 1),
            };
            let (sums, rests) = unsafe { self.pairs(number) };
            let output = unsafe { &mut **output };
            for (column, to) in output.iter_mut().enumerate() {
                let mut pair = (T::ZERO, T::ZERO);
                for strand in (column..sums.len()).step_by(period) {
                    let (sum, lost) = kernels::add(pair, sums[strand]);
                    pair = (sum, lost + rests[strand]);
                }
                *to = kernels::total(pair);
            }
        }
    }

    /// The running pairs of a sum.
    #[inline(always)]
    unsafe fn pairs(&self, number: usize) -> (&mut [T], &mut [T]) {
        let (length, base) = (self.strands, unsafe { self.sums.add(number * 2 * self.strands) });
        unsafe {
            (
                std::slice::from_raw_parts_mut(base, length),
                std::slice::from_raw_parts_mut(base.add(length), length),
            )
        }
    }

    /// Where a slot's value begins for this tile.
    #[inline(always)]
    unsafe fn place(&self, slot: Slot, tile: Tile) -> *mut T {
        let register = |number: usize| unsafe { self.registers.add(number * self.g.register) };
        unsafe {
            match slot {
                Slot::Scalar(number) => self.scalars.add(number * LANES),
                Slot::Column(number) => self.columns.add(number * self.g.column + tile.col),
                Slot::Register(number) => register(number),
                Slot::Input { input, register: number } => match self.inputs[input] {
                    RawSource::Full(data) if tile.exact => data.cast::<T>().cast_mut().add(tile.offset),
                    _ => register(number),
                },
                Slot::Output { output, register: number } => {
                    if self.is_direct(output, tile) {
                        self.outputs[output].cast::<T>().add(tile.offset)
                    } else {
                        register(number)
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn is_direct(&self, output: usize, tile: Tile) -> bool {
        tile.exact && output < 64 && self.direct >> output & 1 == 1
    }

    #[inline(always)]
    unsafe fn operand(&self, slot: Slot, tile: Tile, length: usize) -> Operand<'_, T> {
        unsafe {
            let place = self.place(slot, tile);
            match slot {
                Slot::Scalar(_) => Operand::One(*place),
                _ => Operand::Vector(std::slice::from_raw_parts(place, length)),
            }
        }
    }

    /// Executes one instruction on one tile.
    #[inline(always)]
    unsafe fn step(&self, instruction: &Instruction, tile: Tile) {
        unsafe {
            let &Instruction { op, extent, to: slot, args } = instruction;
            let count = match extent {
                Extent::Scalar => LANES,
                Extent::Row => pad(tile.rows),
                Extent::Col | Extent::Full => pad(tile.length),
            };
            let to = || std::slice::from_raw_parts_mut(self.place(slot, tile), count);
            let arg = |i: usize| self.operand(args[i], tile, count);
            let full = |i: usize| std::slice::from_raw_parts(self.place(args[i], tile).cast_const(), tile.length);
            match op {
                Op::Input(input) => self.load(input, slot, tile),
                Op::Constant(value) => to().fill(T::from_f64(value)),
                Op::Unary(f) => kernels::unary(f, to(), std::slice::from_raw_parts(self.place(args[0], tile), count)),
                Op::Binary(f) => kernels::binary(f, to(), arg(0), arg(1)),
                Op::MulAdd => kernels::mul_add(to(), arg(0), arg(1), arg(2)),
                Op::MulSub => kernels::mul_sub(to(), arg(0), arg(1), arg(2)),
                Op::NegMulAdd => kernels::neg_mul_add(to(), arg(0), arg(1), arg(2)),
                Op::Select => kernels::select(to(), arg(0), arg(1), arg(2)),
                Op::Spread => match args[0] {
                    Slot::Scalar(_) => kernels::copy(to(), arg(0)),
                    _ => {
                        let width = tile.length / tile.rows.max(1);
                        let values = std::slice::from_raw_parts(self.place(args[0], tile), tile.rows);
                        for (to, &value) in to().chunks_exact_mut(width.max(1)).zip(values) {
                            to.fill(value);
                        }
                    }
                },
                Op::Reduce(kind) => kernels::reduce(kind, &mut to()[..tile.rows], full(0), self.g.inner),
                Op::OneHot(input) => {
                    let (to, width) = (to(), tile.length / tile.rows.max(1));
                    to.fill(T::ZERO);
                    for (row, &index) in self.indices(input, tile).iter().enumerate() {
                        if let Some(col) = usize::try_from(index).ok().and_then(|index| index.checked_sub(tile.col)) {
                            if col < width {
                                to[row * width + col] = T::ONE;
                            }
                        }
                    }
                }
                Op::Pick(input) => {
                    let (to, x, inner) = (to(), full(0), self.g.inner);
                    for (row, &index) in self.indices(input, tile).iter().enumerate() {
                        let index = usize::try_from(index).ok().filter(|&index| index < inner);
                        to[row] = index.map_or(T::ZERO, |index| x[row * inner + index]);
                    }
                }
                Op::Store(output) => self.store(output, extent, args[0], tile),
                Op::ColSum(_) | Op::TotalSum(_) => {
                    let (Written::ColSum(number) | Written::TotalSum(number)) = self.program.outputs[output_of(op)]
                    else {
                        return;
                    };
                    let (sums, rests) = self.pairs(number);
                    if matches!(op, Op::TotalSum(_)) {
                        let strands = sums.len() / STRANDS * STRANDS;
                        kernels::accumulate(&mut sums[..strands.min(STRANDS)], &mut rests[..strands.min(STRANDS)], full(0));
                    } else {
                        let range = if self.g.height == 1 && self.g.width < self.g.inner {
                            tile.col..tile.col + tile.length
                        } else {
                            0..sums.len()
                        };
                        kernels::accumulate(&mut sums[range.clone()], &mut rests[range], full(0));
                    }
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn indices(&self, input: usize, tile: Tile) -> &[i64] {
        match self.inputs[input] {
            RawSource::RowIndex(data) => unsafe {
                std::slice::from_raw_parts(data.cast::<i64>().add(tile.row), tile.rows)
            },
            _ => &[],
        }
    }

    /// Fetches an input into its slot.
    #[inline(always)]
    unsafe fn load(&self, input: usize, slot: Slot, tile: Tile) {
        unsafe {
            let to = self.place(slot, tile);
            match self.inputs[input] {
                RawSource::Full(data) => {
                    if !tile.exact {
                        std::ptr::copy_nonoverlapping(data.cast::<T>().add(tile.offset), to, tile.length);
                    }
                }
                RawSource::Row { data, start, div, modulo } => {
                    let data = data.cast::<T>();
                    for i in 0..tile.rows {
                        *to.add(i) = *data.add((start + tile.row + i) / div % modulo);
                    }
                }
                RawSource::Col(data) => {
                    if self.g.inner > 0 {
                        let to = std::slice::from_raw_parts_mut(to, self.g.column);
                        for to in to.chunks_mut(self.g.inner) {
                            to.copy_from_slice(&(&*data)[..to.len()]);
                        }
                    }
                }
                RawSource::Scalar(value) => std::slice::from_raw_parts_mut(to, LANES).fill(value),
                RawSource::RowIndex(_) => {}
            }
        }
    }

    /// Writes a value into its output, unless it was computed there.
    #[inline(always)]
    unsafe fn store(&self, output: usize, extent: Extent, slot: Slot, tile: Tile) {
        unsafe {
            let from = self.place(slot, tile).cast_const();
            let to = self.outputs[output].cast::<T>();
            match extent {
                Extent::Scalar => *to = *from,
                Extent::Col => std::ptr::copy_nonoverlapping(from, to, self.g.inner),
                Extent::Row => std::ptr::copy_nonoverlapping(from, to.add(tile.row), tile.rows),
                Extent::Full => match slot {
                    Slot::Output { output: own, .. } if own == output && self.is_direct(output, tile) => {}
                    _ => std::ptr::copy(from, to.add(tile.offset), tile.length),
                },
            }
        }
    }
}

fn output_of(op: Op) -> usize {
    match op {
        Op::ColSum(output) | Op::TotalSum(output) => output,
        _ => usize::MAX,
    }
}
