//! Made-up data: noise for benchmarks, and small classics with two coordinates `x` and a class `y`.

use std::f64::consts::{PI, TAU};

use crate::error::{DataError, Result};
use crate::named::Named;
use crate::random::{Purpose, Stream};
use crate::section::{real, section};
use crate::table::{Array, Table, Values};

/// The most numbers that one made-up column may have.
const MAX_NUMBERS: usize = 1 << 28;

/// Refuses `n` made-up rows of a column whose rows have this shape when they are too many.
fn limit(n: usize, row: &[usize]) -> Result<()> {
    match row.iter().try_fold(n, |numbers, size| numbers.checked_mul(*size)) {
        Some(numbers) if numbers <= MAX_NUMBERS => Ok(()),
        _ => {
            let width = row.iter().fold(1usize, |width, size| width.saturating_mul(*size));
            let message = format!("{n} rows of {width} numbers are more than {MAX_NUMBERS} numbers");
            Err(DataError::new(message, "write a smaller `n`").setting(["n"]))
        }
    }
}

section! {
    "noise"
    /// A column of independent random numbers; `shape` is that of one row.
    pub enum Noise {
        /// Normal with mean 0.
        Normal {
            /// Shape of one row.
            #[serde(default)]
            shape: Vec<usize>,
            /// Standard deviation.
            #[serde(default = "real::<1>")]
            std: f64,
        },
        /// Uniform in `[low, high)`.
        Uniform {
            /// Shape of one row.
            #[serde(default)]
            shape: Vec<usize>,
            /// Least value.
            #[serde(default)]
            low: f64,
            /// Bound above all values.
            #[serde(default = "real::<1>")]
            high: f64,
        },
        /// Whole numbers from 0, each as likely.
        Classes {
            /// Shape of one row.
            #[serde(default)]
            shape: Vec<usize>,
            /// Bound above all values.
            below: u32,
        },
    }
}

/// Refuses a column of noise that cannot be made.
pub(crate) fn noise_limit(n: usize, name: &str, noise: &Noise) -> Result<()> {
    if let Noise::Classes { below: 0, .. } = noise {
        let error = DataError::new(format!("`{name}` has no classes: `below` is 0"), "write `below: 1` or more");
        return Err(error.setting(["columns", name, "below"]));
    }
    limit(n, noise.row())
}

/// Refuses points that cannot be made.
pub(crate) fn points_limit(n: usize, classes: u64) -> Result<()> {
    if classes == 0 {
        return Err(DataError::new("there must be at least one class", "write `classes: 2`").setting(["classes"]));
    }
    limit(n, &[2])
}

impl Noise {
    /// The shape of one row.
    fn row(&self) -> &[usize] {
        let (Noise::Normal { shape, .. } | Noise::Uniform { shape, .. } | Noise::Classes { shape, .. }) = self;
        shape
    }
}

/// A table of `n` rows of noise, within [`noise_limit`].
pub(crate) fn noise(n: usize, seed: u64, columns: &Named<Noise>) -> Result<Table> {
    let mut stream = Stream::new(seed, Purpose::Synthetic);
    let arrays = columns.iter().map(|(name, noise)| {
        let shape: Vec<usize> = std::iter::once(n).chain(noise.row().iter().copied()).collect();
        let numbers = 0..shape.iter().product();
        let values = match *noise {
            Noise::Normal { std, .. } => Values::Real(numbers.map(|_| std * stream.normal()).collect()),
            Noise::Uniform { low, high, .. } => {
                Values::Real(numbers.map(|_| low + (high - low) * stream.unit()).collect())
            }
            Noise::Classes { below, .. } => {
                Values::Int(numbers.map(|_| stream.below(u64::from(below)) as i64).collect())
            }
        };
        Ok((name.to_string(), Array::new(shape, values)))
    });
    Table::from_arrays(arrays.collect::<Result<_>>()?)
}

/// Two-dimensional points in classes; the rows take the classes in turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Shape {
    /// Arms of a spiral with so many turns, of radius up to 1.
    Spirals { turns: f64 },
    /// Two half circles that interlock.
    Moons,
    /// Normal clouds around points spread evenly on a circle of radius 1.
    Blobs,
    /// Four clouds at (+-1, +-1), of class 1 where the signs differ.
    Xor,
}

/// A table of `n` points `x` of shape `[n, 2]` and their classes `y`, blurred by normal noise of
/// standard deviation `blur`; they are within [`points_limit`].
pub(crate) fn points(shape: Shape, n: usize, classes: u64, blur: f64, seed: u64) -> Result<Table> {
    let mut stream = Stream::new(seed, Purpose::Synthetic);
    let (mut xs, mut ys) = (Vec::with_capacity(2 * n), Vec::with_capacity(n));
    for i in 0..n as u64 {
        let class = i % classes;
        let share = class as f64 / classes as f64;
        let (point, class) = match shape {
            Shape::Spirals { turns } => {
                let radius = stream.unit();
                let angle = TAU * (turns * radius + share);
                ([radius * angle.cos(), radius * angle.sin()], class)
            }
            Shape::Moons => {
                let angle = PI * stream.unit();
                let upper = [angle.cos(), angle.sin()];
                (if class == 0 { upper } else { [1.0 - upper[0], 0.5 - upper[1]] }, class)
            }
            Shape::Blobs => ([(TAU * share).cos(), (TAU * share).sin()], class),
            Shape::Xor => {
                let (a, b) = (i / 2 % 2, i % 2);
                ([2.0 * a as f64 - 1.0, 2.0 * b as f64 - 1.0], a ^ b)
            }
        };
        xs.extend(point.map(|x| x + blur * stream.normal()));
        ys.push(class as i64);
    }
    Table::from_arrays(vec![
        ("x".into(), Array::new(vec![n, 2], Values::Real(xs))),
        ("y".into(), Array::new(vec![n], Values::Int(ys))),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xor_points_lie_at_their_corners() {
        let table = points(Shape::Xor, 8, 2, 0.0, 0).unwrap();
        let (x, y) = (table.column("x").unwrap(), table.column("y").unwrap());
        for i in 0..8 {
            let differ = x.values().real(2 * i) * x.values().real(2 * i + 1) < 0.0;
            assert_eq!(y.values().whole(i), Some(i64::from(differ)));
        }
    }

    #[test]
    fn shapes_without_noise_have_their_radii() {
        let moons = points(Shape::Moons, 10, 2, 0.0, 1).unwrap().column("x").unwrap();
        let blobs = points(Shape::Blobs, 9, 3, 0.0, 1).unwrap().column("x").unwrap();
        let radius = |a: &Array, i: usize, cx: f64, cy: f64| {
            (a.values().real(2 * i) - cx).hypot(a.values().real(2 * i + 1) - cy)
        };
        // Rounding of a sine, a cosine and a square root.
        let close = |r: f64| (r - 1.0).abs() < 1e-12;
        assert!((0..10).step_by(2).all(|i| close(radius(&moons, i, 0.0, 0.0))));
        assert!((1..10).step_by(2).all(|i| close(radius(&moons, i, 1.0, 0.5))));
        assert!((0..9).all(|i| close(radius(&blobs, i, 0.0, 0.0))));
    }

    #[test]
    fn noise_has_its_shape() {
        let columns: Named<Noise> =
            ron::from_str("{ x: Normal(shape: [2, 3]), u: Uniform(low: -1), y: Classes(below: 4) }").unwrap();
        let table = noise(5, 0, &columns).unwrap();
        assert_eq!(table.column("x").unwrap().shape(), [5, 2, 3]);
        let y = table.column("y").unwrap();
        assert!((0..5).all(|i| (0..4).contains(&y.values().whole(i).unwrap())));
    }
}
