//! The geometry of sliding windows over images, shared by convolution and pooling.

use std::ops::Range;

/// A window that slides over an image of two axes; every pair is `[height, width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// The size of the window.
    pub kernel: [usize; 2],
    /// The distance between neighbouring places of the window.
    pub stride: [usize; 2],
    /// The rows and columns imagined before and after the image.
    pub pad: [usize; 2],
    /// The distance between neighbouring taps of the window.
    pub dilation: [usize; 2],
}

impl Window {
    /// The number of places along each axis of an image of size `input`.
    ///
    /// `None` when the window is larger than the padded image, or a size, stride or dilation is zero.
    #[must_use]
    pub fn output(&self, input: [usize; 2]) -> Option<[usize; 2]> {
        let along = |axis: usize| {
            let reach = self.dilation[axis].checked_mul(self.kernel[axis].checked_sub(1)?)?.checked_add(1)?;
            let padded = self.pad[axis].checked_mul(2)?.checked_add(input[axis])?;
            if self.dilation[axis] == 0 {
                return None;
            }
            Some(padded.checked_sub(reach)?.checked_div(self.stride[axis])? + 1)
        };
        Some([along(0)?, along(1)?])
    }

    /// The places of the window at `at` that lie in an image axis of `size`, a dilation apart.
    #[inline]
    pub(crate) fn places(&self, axis: usize, at: usize, size: usize) -> Range<usize> {
        let (step, first, pad) = (self.dilation[axis], at * self.stride[axis], self.pad[axis]);
        let skipped = pad.saturating_sub(first).div_ceil(step) * step;
        let end = (first + (self.kernel[axis] - 1) * step + 1).saturating_sub(pad).min(size);
        (first + skipped - pad).min(end)..end
    }

    /// The windows of `count` along an axis whose tap `tap` lies in an image of `size`.
    pub(crate) fn reached(&self, axis: usize, tap: usize, count: usize, size: usize) -> Range<usize> {
        let (stride, shift, pad) = (self.stride[axis], tap * self.dilation[axis], self.pad[axis]);
        let start = pad.saturating_sub(shift).div_ceil(stride);
        let end = (size + pad).saturating_sub(shift).div_ceil(stride).min(count);
        start.min(end)..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_sizes_follow_the_formula() {
        let check = |kernel, stride, pad, dilation, input, expect| {
            let both = |k: usize| [k, k];
            let window =
                Window { kernel: both(kernel), stride: both(stride), pad: both(pad), dilation: both(dilation) };
            assert_eq!(window.output(both(input)), Option::map(expect, both), "{window:?} over {input}");
        };
        check(5, 1, 2, 1, 28, Some(28));
        check(2, 2, 0, 1, 28, Some(14));
        check(3, 2, 1, 2, 7, Some(3));
        check(3, 1, 0, 1, 2, None);
        check(0, 1, 0, 1, 2, None);
        check(1, 0, 0, 1, 2, None);
    }
}
