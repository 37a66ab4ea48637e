//! Habits that a machine can check.

use std::collections::{BTreeMap, BTreeSet};

use crate::{files_under, root};

/// Files are about 300 lines, one idea each; none is longer than this.
const MOST_LINES: usize = 430;

/// The crates of ARCHITECTURE.md in order, each with what it takes from outside.
fn layers() -> Vec<(String, BTreeSet<String>)> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `") && line.matches('|').count() == 4);
    let layers = rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let outside = cells[3].split(", ").filter(|name| !name.is_empty()).map(str::to_string);
        (cells[1].trim_matches('`').to_string(), outside.collect())
    });
    layers.collect()
}

/// What a crate depends on outside of its tests.
fn dependencies(name: &str) -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
    let section = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    let entries = section.take_while(|line| !line.starts_with('[')).filter(|line| !line.trim().is_empty());
    entries.map(|line| line.split(['.', ' ', '=']).next().unwrap().to_string()).collect()
}

#[test]
fn a_crate_imports_rows_above_it_and_what_its_row_names() {
    let layers = layers();
    let folders: BTreeSet<String> = std::fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(layers.iter().map(|(name, _)| name.clone()).collect::<BTreeSet<_>>(), folders);
    for (place, (name, outside)) in layers.iter().enumerate() {
        let above: BTreeSet<String> = layers[..place].iter().map(|(name, _)| format!("graphrun-{name}")).collect();
        let (ours, others): (BTreeSet<String>, BTreeSet<String>) =
            dependencies(name).into_iter().partition(|name| name.starts_with("graphrun"));
        assert!(ours.is_subset(&above), "{name} imports {:?}", ours.difference(&above));
        assert_eq!(&others, outside, "what {name} takes from outside, and what ARCHITECTURE.md says");
    }
}

/// Each binary is linked anew, which takes longer than most of the tests in it.
#[test]
fn a_crate_has_one_test_binary_beside_those_that_measure_their_own_process() {
    for (name, _) in layers() {
        let Ok(entries) = std::fs::read_dir(root().join("crates").join(&name).join("tests")) else { continue };
        let paths = entries.map(|entry| entry.unwrap().path());
        let binaries = paths.map(|path| if path.is_dir() { path.join("main.rs") } else { path });
        let texts = binaries.filter_map(|file| std::fs::read_to_string(file).ok());
        let shared = texts.filter(|text| !text.lines().next().unwrap().contains("in a process of its own")).count();
        assert!(shared <= 1, "the tests of {name} are linked {shared} times");
    }
}

/// The code of every crate and of the command, by path below the repository.
fn sources() -> BTreeMap<String, String> {
    let files = ["crates", "tools", "tests"].iter().flat_map(|folder| files_under(folder, "rs"));
    let read = files.map(|path| {
        let shown = path.strip_prefix(root()).unwrap().display().to_string();
        (shown, std::fs::read_to_string(&path).unwrap())
    });
    read.collect()
}

#[test]
fn unsafe_code_stays_where_it_belongs() {
    for (path, text) in sources() {
        let allowed = path.starts_with("crates/tensor/") || path.starts_with("crates/expr/");
        let allows = text.contains(concat!("allow(", "unsafe_code)"));
        assert!(allowed || !allows, "{path} allows unsafe code");
    }
}

#[test]
fn files_hold_one_idea() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= MOST_LINES, "{path} has {lines} lines: split it");
    }
}

#[test]
fn every_file_of_an_operation_is_listed() {
    for (path, text) in sources() {
        let definitions = text.matches("pub(crate) fn def() -> OpDef").count();
        if !path.starts_with("crates/nodes/") || definitions == 0 {
            continue;
        }
        let stem = path.rsplit('/').next().unwrap().trim_end_matches(".rs");
        let name: String = stem.split('_').map(|part| part[..1].to_uppercase() + &part[1..]).collect();
        assert!(text.contains(&format!("OpDef::new(\"{name}\"")) || text.contains(&format!("\"{name}\"")), "{path}");
        assert!(graphrun::nodes::standard().op(&name).is_some(), "{name} of {path} is not in the registry");
    }
}

#[test]
fn only_the_core_is_named_by_those_that_must_not_know_more() {
    let registry = graphrun::nodes::standard();
    let standing: BTreeSet<&str> = registry.ops().map(|op| op.name).collect();
    let core: BTreeSet<&str> = ["Sum", "Broadcast", "Reshape", "Formula"].into();
    for (path, text) in sources() {
        let blind =
            ["crates/plan/src/", "crates/exec/src/", "crates/load/src/"].iter().any(|part| path.starts_with(part));
        if !blind {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap();
        let named = standing.difference(&core).find(|name| code.contains(&format!("op(\"{name}\")")));
        assert!(named.is_none(), "{path} names {named:?}");
    }
}
