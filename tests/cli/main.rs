//! The command as a user meets it: the real binary on the real files.

mod examples;
mod files;
mod gradcheck;
mod lecture;
mod mistakes;
mod outputs;
mod pictures;
mod points;
mod runs;
mod stable;
mod stats;
mod tidy;
mod training;
mod verbs;
mod worksheet;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The folder of the repository, in which every command here runs.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_graphrun"));
    command.current_dir(root()).args(args);
    command
}

fn graphrun(args: &[&str]) -> Output {
    command(args).output().unwrap()
}

/// Standard output of a command that must succeed.
#[track_caller]
fn out(args: &[&str]) -> String {
    let output = graphrun(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The JSON that a command gives, which must succeed.
#[track_caller]
fn json(args: &[&str]) -> Value {
    serde_json::from_str(&out(args)).unwrap()
}

fn path_of(folder: &tempfile::TempDir) -> &str {
    folder.path().to_str().unwrap()
}

/// Every file under a folder of the repository with this extension.
fn files_under(folder: &str, extension: &str) -> Vec<PathBuf> {
    fn search(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => search(&path, extension, found),
                false if path.extension().is_some_and(|e| e == extension) => found.push(path),
                false => {}
            }
        }
    }
    let mut found = Vec::new();
    search(&root().join(folder), extension, &mut found);
    found.sort();
    found
}
