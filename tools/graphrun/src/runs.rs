//! The folders of runs, `runs/NAME-1`, `runs/NAME-2` and on.

use std::fs::{File, TryLockError};
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::output::is_same;

/// Where runs go that name no folder.
const RUNS: &str = "runs";
/// What a run leaves in its folder: its weights, where it stands, its model as it was used, a line an epoch.
pub(crate) const WEIGHTS: &str = "weights.safetensors";
const STATE: &str = "state.safetensors";
pub(crate) const MODEL: &str = "model.ron";
const METRICS: &str = "metrics.jsonl";
/// The longest line of metrics that is looked at, in bytes.
const MAX_LINE: u64 = 1 << 16;

/// The folder of a run, which no other run writes into for as long as this is there.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    /// The metrics, which the run holds locked.
    metrics: File,
    /// Whether nothing was there.
    is_new: bool,
}

impl Folder {
    /// The folder for a new run of a model file: the one that is named, else the next of `runs/NAME-N`.
    pub(crate) fn fresh(file: &Path, named: Option<&Path>) -> Result<Folder, Failure> {
        if let Some(path) = named {
            is_free(path, file)?;
            std::fs::create_dir_all(path).map_err(|e| Failure::file(path, "made", &e))?;
            let folder = Folder::lock(path)?;
            return is_unweighted(path).map(|()| folder);
        }
        std::fs::create_dir_all(RUNS).map_err(|e| Failure::file(RUNS.as_ref(), "made", &e))?;
        loop {
            let path = folder(file, numbers(file).max().unwrap_or(0) + 1);
            match std::fs::create_dir(&path) {
                Ok(()) => return Folder::lock(&path),
                // Another run has just taken the number.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Failure::file(&path, "made", &error)),
            }
        }
    }

    /// The folder of a run that goes on.
    pub(crate) fn again(path: &Path) -> Result<Folder, Failure> {
        let shown = path.display();
        if is_run(path) && !path.join(STATE).is_file() {
            let message = format!("the run in {shown} was stopped before its first checkpoint");
            return Err(Failure::new(
                message,
                "begin it anew without --resume; `checkpoints` in `train` says when to save on the way",
            ));
        }
        if !path.join(STATE).is_file() {
            let message = format!("{shown} holds no run to go on with");
            return Err(Failure::new(message, "name the folder of a run, such as runs/NAME-1"));
        }
        Folder::lock(path)
    }

    /// Takes the folder for this run alone.
    fn lock(path: &Path) -> Result<Folder, Failure> {
        let metrics = path.join(METRICS);
        let is_new = !metrics.exists();
        let opened = File::options().read(true).write(true).create(true).truncate(false).open(&metrics);
        let file = opened.map_err(|e| Failure::file(&metrics, "written", &e))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                let message = format!("another run is writing into {}", path.display());
                Err(Failure::new(message, "wait for its end, or name another folder by --out"))
            }
            // Where files cannot be locked, nobody can be told apart.
            _ => Ok(Folder { path: path.to_owned(), metrics: file, is_new }),
        }
    }

    /// Empties the metrics but for the lines up to the step at which the run goes on.
    pub(crate) fn begin(&mut self, step: u64) -> Result<(), Failure> {
        let mut earlier = String::new();
        // What cannot be read are no lines of a run.
        let _ = self.metrics.read_to_string(&mut earlier);
        let done = |line: &&str| {
            let record = serde_json::from_str::<serde_json::Value>(line).unwrap_or_default();
            record["step"].as_u64().is_some_and(|s| s <= step)
        };
        let kept: String = earlier.lines().filter(|_| step > 0).filter(done).map(|line| format!("{line}\n")).collect();
        let mut begin = || {
            self.metrics.set_len(0)?;
            self.metrics.rewind()?;
            self.metrics.write_all(kept.as_bytes())
        };
        begin().map_err(|error| self.unwritten(&error))
    }

    /// Writes a line of metrics.
    pub(crate) fn log(&mut self, line: &str) -> Result<(), Failure> {
        self.metrics.write_all(format!("{line}\n").as_bytes()).map_err(|error| self.unwritten(&error))
    }

    fn unwritten(&self, error: &std::io::Error) -> Failure {
        Failure::file(&self.path.join(METRICS), "written", error)
    }

    /// Takes a folder away again whose run has not begun, when nothing else is in it.
    pub(crate) fn abandon(self) {
        if self.is_new {
            let _ = std::fs::remove_file(self.path.join(METRICS));
            let _ = std::fs::remove_dir(&self.path);
        }
    }
}

/// Refuses a folder in which a new run would write over something.
fn is_free(path: &Path, file: &Path) -> Result<(), Failure> {
    let shown = path.display();
    let other = "name another folder, or none for the next of runs/NAME-N";
    if path.exists() && !path.is_dir() {
        return Err(Failure::new(format!("`--out {shown}` names a file, and a run has a folder"), other));
    }
    let model = path.join(MODEL);
    if is_same(&model, file) {
        let message = format!("the run would write its own model over {}, which it is to train", model.display());
        return Err(Failure::new(message, other));
    }
    if let Some(lost) = [MODEL, METRICS].iter().find(|name| path.join(name).exists() && !is_run(path)) {
        let message = format!("`--out {shown}` holds `{lost}` of no run, which a run would write over");
        return Err(Failure::new(message, other));
    }
    is_unweighted(path)
}

/// Whether a folder holds what a run leaves from its first moment on: its model, and metrics that are none yet or tell
/// the step of their first line.
fn is_run(path: &Path) -> bool {
    let mut line = Vec::new();
    let metrics = File::open(path.join(METRICS)).map(|file| BufReader::new(file.take(MAX_LINE)));
    let is_read = metrics.and_then(|mut metrics| metrics.read_until(b'\n', &mut line)).is_ok();
    let record = serde_json::from_slice::<serde_json::Value>(&line).unwrap_or_default();
    path.join(MODEL).is_file() && is_read && (line.is_empty() || record["step"].is_u64())
}

/// Refuses the folder of a run that left weights.
fn is_unweighted(path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    match [WEIGHTS, STATE].iter().any(|name| path.join(name).exists()) {
        true => Err(Failure::new(
            format!("{shown} holds the weights of another run"),
            format!("name another folder, or go on with that run by --resume {shown}"),
        )),
        false => Ok(()),
    }
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
