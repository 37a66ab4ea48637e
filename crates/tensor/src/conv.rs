//! Convolution of batches of images in the order N, C, H, W; one axis is an image of height 1.
//!
//! An image is copied once with its padding, columns of equal phase of the stride together. Every tap of the window is
//! then a fixed offset in that copy, and neighbouring outputs read neighbouring elements: the tiles of a matrix product
//! run over the copy directly, whatever the stride and dilation.
//!
//! With `x` padded, `y[n, o, i, j] = bias[o] + sum_{c, u, v} w[o, c, u, v] x[n, c, i s + u d, j s + v d]`, where `c` runs over the
//! channels of the group of `o`, `s` is the stride and `d` the dilation.

use crate::correlate::{correlate, correlate_scratch};
use crate::micro::TILE_COLUMNS;
use crate::scratch::Scratch;
use crate::view::Num;
use crate::window::Window;

/// A convolution of images of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv {
    /// The channels of an input image.
    pub channels: usize,
    /// The channels of an output image.
    pub units: usize,
    /// The groups into which both are divided: an output reads the inputs of its own group.
    pub groups: usize,
    /// Height and width of an input image.
    pub image: [usize; 2],
    /// Height and width of an output image: [`Window::output`].
    pub out: [usize; 2],
    /// The window.
    pub window: Window,
}

impl Conv {
    /// The elements of an input item.
    #[must_use]
    pub fn input_len(&self) -> usize {
        self.channels * self.image[0] * self.image[1]
    }

    /// The elements of an output item.
    #[must_use]
    pub fn output_len(&self) -> usize {
        self.units * self.out[0] * self.out[1]
    }

    /// The products that sum to an output: the row length of the weight as a matrix.
    #[must_use]
    pub fn taps(&self) -> usize {
        self.channels / self.groups * self.window.kernel[0] * self.window.kernel[1]
    }

    /// The elements of the weight, `[units, channels / groups, height, width]`.
    #[must_use]
    pub fn weight_len(&self) -> usize {
        self.units * self.taps()
    }

    pub(crate) fn padded(&self) -> Padded {
        Padded::new(self.channels, self.image, self.out, self.window, [1, 1], self.window.pad.map(|p| p as isize))
    }
}

/// The bytes of scratch that [`conv`] wants.
#[must_use]
pub fn conv_scratch<T: Num>(conv: &Conv) -> usize {
    correlate_scratch::<T>(&conv.padded(), [conv.groups, conv.units, conv.taps()])
}

/// Convolves the items of `x` with `weight` into `y`, adding `bias` by unit where there is one.
///
/// # Panics
/// When a length does not fit, or `scratch` has less than [`conv_scratch`] bytes.
pub fn conv<T: Num>(conv: &Conv, x: &[T], weight: &[T], bias: Option<&[T]>, y: &mut [T], scratch: &mut Scratch<'_>) {
    let taps = conv.taps();
    assert_eq!(weight.len(), conv.weight_len(), "the weight of {conv:?}");
    assert!(bias.is_none_or(|b| b.len() == conv.units), "a bias for each unit of {conv:?}");
    let padded = conv.padded();
    correlate(&padded, [conv.groups, conv.units, taps], x, weight, bias, y, scratch);
}

/// A padded copy of an image and the window that slides over it.
pub(crate) struct Padded {
    pub(crate) channels: usize,
    pub(crate) image: [usize; 2],
    pub(crate) out: [usize; 2],
    window: Window,
    /// The distance at which rows and columns of the image are laid down, with zeros between.
    spread: [usize; 2],
    /// The rows and columns before the image; negative crops it.
    pad: [isize; 2],
    rows: usize,
    phase_len: usize,
}

impl Padded {
    pub(crate) fn new(
        channels: usize,
        image: [usize; 2],
        out: [usize; 2],
        window: Window,
        spread: [usize; 2],
        pad: [isize; 2],
    ) -> Padded {
        let reach = |axis: usize| {
            out[axis].saturating_sub(1) * window.stride[axis] + (window.kernel[axis] - 1) * window.dilation[axis] + 1
        };
        let phase_len = reach(1).div_ceil(window.stride[1]);
        Padded { channels, image, out, window, spread, pad, rows: reach(0), phase_len }
    }

    fn row_len(&self) -> usize {
        self.phase_len * self.window.stride[1]
    }

    /// The elements of the copy, and of the reads of whole vectors past its end.
    pub(crate) fn len(&self) -> usize {
        self.channels * self.rows * self.row_len() + TILE_COLUMNS
    }

    pub(crate) fn bytes<T>(&self, taps: usize) -> usize {
        8 * (Scratch::words(self.len() * size_of::<T>()) + taps)
    }

    /// The distance in the copy from a row of outputs to the next.
    pub(crate) fn out_row(&self) -> usize {
        self.row_len() * self.window.stride[0]
    }

    /// The distance in the copy from the channels of a group to those of the next.
    pub(crate) fn group_step(&self, groups: usize) -> usize {
        self.channels / groups * self.rows * self.row_len()
    }

    /// Writes where in the copy the taps of the first output lie, in the order of the weight.
    pub(crate) fn offsets(&self, offsets: &mut [i64]) {
        let ([height, width], row_len) = (self.window.kernel, self.row_len());
        for (tap, offset) in offsets.iter_mut().enumerate() {
            let (channel, u, v) = (tap / (height * width), tap / width % height, tap % width);
            let (row, col) = (u * self.window.dilation[0], v * self.window.dilation[1]);
            *offset = ((channel * self.rows + row) * row_len + self.column(col)) as i64;
        }
    }

    /// Where a padded column stands in its row.
    fn column(&self, col: usize) -> usize {
        let stride = self.window.stride[1];
        col % stride * self.phase_len + col / stride
    }

    /// Copies an item into `copy`, which was zero or holds another item.
    pub(crate) fn fill<T: Num>(&self, item: &[T], copy: &mut [T]) {
        let ([height, width], row_len) = (self.image, self.row_len());
        let cols = self.phase_len * self.window.stride[1];
        for (k, source) in item.chunks_exact(width.max(1)).enumerate() {
            let (channel, row) = (k / height, (k % height * self.spread[0]) as isize + self.pad[0]);
            if row < 0 || row >= self.rows as isize {
                continue;
            }
            let to = &mut copy[(channel * self.rows + row as usize) * row_len..][..row_len];
            if self.spread[1] == 1 && self.window.stride[1] == 1 {
                let skip = (-self.pad[1]).clamp(0, width as isize) as usize;
                let start = (self.pad[1].max(0) as usize).min(cols);
                let count = (width - skip).min(cols - start);
                to[start..start + count].copy_from_slice(&source[skip..skip + count]);
            } else {
                for (j, &x) in source.iter().enumerate() {
                    let col = (j * self.spread[1]) as isize + self.pad[1];
                    if (0..cols as isize).contains(&col) {
                        to[self.column(col as usize)] = x;
                    }
                }
            }
        }
    }
}
