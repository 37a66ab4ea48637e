//! The interpreter: every instruction on every tile.

use std::hint::black_box;
use std::slice::{from_raw_parts, from_raw_parts_mut};

use pulp::{Simd, WithSimd};

use super::compile::{Bound, Home, Instruction, Program, Slot, Written};
use super::geometry::{Geometry, STRANDS};
use super::kernels::{self, LANES, Stream, Target};
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
    /// Where the values of each home begin, and the elements from one to the next. A scalar is repeated over a vector.
    pub(super) homes: [(*mut T, usize); 3],
    /// Where each slot of the program lies for the tile at hand.
    pub(super) places: *mut *mut T,
    /// The running pairs of the sums: all sums of one, then all its rests, then those of the next.
    pub(super) sums: *mut T,
    /// A bit for each of the program's direct slots whose output shares no input's memory.
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
    /// The vectors of a value of each extent.
    vectors: [usize; 4],
}

impl Tile {
    #[inline(always)]
    fn new(row: usize, col: usize, rows: usize, width: usize, offset: usize) -> Tile {
        let length = rows * width;
        let mut vectors = [length.div_ceil(LANES); 4];
        vectors[Extent::Scalar as usize] = 1;
        vectors[Extent::Row as usize] = rows.div_ceil(LANES);
        Tile { row, col, rows, width, length, offset, exact: length.is_multiple_of(LANES), vectors }
    }
}

impl<T: Float> WithSimd for &Run<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        // SAFETY: who makes a `Run` has checked lengths and vouches for pointers, as `run_raw` says.
        unsafe { self.all::<S>() }
    }
}

impl<T: Float> Run<'_, T> {
    #[inline(always)]
    unsafe fn all<S: Simd>(&self) {
        let (program, g) = (self.program, &self.g);
        for number in 0..program.sums {
            let (sums, rests) = unsafe { self.pairs(number) };
            sums.fill(T::ZERO);
            rests.fill(T::ZERO);
        }
        for (number, &slot) in program.slots.iter().enumerate() {
            unsafe { *self.places.add(number) = self.home(slot) };
        }
        for &(slot, value) in &program.constants {
            unsafe { from_raw_parts_mut(*self.places.add(slot), LANES) }.fill(T::from_f64(value));
        }
        let (mut row, mut col) = (0, 0);
        let mut once = true;
        // One loop for both kinds of instructions, so that the interpreter's code exists once.
        loop {
            let (instructions, tile) = match once {
                // The stand-in for a tile where there is none.
                true => (&program.once, Tile::new(0, 0, 1, g.column, 0)),
                false if row < g.rows => {
                    let (rows, width) = (g.height.min(g.rows - row), g.width.min(g.inner - col));
                    (&program.tile, Tile::new(row, col, rows, width, row * g.inner + col))
                }
                false => break,
            };
            unsafe {
                if !once {
                    self.bind(tile);
                }
                for instruction in instructions {
                    // What only some instructions need is not worth computing ahead for all of them.
                    let (run, tile) = black_box((self, &tile));
                    run.step(instruction, tile);
                }
                if once {
                    once = false;
                    continue;
                }
                self.release::<S>(tile);
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
        #[cfg(target_arch = "x86_64")]
        if !self.program.streamed.is_empty() {
            // What was written past the caches is in its place before anyone is told of it.
            unsafe { std::arch::x86_64::_mm_sfence() };
        }
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

    /// Where a slot's value begins in the scratch.
    #[inline(always)]
    unsafe fn home(&self, slot: Slot) -> *mut T {
        let (base, stride) = self.homes[slot.home as usize];
        unsafe { base.add(slot.number * stride) }
    }

    /// Sets the places of the slots that depend on the tile, and fetches what kernels cannot read where it is.
    #[inline(always)]
    unsafe fn bind(&self, tile: Tile) {
        unsafe {
            for &Bound { slot, port } in &self.program.fed {
                let RawSource::Full(data) = self.inputs[port] else { continue };
                let from = data.cast::<T>().add(tile.offset);
                *self.places.add(slot) = if tile.exact {
                    from.cast_mut()
                } else {
                    let home = self.home(self.program.slots[slot]);
                    std::ptr::copy_nonoverlapping(from, home, tile.length);
                    home
                };
            }
            for (number, &Bound { slot, port }) in self.program.direct.iter().enumerate() {
                *self.places.add(slot) = if tile.exact && number < 64 && self.direct >> number & 1 == 1 {
                    self.outputs[port].cast::<T>().add(tile.offset)
                } else {
                    self.home(self.program.slots[slot])
                };
            }
            if self.g.width < self.g.inner {
                for (number, &slot) in self.program.slots.iter().enumerate() {
                    if slot.home == Home::Column {
                        *self.places.add(number) = self.home(slot).add(tile.col);
                    }
                }
            }
        }
    }

    /// Writes the full values that were not computed in their outputs, when the whole tile has been read.
    #[inline(always)]
    unsafe fn release<S: Simd>(&self, tile: Tile) {
        unsafe {
            for &Bound { slot, port } in &self.program.stored {
                let from = (*self.places.add(slot)).cast_const();
                let to = self.outputs[port].cast::<T>().add(tile.offset);
                if !std::ptr::eq(from, to) {
                    std::ptr::copy_nonoverlapping(from, to, tile.length);
                }
            }
            for &Bound { slot, port } in &self.program.streamed {
                let from = (*self.places.add(slot)).cast_const();
                stream::<T, S>(from, self.outputs[port].cast::<T>().add(tile.offset), tile.length);
            }
        }
    }

    /// Executes one instruction on one tile.
    #[inline(always)]
    unsafe fn step(&self, instruction: &Instruction, tile: &Tile) {
        let &Instruction { op, extent, to, args } = instruction;
        unsafe {
            let to = *self.places.add(to);
            // Kernels run over whole vectors; what they make of the padding is never read.
            let target = Target { place: to, vectors: tile.vectors[extent as usize] };
            let [a, b, c] = args.map(|arg| Stream { place: (*self.places.add(arg.slot)).cast_const(), step: arg.step });
            let full = || from_raw_parts(a.place, tile.length);
            match op {
                Op::Input(input) => self.load(input, to, tile),
                // Bound once for the run.
                Op::Constant(_) | Op::Beside => {}
                Op::Unary(f) => kernels::unary(f, target, a),
                Op::Binary(f) => kernels::binary(f, target, a, b),
                Op::MulAdd | Op::MulSub | Op::NegMulAdd | Op::PowDifference | Op::Select => {
                    kernels::ternary(op, target, [a, b, c])
                }
                Op::SigmoidSlope(_) => kernels::sigmoid_slope(target, b.place.cast_mut(), a),
                Op::Spread => {
                    let to = from_raw_parts_mut(to, target.vectors * LANES);
                    if a.step == 0 {
                        to.fill(*a.place);
                    } else {
                        rows::spread(to, from_raw_parts(a.place, tile.rows), tile.width);
                    }
                }
                Op::Reduce(kind) => rows::reduce(kind, from_raw_parts_mut(to, tile.rows), full(), tile.width),
                Op::OneHot(input) => {
                    let to = from_raw_parts_mut(to, tile.length);
                    rows::one_hot(to, self.indices(input, tile), tile.col, tile.width);
                }
                Op::Pick(input) => {
                    let to = from_raw_parts_mut(to, tile.rows);
                    rows::pick(to, full(), self.indices(input, tile), tile.width);
                }
                Op::Store(output) => self.store(output, extent, a.place, tile),
                Op::ColSum(number) => {
                    let (sums, rests) = self.pairs(number);
                    rows::accumulate(&mut sums[tile.col..], &mut rests[tile.col..], full());
                }
                Op::TotalSum(number) => {
                    let (sums, rests) = self.pairs(number);
                    rows::accumulate(&mut sums[..STRANDS], &mut rests[..STRANDS], full());
                }
            }
        }
    }

    /// The column numbers of the tile's rows.
    #[inline(always)]
    unsafe fn indices(&self, input: usize, tile: &Tile) -> &[i64] {
        match self.inputs[input] {
            RawSource::RowIndex(data) => unsafe { from_raw_parts(data.cast::<i64>().add(tile.row), tile.rows) },
            _ => &[],
        }
    }

    /// Fetches an input narrower than the tile to its place.
    #[inline(always)]
    unsafe fn load(&self, input: usize, to: *mut T, tile: &Tile) {
        unsafe {
            match self.inputs[input] {
                RawSource::Row { data, start, div, modulo } => {
                    rows::gather(from_raw_parts_mut(to, tile.rows), &*data, start + tile.row, div, modulo);
                }
                RawSource::Col(data) => {
                    let to = from_raw_parts_mut(to, self.g.column);
                    for to in to.chunks_mut(self.g.inner.max(1)) {
                        let length = to.len().min(self.g.inner);
                        to[..length].copy_from_slice(&(&*data)[..length]);
                    }
                }
                RawSource::Scalar(value) => from_raw_parts_mut(to, LANES).fill(value),
                // Full inputs are bound with the tile, and no kernel reads indices.
                RawSource::Full(_) | RawSource::RowIndex(_) => {}
            }
        }
    }

    /// Writes a value narrower than the tile into its output.
    #[inline(always)]
    unsafe fn store(&self, output: usize, extent: Extent, from: *const T, tile: &Tile) {
        let to = self.outputs[output].cast::<T>();
        unsafe {
            match extent {
                Extent::Scalar => *to = *from,
                Extent::Col => std::ptr::copy_nonoverlapping(from, to, self.g.inner),
                Extent::Row => std::ptr::copy_nonoverlapping(from, to.add(tile.row), tile.rows),
                // Full values are written when the tile has been read.
                Extent::Full => {}
            }
        }
    }
}

/// Copies elements past the caches, where the processor knows a way: by whole vectors of `S`, since what waits to be
/// written, and lets the next tile begin, is a number of stores.
#[inline(always)]
unsafe fn stream<T, S: Simd>(from: *const T, to: *mut T, length: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{
            _mm_loadu_si128, _mm_stream_si128, _mm256_loadu_si256, _mm256_stream_si256, _mm512_loadu_si512,
            _mm512_stream_si512,
        };
        let bytes = size_of::<S::f32s>();
        let width = bytes / size_of::<T>();
        let head = to.align_offset(bytes).min(length);
        let whole = (length - head) / width * width;
        // SAFETY: the caller vouches for both memories and runs where there are the instructions of `S`, whose vectors are
        // that wide; a store past the caches begins at a multiple of its width.
        unsafe {
            std::ptr::copy_nonoverlapping(from, to, head);
            for i in (head..head + whole).step_by(width) {
                let (from, to) = (from.add(i), to.add(i));
                match bytes {
                    64 => _mm512_stream_si512(to.cast(), _mm512_loadu_si512(from.cast())),
                    32 => _mm256_stream_si256(to.cast(), _mm256_loadu_si256(from.cast())),
                    _ => _mm_stream_si128(to.cast(), _mm_loadu_si128(from.cast())),
                }
            }
            let done = head + whole;
            std::ptr::copy_nonoverlapping(from.add(done), to.add(done), length - done);
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    // SAFETY: passed on.
    unsafe {
        std::ptr::copy_nonoverlapping(from, to, length);
    }
}
