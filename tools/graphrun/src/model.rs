//! Opening models and finding nodes in them by name.

use std::path::{Path, PathBuf};

use graphrun::graph::NodeId;
use graphrun::load::diagnostics::nearest;
use graphrun::load::{LoadOptions, load};
use graphrun::{Graph, Model, nodes};

use crate::args::Common;
use crate::failure::{Failure, render};

/// Loads a model; warnings go to standard error.
pub(crate) fn open(path: &Path, with: &[String], common: &Common) -> Result<Model, Failure> {
    let mut overrides = Vec::new();
    for setting in with {
        let Some((key, value)) = setting.split_once('=') else {
            return Err(
                Failure::new(format!("`--with {setting}` has no value")).help("write it as --with train.epochs=5")
            );
        };
        overrides.push((key.to_string(), value.to_string()));
    }
    if let (Some(seed), false) = (common.seed, with.is_empty() && !has_train(path)) {
        overrides.push(("train.seed".into(), seed.to_string()));
    }
    let model = load(path, &nodes::standard(), &LoadOptions { overrides, ..LoadOptions::default() })?;
    if !model.warnings.list.is_empty() {
        eprint(&render(&model.warnings));
    }
    Ok(model)
}

/// Whether a file has a `train` section that a seed could be set in.
fn has_train(path: &Path) -> bool {
    std::fs::read_to_string(path).is_ok_and(|text| text.contains("train:"))
}

/// Writes a line to standard error; there is nowhere to report that it is gone.
pub(crate) fn eprint(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// The node of this name.
pub(crate) fn node(graph: &Graph, name: &str) -> Result<NodeId, Failure> {
    graph.find(name).ok_or_else(|| {
        let failure = Failure::new(format!("the model has no node `{name}`"));
        match nearest(name, graph.names().keys().map(|name| &**name)) {
            Some(near) => failure.help(format!("the nearest it has is `{near}`")),
            None => failure,
        }
    })
}

/// Every model file that `paths` name: files as they are, folders searched for `.ron` files.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    fn search(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
        let mut entries = std::fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            if path.is_dir() {
                search(&path, found)?;
            } else if path.extension().is_some_and(|e| e == "ron") {
                found.push(path);
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            search(path, &mut found).map_err(|e| Failure::new(format!("{}: {e}", path.display())))?;
        } else {
            found.push(path.clone());
        }
    }
    match found.is_empty() {
        true => Err(Failure::new("no model file is named, and there is none in the folders")),
        false => Ok(found),
    }
}
