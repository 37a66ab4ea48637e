//! The gradients of [`conv`](crate::conv) by its input and by its weight.
#![allow(unsafe_code)]

use crate::conv::{Conv, Padded};
use crate::correlate::{correlate, correlate_scratch};
use crate::mat::{Accum, Mat};
use crate::micro::{GradTile, TILE_ROWS};
use crate::pack::{pack_panels, packed_len, tiles};
use crate::scratch::Scratch;
use crate::view::Num;
use crate::window::Window;

/// The gradient by the input is a convolution too: of the output's gradient, its rows and columns spread by the stride, with
/// the weight turned around.
fn turned(conv: &Conv) -> Padded {
    let Window { kernel, stride, pad, dilation } = conv.window;
    let window = Window { kernel, stride: [1, 1], pad: [0, 0], dilation };
    let before = [0, 1].map(|k| (dilation[k] * (kernel[k] - 1)) as isize - pad[k] as isize);
    Padded::new(conv.units, conv.out, conv.image, window, stride, before)
}

/// Its groups, units and taps.
fn turned_sizes(conv: &Conv) -> [usize; 3] {
    [conv.groups, conv.channels, conv.units / conv.groups * conv.window.kernel[0] * conv.window.kernel[1]]
}

/// The bytes of scratch that [`conv_input_grad`] wants.
#[must_use]
pub fn conv_input_grad_scratch<T: Num>(conv: &Conv) -> usize {
    8 * Scratch::words(conv.weight_len() * size_of::<T>()) + correlate_scratch::<T>(&turned(conv), turned_sizes(conv))
}

/// Writes to `dx` the gradient by the input, given `dy` by the output, for the items that both hold.
///
/// # Panics
/// When a length does not fit, or `scratch` has less than [`conv_input_grad_scratch`] bytes.
pub fn conv_input_grad<T: Num>(conv: &Conv, dy: &[T], weight: &[T], dx: &mut [T], scratch: &mut Scratch<'_>) {
    assert_eq!(weight.len(), conv.weight_len(), "the weight of {conv:?}");
    let mut scratch = scratch.again();
    let turned_weight = scratch.take::<T>(conv.weight_len());
    let (inputs, outputs) = (conv.channels / conv.groups, conv.units / conv.groups);
    let window = conv.window.kernel[0] * conv.window.kernel[1];
    for (k, taps) in weight.chunks_exact(window.max(1)).enumerate() {
        let (group, o, c) = (k / inputs / outputs, k / inputs % outputs, k % inputs);
        let to = &mut turned_weight[((group * inputs + c) * outputs + o) * window..][..window];
        to.iter_mut().zip(taps.iter().rev()).for_each(|(t, &w)| *t = w);
    }
    correlate(&turned(conv), turned_sizes(conv), dy, turned_weight, None, dx, &mut scratch);
}

/// The bytes of scratch that [`conv_weight_grad`] wants.
#[must_use]
pub fn conv_weight_grad_scratch<T: Num>(conv: &Conv) -> usize {
    let per_group = conv.units / conv.groups;
    let places = conv.out[0] * conv.out[1];
    let width = packed_len::<T>(1, per_group);
    let elements = [width * places, width * conv.taps() * conv.groups];
    elements.map(|n| 8 * Scratch::words(n * size_of::<T>())).iter().sum::<usize>()
        + conv.padded().bytes::<T>(conv.taps())
}

/// Writes or adds to `dweight` the gradient by the weight, given `dy` by the output, summed over the items in order.
///
/// # Panics
/// When a length does not fit, or `scratch` has less than [`conv_weight_grad_scratch`] bytes.
pub fn conv_weight_grad<T: Num>(
    conv: &Conv,
    x: &[T],
    dy: &[T],
    accum: Accum,
    dweight: &mut [T],
    scratch: &mut Scratch<'_>,
) {
    let (taps, [height, width]) = (conv.taps(), conv.out);
    let (places, per_group) = (height * width, conv.units / conv.groups);
    let (item, out_item) = (conv.input_len(), conv.output_len());
    let items = dy.len().checked_div(out_item).unwrap_or(0);
    assert!(x.len() == items * item && dy.len() == items * out_item, "whole items of input and output");
    assert_eq!(dweight.len(), conv.weight_len(), "the weight of {conv:?}");
    let (loops, padded, mut scratch) = (T::loops(), conv.padded(), scratch.again());
    let copy = scratch.take::<T>(padded.len());
    let offsets = scratch.take::<i64>(taps);
    let stride = packed_len::<T>(1, per_group);
    let columns = scratch.take::<T>(stride * places);
    let sums = scratch.take::<T>(stride * taps * conv.groups);
    copy.fill(T::ZERO);
    sums.fill(T::ZERO);
    padded.offsets(offsets);
    for n in 0..items {
        padded.fill(&x[n * item..][..item], copy);
        for (group, sums) in sums.chunks_exact_mut((stride * taps).max(1)).enumerate() {
            let dy = &dy[n * out_item + group * per_group * places..][..per_group * places];
            pack_panels(Mat::row_major(dy, per_group, places).t(), columns);
            let image = &copy[group * padded.group_step(conv.groups)..];
            for (panel, unit) in (0..per_group).step_by(loops.width).enumerate() {
                for (tap, rows) in tiles(taps, loops.height) {
                    let mut a = [image.as_ptr(); TILE_ROWS];
                    for (a, &offset) in a.iter_mut().zip(&offsets[tap..tap + rows]) {
                        *a = image[offset as usize..].as_ptr();
                    }
                    let tile = GradTile {
                        a,
                        segments: height,
                        segment: width,
                        a_jump: padded.out_row(),
                        cols: per_group - unit,
                        b: columns[panel * places * loops.width..].as_ptr(),
                        c: sums[tap * stride + unit..].as_mut_ptr(),
                        c_row: stride,
                        rows,
                    };
                    // SAFETY: the copy holds tap `offset` of every output, `columns` a panel of as many rows as there
                    // are outputs, `sums` whole vectors for the rows of taps; `loops` fits this processor.
                    unsafe { (loops.grad_tile)(&tile) }
                }
            }
        }
    }
    for (unit, row) in dweight.chunks_exact_mut(taps.max(1)).enumerate() {
        let sums = &sums[unit / per_group * stride * taps..];
        for (tap, w) in row.iter_mut().enumerate() {
            let sum = sums[tap * stride + unit % per_group];
            *w = if accum == Accum::Add { *w + sum } else { sum };
        }
    }
}
