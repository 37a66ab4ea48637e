//! The interpreter: every instruction on every tile.

use std::slice::{from_raw_parts, from_raw_parts_mut};

use pulp::{Simd, WithSimd};

use super::compile::{Instruction, Program, Slot, Written};
use super::geometry::{Geometry, STRANDS, pad};
use super::kernels::{self, LANES, Operand};
use super::lower::{Extent, Op};
use super::rows;
use super::source::RawSource;
use crate::Float;

/// One run, with its memory laid out.
pub struct Run<'a, T> {
    pub(super) program: &'a Program,
    pub(super) g: Geometry,
    pub(super) inputs: &'a [RawSource<T>],
    pub(super) outputs: &'a [*mut [T]],
    /// The scalar values, each repeated over a vector.
    pub(super) scalars: *mut T,
    pub(super) columns: *mut T,
    pub(super) registers: *mut T,
    /// The running pairs of the sums: all sums of one, then all its rests, then those of the next.
    pub(super) sums: *mut T,
    /// A bit for each output that kernels may work in.
    pub(super) direct: u64,
}

/// The part of the iteration space that instructions work on.
#[derive(Clone, Copy)]
struct Tile {
    row: usize,
    col: usize,
    rows: usize,
    /// Columns.
    width: usize,
    /// Elements: rows times columns.
    length: usize,
    /// Where it begins in a full array.
    offset: usize,
    /// Whether it fills whole vectors, so that kernels may work on the caller's memory.
    exact: bool,
}

impl Tile {
    #[inline(always)]
    fn new(g: &Geometry, row: usize, col: usize) -> Tile {
        let (rows, width) = (g.height.min(g.rows - row), g.width.min(g.inner - col));
        let length = rows * width;
        Tile { row, col, rows, width, length, offset: row * g.inner + col, exact: length % LANES == 0 }
    }

    /// The stand-in on which instructions run that do not belong to a tile.
    #[inline(always)]
    fn once(length: usize) -> Tile {
        Tile { row: 0, col: 0, rows: 1, width: length, length, offset: 0, exact: false }
    }
}

impl<T: Float> WithSimd for Run<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        // SAFETY: who makes a `Run` has checked lengths and vouches for pointers, as `run_raw` says.
        unsafe { self.all() }
    }
}

impl<T: Float> Run<'_, T> {
    #[inline(always)]
    unsafe fn all(&self) {
        let (program, g) = (self.program, &self.g);
        for number in 0..program.sums {
            let (sums, rests) = unsafe { self.pairs(number) };
            sums.fill(T::ZERO);
            rests.fill(T::ZERO);
        }
        let (mut row, mut col) = (0, 0);
        let mut phase = 0;
        // One loop for all phases, so that the interpreter's code exists once.
        loop {
            let (instructions, tile) = match phase {
                0 => (&program.scalar, Tile::once(1)),
                1 => (&program.column, Tile::once(g.column)),
                _ if row < g.rows => (&program.tile, Tile::new(g, row, col)),
                _ => break,
            };
            for instruction in instructions {
                unsafe { self.step(instruction, tile) };
            }
            if phase < 2 {
                phase += 1;
                continue;
            }
            col += tile.width;
            if col >= g.inner {
                (row, col) = (row + g.height, 0);
            }
        }
        unsafe { self.finish() };
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
            let strands = if matches!(written, Written::TotalSum(_)) { STRANDS } else { sums.len() };
            // Fewer elements than strands leave the last ones empty.
            let used = strands.min(self.g.rows * self.g.inner).next_multiple_of(period.max(1));
            let used = used.max(period);
            rows::totals(unsafe { &mut **output }, &mut sums[..used], &mut rests[..used]);
        }
    }

    /// The running pairs of a sum.
    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "each sum's memory is borrowed once at a time")]
    unsafe fn pairs(&self, number: usize) -> (&mut [T], &mut [T]) {
        let strands = self.g.strands;
        unsafe {
            let base = self.sums.add(number * 2 * strands);
            (from_raw_parts_mut(base, strands), from_raw_parts_mut(base.add(strands), strands))
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
                _ => Operand::Vector(from_raw_parts(place, length)),
            }
        }
    }

    /// Executes one instruction on one tile.
    #[inline(always)]
    unsafe fn step(&self, instruction: &Instruction, tile: Tile) {
        let &Instruction { op, extent, to: slot, args } = instruction;
        // Kernels run over whole vectors; what they make of the padding is never read.
        let count = match extent {
            Extent::Scalar => LANES,
            Extent::Row => pad(tile.rows),
            Extent::Col | Extent::Full => pad(tile.length),
        };
        unsafe {
            let to = || from_raw_parts_mut(self.place(slot, tile), count);
            let arg = |i: usize| self.operand(args[i], tile, count);
            let full = |i: usize| from_raw_parts(self.place(args[i], tile).cast_const(), tile.length);
            match op {
                Op::Input(input) => self.load(input, slot, tile),
                Op::Constant(value) => to().fill(T::from_f64(value)),
                Op::Unary(f) => kernels::unary(f, to(), from_raw_parts(self.place(args[0], tile), count)),
                Op::Binary(f) => kernels::binary(f, to(), arg(0), arg(1)),
                Op::MulAdd => kernels::mul_add(to(), arg(0), arg(1), arg(2)),
                Op::MulSub => kernels::mul_sub(to(), arg(0), arg(1), arg(2)),
                Op::NegMulAdd => kernels::neg_mul_add(to(), arg(0), arg(1), arg(2)),
                Op::Select => kernels::select(to(), arg(0), arg(1), arg(2)),
                Op::Spread => match arg(0) {
                    Operand::One(value) => to().fill(value),
                    Operand::Vector(_) => {
                        rows::spread(to(), from_raw_parts(self.place(args[0], tile), tile.rows), tile.width);
                    }
                },
                Op::Reduce(kind) => rows::reduce(kind, &mut to()[..tile.rows], full(0), tile.width),
                Op::OneHot(input) => {
                    rows::one_hot(&mut to()[..tile.length], self.indices(input, tile), tile.col, tile.width);
                }
                Op::Pick(input) => rows::pick(to(), full(0), self.indices(input, tile), tile.width),
                Op::Store(output) => self.store(output, extent, args[0], tile),
                Op::ColSum(number) => {
                    let (sums, rests) = self.pairs(number);
                    rows::accumulate(&mut sums[tile.col..], &mut rests[tile.col..], full(0));
                }
                Op::TotalSum(number) => {
                    let (sums, rests) = self.pairs(number);
                    rows::accumulate(&mut sums[..STRANDS], &mut rests[..STRANDS], full(0));
                }
            }
        }
    }

    /// The column numbers of the tile's rows.
    #[inline(always)]
    unsafe fn indices(&self, input: usize, tile: Tile) -> &[i64] {
        match self.inputs[input] {
            RawSource::RowIndex(data) => unsafe { from_raw_parts(data.cast::<i64>().add(tile.row), tile.rows) },
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
                    let first = start + tile.row;
                    rows::gather(from_raw_parts_mut(to, tile.rows), &*data, first, div, modulo);
                }
                RawSource::Col(data) => {
                    let to = from_raw_parts_mut(to, self.g.column);
                    for to in to.chunks_mut(self.g.inner.max(1)) {
                        let length = to.len().min(self.g.inner);
                        to[..length].copy_from_slice(&(&*data)[..length]);
                    }
                }
                RawSource::Scalar(value) => from_raw_parts_mut(to, LANES).fill(value),
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
