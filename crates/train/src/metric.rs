//! What a metric is: something that sees batches of node values and sums them up in a figure.

use crate::settings::{Setting, Settings};

/// The most nodes that a metric can look at.
pub const MAX_PORTS: usize = 4;

/// A registered metric.
#[derive(Clone, Copy, Debug)]
pub struct MetricDef {
    /// The name in a model file.
    pub name: &'static str,
    /// What it measures, as a formula where there is one.
    pub summary: &'static str,
    /// The nodes that it looks at, in order; at most [`MAX_PORTS`].
    pub ports: &'static [&'static str],
    /// Its options.
    pub options: &'static [Setting],
    /// Makes the meter for nodes of these widths and a data set of about so many rows.
    pub make: fn(options: &Settings, widths: &[usize], rows: usize) -> Box<dyn Meter>,
}

/// A measurement in progress. It allocates nothing once made.
pub trait Meter: Send {
    /// Forgets everything.
    fn reset(&mut self);
    /// Takes in a batch: one series for each port, all with as many rows.
    fn add(&mut self, rows: usize, series: &[Series<'_>]);
    /// The figure for all batches since the reset; NaN when nothing was measured.
    fn figure(&self) -> Figure;
}

/// What a metric comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    /// One number.
    Number(f64),
    /// A square table, row by row.
    Table(Vec<Vec<f64>>),
}

/// The values of a node for a batch, row after row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Series<'a> {
    /// Single precision.
    F32(&'a [f32]),
    /// Double precision.
    F64(&'a [f64]),
    /// Integers.
    I64(&'a [i64]),
}

impl Series<'_> {
    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Series::F32(v) => v.len(),
            Series::F64(v) => v.len(),
            Series::I64(v) => v.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `i`-th value.
    ///
    /// # Panics
    /// When there is no such value.
    #[must_use]
    pub fn get(&self, i: usize) -> f64 {
        match self {
            Series::F32(v) => f64::from(v[i]),
            Series::F64(v) => v[i],
            Series::I64(v) => v[i] as f64,
        }
    }

    /// The class that a row of `width` values stands for: the place of the greatest, the first of equals;
    /// of a single value, the integer itself, or whether a real one is above `threshold`.
    #[must_use]
    pub fn class(&self, row: usize, width: usize, threshold: f64) -> usize {
        let at = row * width;
        match self {
            Series::I64(v) if width == 1 => usize::try_from(v[at]).unwrap_or(usize::MAX),
            _ if width == 1 => usize::from(self.get(at) > threshold),
            _ => (1..width).fold(0, |best, k| if self.get(at + k) > self.get(at + best) { k } else { best }),
        }
    }
}
