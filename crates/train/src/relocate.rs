//! The files that a model names, and a model file for another folder: the same files under other relative paths.

use std::path::{Component, Path, PathBuf};

use graphrun_load::Model;
use graphrun_load::diagnostics::Diagnostics;
use graphrun_load::syntax::{Kind, Span, Value, parse, quote};

/// The sources of data whose texts are paths.
const SOURCES: [&str; 4] = ["Csv", "Npy", "Npz", "Idx"];
/// The initialiser whose text is a path.
const FILE: &str = "File";

/// The text of `model` with its relative paths, those of included files, of data and of initial values, so that they
/// lead from `folder` where they lead from the model's own; both folders are there.
#[must_use]
pub fn relocated(model: &Model, folder: &Path) -> String {
    let mut text = model.text().to_owned();
    for (span, path) in paths(&text).iter().filter(|(_, path)| !Path::new(path).is_absolute()) {
        text.replace_range(span.range(), &quote(&between(folder, &model.resolve(path))));
    }
    text
}

/// Every file that is read for a model: its own, those it includes, those of data and of initial values.
#[must_use]
pub fn files(model: &Model) -> Vec<PathBuf> {
    let named = paths(model.text()).into_iter().map(|(_, path)| model.resolve(&path));
    std::iter::once(model.path.clone()).chain(named).collect()
}

/// The paths that a model file names, with their places, the last first.
fn paths(text: &str) -> Vec<(Span, String)> {
    let mut unread = Diagnostics::default();
    let file = unread.sources.add("", text);
    let root = parse(file, &mut unread).root;
    let mut found = Vec::new();
    root.field("include").iter().for_each(|list| strings(list, &mut found));
    calls(&root, &[FILE], &mut found);
    if let Some(data) = root.field("train").and_then(|train| train.field("data")) {
        calls(data, &SOURCES, &mut found);
    }
    found.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    found.dedup();
    found
}

/// Every text within a value, with its place.
fn strings(value: &Value, found: &mut Vec<(Span, String)>) {
    match &value.kind {
        Kind::Str(text) => found.push((value.span, text.clone())),
        Kind::Call(_, args) => args.iter().for_each(|arg| strings(&arg.value, found)),
        Kind::List(items) => items.iter().for_each(|item| strings(item, found)),
        Kind::Map(entries) => entries.iter().for_each(|entry| strings(&entry.value, found)),
        _ => {}
    }
}

/// Every text in the calls of these names, wherever they stand.
fn calls(value: &Value, names: &[&str], found: &mut Vec<(Span, String)>) {
    match &value.kind {
        Kind::Call(Some(name), args) if names.contains(&name.text.as_str()) => {
            args.iter().for_each(|arg| strings(&arg.value, found));
        }
        Kind::Call(_, args) => args.iter().for_each(|arg| calls(&arg.value, names, found)),
        Kind::List(items) => items.iter().for_each(|item| calls(item, names, found)),
        Kind::Map(entries) => entries.iter().for_each(|entry| calls(&entry.value, names, found)),
        _ => {}
    }
}

/// The path that leads from `folder` to `file`; an absolute one where they share no root.
fn between(folder: &Path, file: &Path) -> String {
    let (from, to) = (real(folder), real(file));
    let common = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    let path: PathBuf = match common {
        0 => to,
        _ => up.chain(to.components().skip(common)).collect(),
    };
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

/// The absolute path, links followed; of a file that is not there, its folder's.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) if !folder.as_os_str().is_empty() => real(folder).join(name),
        (Some(_), Some(name)) => real(Path::new(".")).join(name),
        _ => path.to_path_buf(),
    })
}

#[cfg(test)]
mod tests {
    use graphrun_load::{LoadOptions, load_str};

    use super::*;

    #[test]
    fn paths_lead_from_one_folder_where_they_led_from_the_other() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("a")).unwrap();
        std::fs::create_dir_all(folder.path().join("runs/a-1")).unwrap();
        let text = r#"Model(graphrun: 1, inputs: { x: [2] }, nodes: { y: Exp(x) }, outputs: [y], doc: "Csv(\"as it is\")",
            train: (data: (source: Csv("../d/x.csv"), test_source: Npy({ x: "t.npy", y: "/abs.npy" })), init: File("w.npy")))"#;
        let file = folder.path().join("a/m.ron");
        let model = load_str(&file, text, &graphrun_nodes::standard(), &LoadOptions::default()).unwrap();
        let read: Vec<PathBuf> = files(&model).iter().map(|path| folder.path().join(path)).collect();
        let named = ["a/m.ron", "a/w.npy", "/abs.npy", "a/t.npy", "a/../d/x.csv"].map(|path| folder.path().join(path));
        assert_eq!(read, named);
        let got = relocated(&model, &folder.path().join("runs/a-1"));
        let expect = text.replace("../d/x.csv", "../../d/x.csv").replace("\"t.npy", "\"../../a/t.npy");
        assert_eq!(got, expect.replace("w.npy", "../../a/w.npy"));
    }
}
