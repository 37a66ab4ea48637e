//! Opening models and finding nodes in them by name.

use std::path::{Path, PathBuf};

use graphrun::graph::NodeId;
use graphrun::load::diagnostics::nearest;
use graphrun::load::{Draft, LoadOptions, draft, load};
use graphrun::train::{check_draft, check_section, standard};
use graphrun::{Diagnostics, Graph, Model, nodes};

use crate::args::Common;
use crate::failure::{Failure, render};

/// Loads a model; warnings go to standard error. A seed on the command line takes the place of the file's.
pub(crate) fn open(path: &Path, with: &[String], common: &Common) -> Result<Model, Failure> {
    let mut overrides = Vec::new();
    for setting in with {
        let Some((key, value)) = setting.split_once('=') else {
            return Err(Failure::new(format!("`--with {setting}` has no value"), "write it as --with train.epochs=5"));
        };
        if value.trim().is_empty() {
            return Err(Failure::new(
                format!("the value of `--with {setting}` is empty"),
                "write it as --with train.epochs=5",
            ));
        }
        overrides.push((key.to_string(), value.to_string()));
    }
    let registry = nodes::standard();
    let mut options = LoadOptions { overrides, ..LoadOptions::default() };
    let mut model = whole(draft(path, &registry, &options))?;
    if let (Some(seed), true) = (common.seed, model.train.is_some()) {
        options.overrides.push(("train.seed".into(), seed.to_string()));
        model = load(path, &registry, &options)?;
    }
    if !model.warnings.list.is_empty() {
        eprint(&render(&model.warnings));
    }
    Ok(model)
}

/// Loads a model and holds its training section against it.
pub(crate) fn check(path: &Path, options: &LoadOptions) -> Result<Model, Diagnostics> {
    let draft = draft(path, &nodes::standard(), options);
    let sources = match &draft.model {
        Ok(model) => model.sources.clone(),
        Err(_) => draft.diagnostics.sources.clone(),
    };
    let mut found = Diagnostics { sources, list: draft.diagnostics.list.clone() };
    check_draft(&draft, &standard(), &mut found);
    found.sort();
    match draft.model {
        Ok(model) if !found.has_errors() => Ok(model),
        _ => Err(found),
    }
}

/// The model of a draft, else everything that is wrong with it and with its training section.
fn whole(mut draft: Draft) -> Result<Model, Diagnostics> {
    if draft.model.is_err() {
        let mut found = std::mem::take(&mut draft.diagnostics);
        check_draft(&draft, &standard(), &mut found);
        found.sort();
        draft.diagnostics = found;
    }
    draft.finish()
}

/// The seed of everything random: that of the command line, else the file's, else 0.
pub(crate) fn seed(model: &Model, common: &Common) -> u64 {
    if let Some(seed) = common.seed {
        return seed;
    }
    let section = model.train.as_ref().and_then(|_| check_section(model, &standard(), &mut Diagnostics::default()));
    section.map_or(0, |spec| spec.seed)
}

/// The failure of a graph that no model file can say.
pub(crate) fn unprinted(error: String) -> Failure {
    Failure::new(error, "name other nodes by --of and --wrt, or give the output another name")
}

/// Writes a line to standard error; there is nowhere to report that it is gone.
pub(crate) fn eprint(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// The node of this name.
pub(crate) fn node(graph: &Graph, name: &str) -> Result<NodeId, Failure> {
    graph.find(name).ok_or_else(|| {
        let help = match nearest(name, graph.names().keys().map(|name| &**name)) {
            Some(near) => format!("the nearest it has is `{near}`"),
            None => {
                let named = graph.names().keys().filter(|name| !name.contains('.')).take(12);
                format!("it has {}", named.map(|name| &**name).collect::<Vec<_>>().join(", "))
            }
        };
        Failure::new(format!("the model has no node `{name}`"), help)
    })
}

/// Every model file that `paths` name: files as they are, folders searched for `.ron` files. Hidden folders and files
/// are passed over.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    fn search(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
        let mut entries = std::fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            // What a link to a folder leads to is found where it is, so that no circle of links is followed.
            if entry.file_type()?.is_dir() {
                search(&path, found)?;
            } else if !path.is_dir() && path.extension().is_some_and(|e| e == "ron") {
                found.push(path);
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            search(path, &mut found).map_err(|e| Failure::file(path, "read", &e))?;
        } else {
            found.push(path.clone());
        }
    }
    match found.is_empty() {
        true => {
            let named: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            let message = format!("there is no model file in {}", named.join(", "));
            Err(Failure::new(message, "name a file or folder of files that end in `.ron`; `graphrun new` writes one"))
        }
        false => Ok(found),
    }
}
