//! The `data` part of a `train` section, as plain types that serde reads.

use std::path::Path;

use serde::Deserialize;

use crate::error::{DataError, Result};
use crate::file::{DEFAULT_MAX_BYTES, read_file};
use crate::named::Named;
use crate::rows::Nested;
use crate::synthetic::{Noise, Shape, noise, points};
use crate::table::{Array, Table};
use crate::{csv, idx, npy, npz};

/// Where data comes from, what of it feeds which input, and which rows are held back for testing.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSpec {
    /// Where the rows come from.
    pub source: Source,
    /// What feeds each input. An input that is not named here takes the column of its own name.
    #[serde(default)]
    pub feeds: Named<FeedSpec>,
    /// Rows held back for testing: a share if below 1, else a number of rows.
    #[serde(default)]
    pub test: f64,
    /// A second source, all of it for testing.
    #[serde(default)]
    pub test_source: Option<Source>,
    /// The seed of the split; the experiment's own when absent.
    #[serde(default)]
    pub seed: Option<u64>,
    /// The bytes that one file may have once unpacked.
    #[serde(default = "default_max_bytes")]
    pub max_bytes: u64,
}

fn default_max_bytes() -> u64 {
    DEFAULT_MAX_BYTES
}

/// Where rows come from. Paths are relative to the folder of the model file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Source {
    /// Text with a header row, plain or gzipped; columns are named by the header.
    Csv(String),
    /// One NPY file per name.
    Npy(Named<String>),
    /// An NPZ archive; columns are named by its entries.
    Npz(String),
    /// One IDX file per name, plain or gzipped.
    Idx(Named<String>),
    /// Lists in place, one per name.
    Rows(Named<Nested>),
    /// Independent random numbers.
    Noise {
        /// Number of rows.
        n: usize,
        /// Seed of the numbers.
        #[serde(default)]
        seed: u64,
        /// The columns.
        columns: Named<Noise>,
    },
    /// Points `x` on the arms of a spiral, with the arm as class `y`.
    Spirals {
        /// Number of points.
        n: usize,
        /// Number of arms.
        #[serde(default = "two")]
        classes: u64,
        /// Turns of an arm from centre to end.
        #[serde(default = "one")]
        turns: f64,
        /// Standard deviation of the noise on each coordinate.
        #[serde(default)]
        noise: f64,
        /// Seed of the points.
        #[serde(default)]
        seed: u64,
    },
    /// Points `x` on two half circles that interlock, with the half circle as class `y`.
    Moons {
        /// Number of points.
        n: usize,
        /// Standard deviation of the noise on each coordinate.
        #[serde(default)]
        noise: f64,
        /// Seed of the points.
        #[serde(default)]
        seed: u64,
    },
    /// Clouds of points `x` around places on a circle, with the cloud as class `y`.
    Blobs {
        /// Number of points.
        n: usize,
        /// Number of clouds.
        #[serde(default = "two")]
        classes: u64,
        /// Standard deviation of a cloud.
        #[serde(default)]
        noise: f64,
        /// Seed of the points.
        #[serde(default)]
        seed: u64,
    },
    /// Four clouds of points `x` at (+-1, +-1), with class `y` 1 where the signs differ.
    Xor {
        /// Number of points.
        n: usize,
        /// Standard deviation of a cloud.
        #[serde(default)]
        noise: f64,
        /// Seed of the points.
        #[serde(default)]
        seed: u64,
    },
}

fn one() -> f64 {
    1.0
}

fn two() -> u64 {
    2
}

/// What feeds one input: named columns side by side, each number put through
/// `(number - mean) / deviation * scale + shift`, with mean 0 and deviation 1 unless `standardize`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum FeedSpec {
    /// The columns that match any of these names, in the order of the names and of the source; `*`
    /// stands for any text.
    Columns {
        /// Names or patterns.
        names: Vec<String>,
        /// Factor.
        #[serde(default = "one")]
        scale: f64,
        /// Summand, after the factor.
        #[serde(default)]
        shift: f64,
        /// Whether each number of a row is first brought to mean 0 and deviation 1 over the training rows.
        #[serde(default)]
        standardize: bool,
    },
    /// One column.
    Column {
        /// Its name.
        name: String,
        /// Factor.
        #[serde(default = "one")]
        scale: f64,
        /// Summand, after the factor.
        #[serde(default)]
        shift: f64,
        /// Whether each number of a row is first brought to mean 0 and deviation 1 over the training rows.
        #[serde(default)]
        standardize: bool,
    },
}

impl Source {
    /// The files that it reads, as they are written.
    pub fn files(&self) -> Vec<&str> {
        match self {
            Self::Csv(path) | Self::Npz(path) => vec![path],
            Self::Npy(paths) | Self::Idx(paths) => paths.iter().map(|(_, path)| path.as_str()).collect(),
            _ => Vec::new(),
        }
    }

    /// Reads the whole source; relative paths start at the folder `base`.
    ///
    /// # Errors
    /// When a file cannot be read, is damaged or exceeds `max_bytes`, when columns differ in their
    /// number of rows, or when there are no rows.
    pub fn read(&self, base: &Path, max_bytes: u64) -> Result<Table> {
        let table = match self {
            Self::Csv(path) => csv::read_csv(&base.join(path), max_bytes),
            Self::Npz(path) => {
                let path = base.join(path);
                let bytes = read_file(&path, max_bytes)?;
                npz::parse_npz(&bytes, max_bytes).map_err(|e| e.at(&path))
            }
            Self::Npy(paths) => read_each(paths, base, max_bytes, npy::parse_npy),
            Self::Idx(paths) => read_each(paths, base, max_bytes, idx::parse_idx),
            Self::Rows(rows) => {
                let arrays = rows.iter().map(|(name, list)| match list.to_array() {
                    Ok(array) => Ok((name.to_string(), array)),
                    Err(e) => Err(DataError { message: format!("`{name}`: {}", e.message), ..e }),
                });
                Table::from_arrays(arrays.collect::<Result<_>>()?)
            }
            Self::Noise { n, seed, columns } => noise(*n, *seed, columns),
            &Self::Spirals { n, classes, turns, noise, seed } => {
                points(Shape::Spirals { turns }, n, classes, noise, seed)
            }
            &Self::Moons { n, noise, seed } => points(Shape::Moons, n, 2, noise, seed),
            &Self::Blobs { n, classes, noise, seed } => points(Shape::Blobs, n, classes, noise, seed),
            &Self::Xor { n, noise, seed } => points(Shape::Xor, n, 2, noise, seed),
        }?;
        match table.rows() {
            0 => Err(DataError::new("the data has no rows")),
            _ => Ok(table),
        }
    }
}

fn read_each(paths: &Named<String>, base: &Path, max_bytes: u64, parse: fn(&[u8]) -> Result<Array>) -> Result<Table> {
    let arrays = paths.iter().map(|(name, path)| {
        let path = base.join(path);
        let array = parse(&read_file(&path, max_bytes)?).map_err(|e| e.at(&path))?;
        Ok((name.to_string(), array))
    });
    Table::from_arrays(arrays.collect::<Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_reads_from_ron() {
        let spec: DataSpec = ron::from_str(
            r#"(
                source: Csv("data/digits.csv.gz"),
                feeds: {
                    x: Columns(names: ["pixel_*"], scale: 0.0625),
                    digit: Column(name: "digit"),
                },
                test: 0.2,
            )"#,
        )
        .unwrap();
        assert_eq!(spec.source, Source::Csv("data/digits.csv.gz".into()));
        assert_eq!(spec.test, 0.2);
        let Some(FeedSpec::Columns { scale, .. }) = spec.feeds.get("x") else { panic!() };
        assert_eq!(*scale, 0.0625);
        let rows: DataSpec = ron::from_str("( source: Rows({ x: [[0, 1], [1, 1]], \"y\": [0, 1] }) )").unwrap();
        let table = rows.source.read(Path::new(""), 0).unwrap();
        assert_eq!(table.column("x").unwrap().shape(), [2, 2]);
    }

    #[test]
    fn unknown_settings_and_empty_sources_are_errors() {
        assert!(ron::from_str::<DataSpec>("( source: Moons(n: 3), tset: 0.2 )").is_err());
        assert!(ron::from_str::<DataSpec>("( source: Moons(n: 3, nois: 1) )").is_err());
        let empty: Source = ron::from_str("Moons(n: 0)").unwrap();
        assert_eq!(empty.read(Path::new(""), 0).unwrap_err().message, "the data has no rows");
        let uneven: Source = ron::from_str("Rows({ x: [1, 2], y: [3] })").unwrap();
        let error = uneven.read(Path::new(""), 0).unwrap_err();
        assert_eq!(error.message, "`y` has 1 rows, but `x` has 2");
    }
}
