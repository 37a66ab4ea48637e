//! Sliding weights over padded images, in tiles whose lanes are neighbouring columns or neighbouring units.
//!
//! Either way an output is one chain of fused additions over the taps, in order, so that its bits are the same.
#![allow(unsafe_code)]

use crate::conv::Padded;
use crate::mat::Mat;
use crate::micro::{UnitTile, WindowTile};
use crate::pack::{pack_panels, packed_len, tiles};
use crate::scratch::Scratch;
use crate::simd::Lanes;
use crate::view::Num;

/// What writing a tile of units costs, whose outputs lie far apart, in steps of its sums.
const WRITING: usize = 24;

/// The bytes of scratch that [`correlate`] wants.
pub(crate) fn correlate_scratch<T: Num>(padded: &Padded, sizes: [usize; 3]) -> usize {
    let panels = if by_units::<T>(padded, sizes) { panels_len::<T>(sizes) } else { 0 };
    padded.bytes::<T>(sizes[2]) + 8 * Scratch::words(panels * size_of::<T>())
}

/// Slides `weight`, of `units` rows of `taps`, over the padded copies of the items of `x`.
pub(crate) fn correlate<T: Num>(
    padded: &Padded,
    sizes: [usize; 3],
    x: &[T],
    weight: &[T],
    bias: Option<&[T]>,
    y: &mut [T],
    scratch: &mut Scratch<'_>,
) {
    let ([groups, units, taps], [height, width]) = (sizes, padded.out);
    let (plane, item) = (height * width, padded.channels * padded.image[0] * padded.image[1]);
    let items = y.len().checked_div(plane * units).unwrap_or(0);
    assert!(x.len() == items * item && y.len() == items * plane * units, "whole items of input and output");
    let mut scratch = scratch.again();
    let copy = scratch.take::<T>(padded.len());
    let offsets = scratch.take::<i64>(taps);
    copy.fill(T::ZERO);
    padded.offsets(offsets);
    let panels = by_units::<T>(padded, sizes).then(|| {
        let panels = scratch.take::<T>(panels_len::<T>(sizes));
        pack(sizes, weight, bias, panels);
        &*panels
    });
    for (n, y) in y.chunks_exact_mut((plane * units).max(1)).enumerate() {
        padded.fill(&x[n * item..][..item], copy);
        for (group, y) in y.chunks_exact_mut((plane * units / groups).max(1)).enumerate() {
            let image = &copy[group * padded.group_step(groups)..];
            match panels {
                Some(panels) => across_units(padded, sizes, group, image, offsets, panels, y),
                None => across_columns(padded, sizes, group, image, offsets, weight, bias, y),
            }
        }
    }
}

/// The tiles of a group whose lanes are neighbouring columns.
#[expect(clippy::too_many_arguments, reason = "the factors, where they lie, and the output")]
fn across_columns<T: Num>(
    padded: &Padded,
    [groups, units, taps]: [usize; 3],
    group: usize,
    image: &[T],
    offsets: &[i64],
    weight: &[T],
    bias: Option<&[T]>,
    y: &mut [T],
) {
    let (loops, per_group, b_row) = (T::loops(), units / groups, padded.out_row());
    let plane = padded.out[0] * padded.out[1];
    // Rows that follow each other without a gap in both memories are one.
    let [height, width] = if b_row == padded.out[1] { [1, plane] } else { padded.out };
    for (first, rows) in tiles(per_group, loops.height) {
        let unit = group * per_group + first;
        let tile = WindowTile {
            a: weight[unit * taps..][..rows * taps].as_ptr(),
            b: image.as_ptr(),
            b_row,
            offsets,
            bias: bias.map_or(std::ptr::null(), |bias| bias[unit..][..rows].as_ptr()),
            c: y[first * plane..][..rows * plane].as_mut_ptr(),
            c_unit: plane,
            rows,
            height,
            width,
        };
        // SAFETY: the copy holds every tap of the outputs and whole vectors past them; weights, biases and outputs are
        // those of `rows` units; `loops` fits this processor.
        unsafe { (loops.window_tile)(&tile) }
    }
}

/// The tiles of a group whose lanes are neighbouring units.
fn across_units<T: Num>(
    padded: &Padded,
    sizes: [usize; 3],
    group: usize,
    image: &[T],
    offsets: &[i64],
    panels: &[T],
    y: &mut [T],
) {
    let ([groups, units, taps], loops, [height, width]) = (sizes, T::loops(), padded.out);
    let (per_group, plane) = (units / groups, height * width);
    let panels = panels[group * panels_len::<T>(sizes) / groups..].chunks_exact((taps + 1) * loops.width);
    for (first, panel) in (0..per_group).step_by(loops.width).zip(panels) {
        let units = loops.width.min(per_group - first);
        for i in 0..height {
            for (j, rows) in tiles(width, loops.height) {
                let (a, c) = (&image[i * padded.out_row() + j..], &mut y[first * plane + i * width + j..]);
                let (b, c) = (panel.as_ptr(), c.as_mut_ptr());
                let tile = UnitTile { a: a.as_ptr(), offsets, b, c, c_unit: plane, rows, units };
                // SAFETY: the copy holds every tap of the outputs, a panel its start and all taps in whole vectors, and
                // `y` the outputs of `rows` columns for each unit; `loops` fits this processor.
                unsafe { (loops.unit_tile)(&tile) }
            }
        }
    }
}

/// Whether units fill vectors so much better than the columns of a row that it pays to pack weights and to write apart.
fn by_units<T: Lanes>(padded: &Padded, [groups, units, taps]: [usize; 3]) -> bool {
    let ([height, width], lanes, per_group) = (padded.out, T::loops().width / 2, units / groups);
    if padded.out_row() == width {
        return false;
    }
    let of_columns = per_group * height * width.div_ceil(lanes);
    let of_units = height * width * per_group.div_ceil(lanes);
    of_units * (taps + WRITING) < of_columns * taps
}

/// The elements of the panels of all groups: the start of the sums, then the weights tap by tap.
fn panels_len<T: Lanes>([groups, units, taps]: [usize; 3]) -> usize {
    groups * packed_len::<T>(taps + 1, units / groups)
}

/// Packs the panels.
fn pack<T: Num>([groups, units, taps]: [usize; 3], weight: &[T], bias: Option<&[T]>, panels: &mut [T]) {
    let (loops, per_group) = (T::loops(), units / groups);
    let panels = panels.chunks_exact_mut((taps + 1) * loops.width);
    let firsts = (0..groups).flat_map(|group| (0..per_group).step_by(loops.width).map(move |first| (group, first)));
    for ((group, first), panel) in firsts.zip(panels) {
        let units = loops.width.min(per_group - first);
        let unit = group * per_group + first;
        let (start, rest) = panel.split_at_mut(loops.width);
        start.fill(T::ZERO);
        if let Some(bias) = bias {
            start[..units].copy_from_slice(&bias[unit..][..units]);
        }
        pack_panels(Mat::row_major(&weight[unit * taps..][..units * taps], units, taps).t(), rest);
    }
}
