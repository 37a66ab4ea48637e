#![doc = include_str!("../README.md")]
#![allow(clippy::result_large_err, reason = "an error here ends the reading of data, and is made once")]

mod batch;
mod columns;
mod csv;
mod dataset;
mod error;
mod feed;
mod file;
mod idx;
mod named;
mod npy;
mod npz;
mod numbers;
mod random;
mod rows;
mod section;
mod spec;
mod synthetic;
mod table;

pub use batch::Batches;
pub use columns::matches;
pub use dataset::{Dataset, Part};
pub use error::{DataError, Result};
pub use feed::{Element, Feed, Input, Kind};
pub use file::{DEFAULT_MAX_BYTES, read_file};
pub use named::Named;
pub use npy::{npy_bytes, read_npy};
pub use rows::Nested;
pub use section::{Choice, SettingDoc};
pub use spec::{DataSpec, FeedSpec, Source};
pub use synthetic::Noise;
pub use table::{Array, Table, Values};
