//! Feeds: from the columns of a table to the rows of one input.

use std::sync::Arc;

use crate::columns::{matching, same_classes, side_by_side};
use crate::error::{DataError, Result};
use crate::spec::FeedSpec;
use crate::table::{Array, Table, Values};

/// An input that wants to be fed.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Sizes of one row, that is without the leading axis; `None` takes what the data has.
    pub row: Vec<Option<usize>>,
    /// Real or integer.
    pub kind: Kind,
}

/// What numbers an input takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Finite real numbers.
    Real,
    /// Whole numbers from 0, below a bound if there is one.
    Index {
        /// The bound.
        below: Option<u64>,
    },
}

/// `(number - mean) * factor + shift`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Affine {
    mean: f64,
    factor: f64,
    shift: f64,
}

/// What feeds one input, checked against it: every row is ready to be gathered.
#[derive(Clone, Debug)]
pub struct Feed {
    name: String,
    row: Vec<usize>,
    array: Arc<Array>,
    /// One for all numbers of a row, or one for each.
    affine: Vec<Affine>,
}

/// Where means, deviations and class numbers come from.
pub(crate) enum Fit<'a> {
    /// These rows of the table itself.
    Rows(&'a [usize]),
    /// A feed of the same input, made before.
    Like(&'a Feed),
}

/// A number type that rows are gathered into.
pub trait Element: Copy {
    /// From a real number.
    fn from_real(x: f64) -> Self;
    /// From a whole number.
    fn from_whole(x: i64) -> Self;
}

macro_rules! element {
    ($($type:ty)*) => {$(
        impl Element for $type {
            fn from_real(x: f64) -> Self {
                x as Self
            }
            fn from_whole(x: i64) -> Self {
                x as Self
            }
        }
    )*};
}
element!(f32 f64 i64);

impl Feed {
    /// The feed of `input` from `table`, by `spec` or else from the column of the input's name.
    pub(crate) fn new(input: &Input, spec: Option<&FeedSpec>, table: &Table, fit: &Fit<'_>) -> Result<Self> {
        let by_name = FeedSpec::Column { name: input.name.clone(), scale: 1.0, shift: 0.0, standardize: false };
        let (columns, scale, shift, standardize) = match spec.unwrap_or(&by_name) {
            FeedSpec::Columns { names, scale, shift, standardize } => {
                (matching(names, table)?, *scale, *shift, *standardize)
            }
            FeedSpec::Column { name, scale, shift, standardize } => {
                if spec.is_some() && !table.names().any(|known| known == name) {
                    return Err(DataError::unknown("column", name, table.names()).setting(["name"]));
                }
                (vec![name.as_str()], *scale, *shift, *standardize)
            }
        };
        let mut array = side_by_side(&columns, table)?;
        if let Fit::Like(feed) = fit {
            array = same_classes(array, &feed.array, &columns)?;
        }
        let row = row_shape(input, &array, &columns)?;
        let affine = match (input.kind, fit) {
            (Kind::Index { below }, _) => {
                if (scale, shift, standardize) != (1.0, 0.0, false) {
                    let name = &input.name;
                    let message =
                        format!("`{name}` takes whole numbers, which cannot be scaled, shifted or standardized");
                    let help = format!("leave these settings out, or declare `{name}` by a bare shape");
                    return Err(DataError::new(message, help));
                }
                check_whole(&array, &input.name, below).map_err(|e| in_column(e, &columns))?;
                Vec::new()
            }
            (Kind::Real, Fit::Like(feed)) => {
                check_finite(&array, &input.name).map_err(|e| in_column(e, &columns))?;
                feed.affine.clone()
            }
            (Kind::Real, Fit::Rows(rows)) => {
                check_finite(&array, &input.name).map_err(|e| in_column(e, &columns))?;
                if standardize {
                    moments(&array, rows).map(|(mean, std)| Affine { mean, factor: scale / std, shift }).collect()
                } else {
                    vec![Affine { mean: 0.0, factor: scale, shift }]
                }
            }
        };
        Ok(Self { name: input.name.clone(), row, array, affine })
    }

    /// The name of the input.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sizes of one row.
    pub fn row(&self) -> &[usize] {
        &self.row
    }

    /// The names of the classes, when the column was text.
    pub fn labels(&self) -> Option<&[String]> {
        self.array.labels()
    }

    /// Writes the given rows one after another, each transformed; allocates nothing.
    ///
    /// # Panics
    /// When a row does not exist or `out` has another length than `rows.len()` rows.
    pub fn gather<T: Element>(&self, rows: impl ExactSizeIterator<Item = usize>, out: &mut [T]) {
        let width = self.array.width();
        assert_eq!(out.len(), rows.len() * width, "the buffer holds so many rows");
        for (i, row) in rows.enumerate() {
            let out = &mut out[i * width..(i + 1) * width];
            let from = row * width..(row + 1) * width;
            match self.array.values() {
                Values::Byte(v) => self.transform(&v[from], out, |x| i64::from(*x), |x| f64::from(*x)),
                Values::Int(v) => self.transform(&v[from], out, |x| *x, |x| *x as f64),
                Values::Real(v) => self.transform(&v[from], out, |x| *x as i64, |x| *x),
            }
        }
    }

    fn transform<S, T: Element>(&self, from: &[S], out: &mut [T], whole: impl Fn(&S) -> i64, real: impl Fn(&S) -> f64) {
        let apply = |a: &Affine, x: &S| T::from_real((real(x) - a.mean) * a.factor + a.shift);
        match &self.affine[..] {
            [] => from.iter().zip(out).for_each(|(x, y)| *y = T::from_whole(whole(x))),
            [a] => from.iter().zip(out).for_each(|(x, y)| *y = apply(a, x)),
            each => {
                for ((x, a), y) in from.iter().zip(each).zip(out) {
                    *y = apply(a, x);
                }
            }
        }
    }
}

/// The sizes of one row of `input`, from its declaration and the data.
fn row_shape(input: &Input, array: &Array, columns: &[&str]) -> Result<Vec<usize>> {
    let has = &array.shape()[1..];
    let fits =
        has.len() == input.row.len() && has.iter().zip(&input.row).all(|(have, want)| want.is_none_or(|w| w == *have));
    if fits {
        return Ok(has.to_vec());
    }
    let wanted: Option<Vec<usize>> = input.row.iter().copied().collect();
    if let Some(row) = wanted
        && row.iter().try_fold(1usize, |n, &s| n.checked_mul(s)) == Some(array.width())
    {
        return Ok(row);
    }
    let sizes = input.row.iter().map(|s| s.map_or("_".into(), |s| s.to_string()));
    let from = match columns {
        [one] => format!("column `{one}`"),
        many => format!("the row of {} columns", many.len()),
    };
    let sizes = sizes.collect::<Vec<_>>().join(", ");
    let message = format!("a row of input `{}` is [{sizes}], but {from} gives {has:?}", input.name);
    let inner: String = has.iter().map(|size| format!(", {size}")).collect();
    let error = DataError::new(message, format!("declare it as `{}: [N{inner}]`, or feed other columns", input.name));
    Err(in_column(element(error, array, None), columns))
}

/// The error of one number of an array, or of all of it.
fn element(mut error: DataError, array: &Array, at: Option<usize>) -> DataError {
    let mut path = Vec::new();
    if let Some(mut at) = at {
        for size in array.shape().iter().rev() {
            path.push(at % size.max(&1));
            at /= size.max(&1);
        }
        path.reverse();
    }
    error.element = Some((String::new(), path));
    error
}

/// The same error with the name of the one column that the array is; of several joined, no number is known.
fn in_column(mut error: DataError, columns: &[&str]) -> DataError {
    match columns {
        [one] => error.element.iter_mut().for_each(|(column, _)| *column = (*one).to_string()),
        _ => error.element = None,
    }
    error
}

fn check_whole(array: &Array, name: &str, below: Option<u64>) -> Result<()> {
    let fits = |x: i64| u64::try_from(x).is_ok_and(|x| below.is_none_or(|b| x < b));
    let wrong = (0..array.values().len()).find(|&i| !array.values().whole(i).is_some_and(fits));
    let Some(i) = wrong else { return Ok(()) };
    let takes = match below {
        Some(below) => format!("whole numbers from 0 and below {below}"),
        None => "whole numbers from 0".into(),
    };
    let row = i / array.width() + 1;
    let x = array.values().real(i);
    Err(match array.labels() {
        Some(labels) => {
            let classes = labels.len();
            let message = format!("input `{name}` takes {takes}, but the column has {classes} classes");
            DataError::new(message, format!("declare it as `{name}: Index([N], {classes})`"))
        }
        None => {
            let message = format!("input `{name}` takes {takes}, but row {row} has {x}");
            let help = "mend the row, or raise the bound of the input; numbers that are no classes want a bare shape";
            element(DataError::new(message, help), array, Some(i))
        }
    })
}

fn check_finite(array: &Array, name: &str) -> Result<()> {
    let Values::Real(values) = array.values() else {
        return Ok(());
    };
    match values.iter().position(|x| !x.is_finite()) {
        Some(i) => {
            let (row, x) = (i / array.width() + 1, values[i]);
            let message = format!("input `{name}` takes finite numbers, but row {row} has {x}");
            Err(element(DataError::new(message, "write a number there, or leave the row out"), array, Some(i)))
        }
        None => Ok(()),
    }
}

/// Mean and standard deviation of each number of a row over `rows`; a constant has deviation 1.
fn moments<'a>(array: &'a Array, rows: &'a [usize]) -> impl Iterator<Item = (f64, f64)> + 'a {
    let (width, n) = (array.width(), rows.len() as f64);
    (0..width).map(move |i| {
        let column = || rows.iter().map(|row| array.values().real(row * width + i));
        let mean = column().sum::<f64>() / n;
        let std = (column().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        (mean, if std > 0.0 { std } else { 1.0 })
    })
}
