//! How a run cuts its iteration space into tiles, and how much memory that takes.

use super::compile::{Layout, Program};
use super::kernels::LANES;
use crate::Float;

/// The bytes that the registers of a tile share: about a quarter of a first-level cache, which inputs and outputs pass through.
const TILE_BYTES: usize = 8 << 10;
/// The least and the greatest number of elements of a tile, where rows can be cut.
const TILE: (usize, usize) = (256, 1024);
/// A sum over everything runs in this many strands.
pub(super) const STRANDS: usize = 32;
/// Scratch is used from a multiple of this many bytes on.
pub(super) const ALIGN: usize = 64;

/// The shape of the tiles; a function of the sizes, the program and the element type alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Geometry {
    pub(super) rows: usize,
    pub(super) inner: usize,
    /// Rows in a tile.
    pub(super) height: usize,
    /// Columns in a tile.
    pub(super) width: usize,
    /// Elements of a register: a tile, padded.
    pub(super) register: usize,
    /// Elements of a column value: its copies down a tile of whole rows, or a row, padded.
    pub(super) column: usize,
    /// Running pairs of a sum, a multiple of the columns.
    pub(super) strands: usize,
}

/// `length` up to whole vectors.
#[inline(always)]
pub(super) fn pad(length: usize) -> usize {
    length.next_multiple_of(LANES)
}

impl Program {
    pub(super) fn geometry<T>(&self, rows: usize, inner: usize) -> Geometry {
        let tile = (self.share / size_of::<T>()).clamp(TILE.0, TILE.1) & !(STRANDS - 1);
        if self.layout == Layout::Flat {
            let inner = rows * inner;
            let register = pad(inner.min(tile)).max(LANES);
            return Geometry { rows: 1, inner, height: 1, width: tile, register, column: LANES, strands: STRANDS };
        }
        // This many rows fill whole vectors.
        let unit = LANES >> inner.trailing_zeros().min(LANES.trailing_zeros());
        let strands = if inner < 2 * STRANDS && self.sums > 0 {
            let period = inner.max(1) * unit;
            period * STRANDS.div_ceil(period)
        } else {
            inner
        };
        if self.layout == Layout::Rows && inner > tile {
            return Geometry { rows, inner, height: 1, width: tile, register: tile, column: pad(inner), strands };
        }
        let fit = tile / inner.max(1);
        let height = if fit >= unit { fit & !(unit - 1) } else { fit.max(1) }.min(rows.max(1));
        let register = pad(height * inner).max(pad(height));
        Geometry { rows, inner, height, width: inner, register, column: register, strands }
    }

    /// The elements that a run of this shape needs, once aligned.
    pub(super) fn memory<T>(&self, g: &Geometry) -> usize {
        self.places::<T>()
            + self.scalars * LANES
            + self.columns * g.column
            + self.registers * g.register
            + self.sums * 2 * g.strands
    }

    /// The elements that a pointer for each slot takes, up to whole vectors.
    pub(super) fn places<T>(&self) -> usize {
        pad(self.slots.len() * (size_of::<*mut T>() / size_of::<T>()))
    }

    /// The elements of scratch that a run with that `inner` needs, whatever its `rows`.
    pub fn scratch<T: Float>(&self, inner: usize) -> usize {
        // The greatest tile: that of many rows, or for a flat program of many elements.
        let g = match self.layout {
            Layout::Flat => self.geometry::<T>(1, TILE.1),
            _ => self.geometry::<T>(TILE.1, inner),
        };
        ALIGN / size_of::<T>() + self.memory::<T>(&g)
    }
}

/// What the registers share, in bytes each.
pub(super) fn share(registers: usize) -> usize {
    TILE_BYTES / registers.max(1)
}
