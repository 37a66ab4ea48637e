//! The `data` part of a `train` section, as plain types that serde reads.

use std::path::Path;

use crate::error::{DataError, Result};
use crate::file::read_file;
use crate::named::Named;
use crate::rows::Nested;
use crate::section::{real, section, whole};
use crate::synthetic::{Noise, Shape, noise, noise_limit, points, points_limit};
use crate::table::{Array, Table};
use crate::{csv, idx, npy, npz};

section! {
    /// Where data comes from, what of it feeds which input, and which rows are held back for testing.
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
        #[serde(default = "whole::<1073741824>")]
        pub max_bytes: u64,
    }
}

section! {
    "source"
    /// Where rows come from. Paths are relative to the folder of the model file.
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
            #[serde(default = "whole::<2>")]
            classes: u64,
            /// Turns of an arm from centre to end.
            #[serde(default = "real::<1>")]
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
            #[serde(default = "whole::<2>")]
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
}

section! {
    "feed"
    /// What feeds one input: named columns side by side, each number put through
    /// `(number - mean) / deviation * scale + shift`, with mean 0 and deviation 1 unless `standardize`.
    pub enum FeedSpec {
        /// The columns that match any of these names, in the order of the names and of the source; `*`
        /// stands for any text.
        Columns {
            /// Names or patterns.
            names: Vec<String>,
            /// Factor.
            #[serde(default = "real::<1>")]
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
            #[serde(default = "real::<1>")]
            scale: f64,
            /// Summand, after the factor.
            #[serde(default)]
            shift: f64,
            /// Whether each number of a row is first brought to mean 0 and deviation 1 over the training rows.
            #[serde(default)]
            standardize: bool,
        },
    }
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
    /// When a file cannot be read, is damaged or exceeds `max_bytes`, or when there are no rows. What is wrong
    /// with one column of several is raised when something uses that column.
    pub fn read(&self, base: &Path, max_bytes: u64) -> Result<Table> {
        self.sound()?;
        let table = match self {
            Self::Csv(path) => csv::read_csv(&base.join(path), max_bytes).map_err(|e| e.setting(["0"])),
            Self::Npz(path) => {
                let path = base.join(path);
                let read = read_file(&path, max_bytes).and_then(|bytes| npz::parse_npz(&bytes, max_bytes));
                read.map_err(|e| e.at(&path).setting(["0"]))
            }
            Self::Npy(paths) => read_each(paths, base, max_bytes, npy::parse_npy),
            Self::Idx(paths) => read_each(paths, base, max_bytes, idx::parse_idx),
            Self::Rows(rows) => {
                Table::from_arrays(rows.iter().map(|(name, list)| (name.into(), in_place(name, list))).collect())
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
            0 => Err(DataError::new("the data has no rows", "give at least one")),
            _ => Ok(table),
        }
    }

    /// What is wrong with made-up data: too many rows, no classes, noise that is no deviation.
    pub(crate) fn faults(&self) -> Vec<DataError> {
        let blur = |noise: f64| match noise.is_finite() && noise >= 0.0 {
            true => Ok(()),
            false => {
                let message = format!("`noise` is {noise}, and a finite number from 0 is needed");
                Err(DataError::new(message, "write a deviation such as `noise: 0.1`").setting(["noise"]))
            }
        };
        let checks = match self {
            Self::Noise { n, columns, .. } => columns.iter().map(|(name, it)| noise_limit(*n, name, it)).collect(),
            &Self::Spirals { n, classes, noise, .. } | &Self::Blobs { n, classes, noise, .. } => {
                vec![points_limit(n, classes), blur(noise)]
            }
            &Self::Moons { n, noise, .. } | &Self::Xor { n, noise, .. } => vec![points_limit(n, 2), blur(noise)],
            _ => Vec::new(),
        };
        checks.into_iter().filter_map(Result::err).collect()
    }

    /// Refuses made-up data with a fault.
    fn sound(&self) -> Result<()> {
        self.faults().into_iter().next().map_or(Ok(()), Err)
    }

    /// What can be told of the source without reading much: all of a small one, the start of a long one, nothing
    /// where the start of a file says nothing.
    pub(crate) fn glance(&self, base: &Path, max_bytes: u64) -> Result<Option<Table>> {
        let small = |path: &String| std::fs::metadata(base.join(path)).is_ok_and(|file| file.len() <= GLANCE);
        self.sound()?;
        let mut start = self.clone();
        match &mut start {
            Self::Csv(path) => {
                let table = csv::glance_csv(&base.join(path), GLANCE.min(max_bytes)).map_err(|e| e.setting(["0"]))?;
                return Ok(Some(table));
            }
            Self::Npz(path) if !small(path) && base.join(&*path).is_file() => return Ok(None),
            Self::Npy(paths) | Self::Idx(paths)
                if paths.iter().any(|(_, path)| !small(path) && base.join(path).is_file()) =>
            {
                return Ok(None);
            }
            Self::Noise { n, .. }
            | Self::Spirals { n, .. }
            | Self::Moons { n, .. }
            | Self::Blobs { n, .. }
            | Self::Xor { n, .. }
                if *n > GLANCE_ROWS =>
            {
                *n = GLANCE_ROWS;
                return Ok(Some(start.read(base, max_bytes)?.partial()));
            }
            _ => {}
        }
        self.read(base, max_bytes).map(Some)
    }

    /// The names that the section itself gives columns, with what leads to them.
    pub(crate) fn columns(&self) -> Option<(&'static str, Vec<&str>)> {
        fn names<T>(named: &Named<T>) -> Vec<&str> {
            named.iter().map(|(name, _)| name).collect()
        }
        match self {
            Self::Npy(named) | Self::Idx(named) => Some(("0", names(named))),
            Self::Rows(named) => Some(("0", names(named))),
            Self::Noise { columns, .. } => Some(("columns", names(columns))),
            _ => None,
        }
    }
}

/// The bytes of a file that are read to check a section.
const GLANCE: u64 = 16 << 20;
/// The made-up rows that are made to check a section.
const GLANCE_ROWS: usize = 1000;

/// A column of `Rows`, with the place of what is wrong in it.
fn in_place(name: &str, list: &Nested) -> Result<Array> {
    list.to_array().map_err(|mut e| {
        let path = e.setting.iter().filter_map(|index| index.parse().ok()).collect();
        e.setting.clear();
        DataError { message: format!("`{name}`: {}", e.message), element: Some((name.to_string(), path)), ..e }
    })
}

fn read_each(paths: &Named<String>, base: &Path, max_bytes: u64, parse: fn(&[u8]) -> Result<Array>) -> Result<Table> {
    let arrays = paths.iter().map(|(name, path)| {
        let path = base.join(path);
        let array = read_file(&path, max_bytes).and_then(|bytes| parse(&bytes)).map_err(|e| e.at(&path));
        let array = array.map_err(|e| DataError { element: Some((name.to_string(), Vec::new())), ..e });
        (name.to_string(), array)
    });
    Table::from_arrays(arrays.collect())
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
        for many in ["Moons(n: 99999999999)", "Noise(n: 99999999, columns: { x: Normal(shape: [2, 3]) })"] {
            let many: Source = ron::from_str(many).unwrap();
            let error = many.glance(Path::new(""), 0).unwrap_err();
            assert!(error.message.ends_with("numbers are more than 268435456 numbers"), "{error}");
            assert_eq!((error.setting.as_slice(), many.read(Path::new(""), 0).is_err()), (&["n".to_owned()][..], true));
        }
        let empty: Source = ron::from_str("Moons(n: 0)").unwrap();
        assert_eq!(empty.read(Path::new(""), 0).unwrap_err().message, "the data has no rows");
        let uneven: Source = ron::from_str("Rows({ x: [1, 2], y: [3] })").unwrap();
        let error = uneven.read(Path::new(""), 0).unwrap().column("y").unwrap_err();
        assert_eq!(error.message, "`y` has 1 rows, but `x` has 2");
    }
}
