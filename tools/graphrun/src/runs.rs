//! The folders of runs, `runs/NAME-1`, `runs/NAME-2` and on.

use std::path::{Path, PathBuf};

/// Where runs go that name no folder.
const RUNS: &str = "runs";
/// What a run leaves in its folder: its weights, and its model as it was used.
pub(crate) const WEIGHTS: &str = "weights.safetensors";
pub(crate) const MODEL: &str = "model.ron";

/// A folder for the next run of a model file: one more than the highest number.
pub(crate) fn fresh(file: &Path) -> PathBuf {
    folder(file, numbers(file).max().unwrap_or(0) + 1)
}

/// The weights of a model file: those beside it when it is the file of a run, else those of its latest run that left
/// some.
pub(crate) fn last_weights(file: &Path) -> Option<PathBuf> {
    let beside = file.with_file_name(WEIGHTS);
    if file.file_name().is_some_and(|name| name == MODEL) && beside.is_file() {
        return Some(beside);
    }
    let weights = |number| Some(folder(file, number).join(WEIGHTS)).filter(|path| path.is_file());
    numbers(file).filter(|&number| weights(number).is_some()).max().and_then(weights)
}

fn name(file: &Path) -> String {
    file.file_stem().map_or_else(|| "model".into(), |stem| stem.to_string_lossy().into_owned())
}

fn folder(file: &Path, number: u64) -> PathBuf {
    PathBuf::from(format!("{RUNS}/{}-{number}", name(file)))
}

/// The numbers of the runs of a model file.
fn numbers(file: &Path) -> impl Iterator<Item = u64> {
    let prefix = format!("{}-", name(file));
    let entries = std::fs::read_dir(RUNS).into_iter().flatten().flatten();
    entries.filter_map(move |entry| entry.file_name().to_str()?.strip_prefix(&prefix)?.parse().ok())
}
