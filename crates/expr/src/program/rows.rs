//! The loops that know rows: reductions, running sums, and what spreads or picks by row.

use super::kernels::{LANES, greater, lesser};
use super::spec::Reduce;
use crate::Float;

/// How many strands a long row is reduced in.
const STRANDS: usize = 32;

/// A reduction as it runs along one strand. The state is a pair, of which all but the sum use the first half.
trait Strand<T: Float> {
    const START: T;
    fn step(state: (T, T), x: T) -> (T, T);
    fn finish(state: (T, T)) -> T {
        state.0
    }
    /// Joins a strand with one that follows it.
    fn join(state: (T, T), next: (T, T)) -> (T, T) {
        Self::step(state, next.0)
    }
}

/// The sum and, apart, what rounding has taken from it (Knuth's TwoSum).
pub(super) struct Sum;
struct Max;
struct Min;
struct Prod;

impl<T: Float> Strand<T> for Sum {
    const START: T = T::ZERO;

    #[inline(always)]
    fn step((sum, rest): (T, T), x: T) -> (T, T) {
        let next = sum + x;
        let back = next - sum;
        (next, rest + ((sum - (next - back)) + (x - back)))
    }

    /// A sum that is not finite is not corrected by a rest that makes no sense.
    #[inline(always)]
    fn finish((sum, rest): (T, T)) -> T {
        if rest.finite() { sum + rest } else { sum }
    }

    #[inline(always)]
    fn join(state: (T, T), next: (T, T)) -> (T, T) {
        let (sum, rest) = Self::step(state, next.0);
        (sum, rest + next.1)
    }
}

impl<T: Float> Strand<T> for Max {
    const START: T = T::NEG_INFINITY;

    #[inline(always)]
    fn step((best, _): (T, T), x: T) -> (T, T) {
        (greater(best, x), T::ZERO)
    }
}

impl<T: Float> Strand<T> for Min {
    const START: T = T::INFINITY;

    #[inline(always)]
    fn step((best, _): (T, T), x: T) -> (T, T) {
        (lesser(best, x), T::ZERO)
    }
}

impl<T: Float> Strand<T> for Prod {
    const START: T = T::ONE;

    #[inline(always)]
    fn step((product, _): (T, T), x: T) -> (T, T) {
        (product * x, T::ZERO)
    }
}

/// Reduces each row of `width` elements of `x` to one element of `to`.
#[inline(always)]
pub(super) fn reduce<T: Float>(kind: Reduce, to: &mut [T], x: &[T], width: usize) {
    match kind {
        Reduce::Sum => rows::<Sum, T>(to, x, width),
        Reduce::Max => rows::<Max, T>(to, x, width),
        Reduce::Min => rows::<Min, T>(to, x, width),
        Reduce::Prod => rows::<Prod, T>(to, x, width),
    }
}

/// A short row is one strand, so that its neighbours run beside it in a vector; a long one is cut into strands.
#[inline(always)]
fn rows<R: Strand<T>, T: Float>(to: &mut [T], x: &[T], width: usize) {
    if width >= STRANDS {
        for (to, row) in to.iter_mut().zip(x.chunks_exact(width)) {
            *to = long_row::<R, T>(row);
        }
        return;
    }
    let (groups, rest) = to.as_chunks_mut::<LANES>();
    let (x, tail) = x.split_at(groups.len() * LANES * width);
    for (number, to) in groups.iter_mut().enumerate() {
        let block = &x[number * LANES * width..][..LANES * width];
        let (mut states, mut rests) = ([R::START; LANES], [T::ZERO; LANES]);
        for column in 0..width {
            for lane in 0..LANES {
                // SAFETY: the block holds LANES rows of `width` elements.
                let x = unsafe { *block.get_unchecked(lane * width + column) };
                (states[lane], rests[lane]) = R::step((states[lane], rests[lane]), x);
            }
        }
        for lane in 0..LANES {
            to[lane] = R::finish((states[lane], rests[lane]));
        }
    }
    for (row, to) in rest.iter_mut().enumerate() {
        let row = &tail[row * width..][..width];
        *to = R::finish(row.iter().fold((R::START, T::ZERO), |state, &x| R::step(state, x)));
    }
}

#[inline(always)]
fn long_row<R: Strand<T>, T: Float>(row: &[T]) -> T {
    let (chunks, tail) = row.as_chunks::<STRANDS>();
    let (mut states, mut rests) = strands::<R, T>(chunks);
    for (lane, &x) in tail.iter().enumerate() {
        (states[lane], rests[lane]) = R::step((states[lane], rests[lane]), x);
    }
    fold::<R, T>(&mut states, &mut rests, 1);
    R::finish((states[0], rests[0]))
}

/// The strands of whole chunks, in registers: what is indexed by a variable lies in memory.
#[inline(always)]
fn strands<R: Strand<T>, T: Float>(chunks: &[[T; STRANDS]]) -> ([T; STRANDS], [T; STRANDS]) {
    let (mut states, mut rests) = ([R::START; STRANDS], [T::ZERO; STRANDS]);
    for chunk in chunks {
        for lane in 0..STRANDS {
            (states[lane], rests[lane]) = R::step((states[lane], rests[lane]), chunk[lane]);
        }
    }
    (states, rests)
}

/// Joins strands that lie `period` apart, half of them at a time, into the first `period`.
#[inline(always)]
fn fold<R: Strand<T>, T: Float>(states: &mut [T], rests: &mut [T], period: usize) {
    let mut count = states.len() / period.max(1);
    while count > 1 {
        let half = count.div_ceil(2);
        let (low, high) = states.split_at_mut(half * period);
        let (low_rests, high_rests) = rests.split_at_mut(half * period);
        let high = &high[..(count - half) * period];
        for (((state, rest), &next), &next_rest) in low.iter_mut().zip(low_rests).zip(high).zip(&*high_rests) {
            (*state, *rest) = R::join((*state, *rest), (next, next_rest));
        }
        count = half;
    }
}

/// Adds each of `x` to the running pairs `sums`, `rests`, over and over in turn. `x` begins at the first pair.
#[inline(always)]
pub(super) fn accumulate<T: Float>(sums: &mut [T], rests: &mut [T], x: &[T]) {
    for x in x.chunks(sums.len().max(1)) {
        for ((sum, rest), &x) in sums.iter_mut().zip(rests.iter_mut()).zip(x) {
            (*sum, *rest) = Sum::step((*sum, *rest), x);
        }
    }
}

/// Writes the totals of running pairs that lie `to.len()` apart.
#[inline(always)]
pub(super) fn totals<T: Float>(to: &mut [T], sums: &mut [T], rests: &mut [T]) {
    fold::<Sum, T>(sums, rests, to.len());
    for ((to, &sum), &rest) in to.iter_mut().zip(&*sums).zip(&*rests) {
        *to = Sum::finish((sum, rest));
    }
}

/// Repeats each value over a row of `width` elements. `to` is padded to whole vectors.
#[inline(always)]
pub(super) fn spread<T: Float>(to: &mut [T], values: &[T], width: usize) {
    match width {
        0 => return,
        1 => return to[..values.len()].copy_from_slice(values),
        _ => {}
    }
    // Whole vectors run over into the next row, which is written afterwards; they do not fit at the end.
    let padded = width.next_multiple_of(LANES);
    let fit = ((to.len() + width).saturating_sub(padded) / width).min(values.len());
    let mut wide = |vectors: usize| {
        for (row, &value) in values[..fit].iter().enumerate() {
            // SAFETY: so many rows fit.
            let place = unsafe { to.as_mut_ptr().add(row * width).cast::<[T; LANES]>() };
            (0..vectors).for_each(|k| unsafe { place.add(k).write([value; LANES]) });
        }
    };
    // Few vectors are no loop.
    match padded / LANES {
        1 => wide(1),
        2 => wide(2),
        vectors => wide(vectors),
    }
    for (row, &value) in values.iter().enumerate().skip(fit) {
        to[row * width..][..width].fill(value);
    }
}

/// Writes 1 at each row's index and 0 elsewhere. The rows are cut from wider ones at column `col`.
#[inline(always)]
pub(super) fn one_hot<T: Float>(to: &mut [T], indices: &[i64], col: usize, width: usize) {
    to.fill(T::ZERO);
    for (row, &index) in indices.iter().enumerate() {
        let column = usize::try_from(index).ok().and_then(|index| index.checked_sub(col));
        if let Some(column) = column.filter(|&column| column < width) {
            to[row * width + column] = T::ONE;
        }
    }
}

/// Takes the element at each row's index, or 0 where it lies outside.
#[inline(always)]
pub(super) fn pick<T: Float>(to: &mut [T], x: &[T], indices: &[i64], width: usize) {
    for (row, (to, &index)) in to.iter_mut().zip(indices).enumerate() {
        let column = usize::try_from(index).ok().filter(|&column| column < width);
        *to = column.map_or(T::ZERO, |column| x[row * width + column]);
    }
}

/// Fetches the values of rows from `first` on: row r has `data[(r / div) % modulo]`.
#[inline(always)]
pub(super) fn gather<T: Float>(to: &mut [T], data: &[T], first: usize, div: usize, modulo: usize) {
    let (mut index, mut within) = if first == 0 { (0, 0) } else { (first / div % modulo, first % div) };
    if div == 1 && index + to.len() <= modulo {
        to.copy_from_slice(&data[index..][..to.len()]);
        return;
    }
    for to in to {
        *to = data[index];
        within += 1;
        if within == div {
            within = 0;
            index = if index + 1 == modulo { 0 } else { index + 1 };
        }
    }
}
