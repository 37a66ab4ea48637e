//! The flags that every verb takes.

use std::str::FromStr;

use clap::ValueEnum;
use graphrun::Model;
use graphrun::exec::{Options, Threads};
use graphrun::tensor::Dtype;

use crate::failure::Failure;
use crate::model::seed;

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Common {
    /// One JSON document on standard output, or one a line for progress
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Threads to use; the results do not depend on it [default: all cores]
    #[arg(long, global = true, value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Vec<u16>,
    /// Precision [default: f32 for training and inference, else f64]
    #[arg(long, global = true)]
    pub(crate) dtype: Option<Precision>,
    /// Seed of everything random [default: the file's, else 0]
    #[arg(long, global = true, value_parser = whole::<u64>)]
    pub(crate) seed: Option<u64>,
    /// The most memory to use, in MiB [default: what the machine has free]
    #[arg(long, global = true, value_name = "MIB", value_parser = mebibytes)]
    pub(crate) max_memory: Option<usize>,
}

/// Reads a whole number of MiB.
fn mebibytes(text: &str) -> Result<usize, String> {
    let wanted = "a whole number of MiB from 1 is wanted, as in `--max-memory 2048` for 2 GiB";
    text.parse().ok().filter(|mib| *mib > 0).ok_or_else(|| wanted.to_owned())
}

/// Reads a whole number.
pub(crate) fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "a whole number from 0 is wanted, and no larger than the machine counts".to_owned())
}

/// The failure of threads that the system does not give.
pub(crate) fn no_threads(error: String) -> Failure {
    Failure::new(error, "ask for fewer by --threads")
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Precision {
    F32,
    F64,
}

impl Common {
    pub(crate) fn dtype(&self, default: Dtype) -> Dtype {
        match self.dtype {
            Some(Precision::F32) => Dtype::F32,
            Some(Precision::F64) => Dtype::F64,
            None => default,
        }
    }

    pub(crate) fn pool(&self) -> Result<Threads, Failure> {
        Threads::new(self.threads.first().map_or(0, |&n| usize::from(n))).map_err(no_threads)
    }

    pub(crate) fn max_bytes(&self) -> usize {
        let free = || {
            let info = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
            let line = info.lines().find(|line| line.starts_with("MemAvailable:"));
            let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok());
            kib.map_or(usize::MAX, |kib| kib.saturating_mul(1024))
        };
        self.max_memory.map_or_else(free, |mib| mib.saturating_mul(1 << 20))
    }

    /// How to run `model`, in the precision `default` unless another is asked for.
    pub(crate) fn options(&self, model: &Model, default: Dtype) -> Result<Options, Failure> {
        Ok(Options {
            dtype: self.dtype(default),
            threads: self.pool()?,
            seed: seed(model, self),
            max_bytes: self.max_bytes(),
        })
    }
}
