//! The wrong files of `tests/wrong`, each held against the message beside it.
//!
//! `GRAPHRUN_BLESS=1 cargo test -p graphrun-load --test load wrong` writes the messages anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use graphrun_load::diagnostics::Code;
use graphrun_load::{LoadOptions, load};

/// Words of the implementation that no message may contain.
const FOREIGN: [&str; 11] =
    ["serde", "usize", "u64", "i64", "f64", "Vec<", "::", "struct ", "enum ", "RawValue", "visitor"];

/// Kinds that a small file of text without a training section cannot show.
const ELSEWHERE: [Code; 6] = [
    Code::TooLarge,
    Code::Setting,
    Code::UnknownSetting,
    Code::UnmatchedPattern,
    Code::Unreachable,
    Code::UnusedParameter,
];

/// The root of the repository, of which messages are to know nothing.
fn root() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).canonicalize().expect("the root of the repository")
}

fn wrong_files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join("tests/wrong")).expect("the folder of wrong files");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|ext| ext == "ron"));
    files.sort();
    files
}

#[test]
fn every_wrong_file_has_its_message() {
    let registry = graphrun_nodes::standard();
    let files = wrong_files();
    assert!(files.len() >= 60, "{} wrong files", files.len());
    let mut seen = BTreeSet::new();
    let mut changed = Vec::new();
    for name in files {
        let found = match load(&name, &registry, &LoadOptions::default()) {
            Ok(_) => panic!("{} loads", name.display()),
            Err(found) => found,
        };
        let records = found.records();
        assert!(records.iter().all(|record| record.line > 0 && record.column > 0), "{}: no place", name.display());
        seen.extend(found.list.iter().map(|found| found.code));
        for said in &found.list {
            assert!(!said.help.is_empty(), "{}: no remedy for {}", name.display(), said.message);
            let words = format!("{} {} {}", said.message, said.label, said.help);
            for word in FOREIGN {
                assert!(!words.contains(word), "{} speaks of {word}: {words}", name.display());
            }
        }
        let text = format!("{found}\n").replace(&format!("{}/", root().display()), "");
        let snapshot = name.with_extension("txt");
        if std::env::var_os("GRAPHRUN_BLESS").is_some() {
            std::fs::write(&snapshot, text).expect("a snapshot");
        } else if std::fs::read_to_string(&snapshot).ok().as_deref() != Some(&text) {
            changed.push(format!("{}\n{text}", snapshot.display()));
        }
    }
    assert!(changed.is_empty(), "messages changed:\n{}", changed.join("\n"));
    let unseen: Vec<_> = Code::ALL.iter().filter(|code| !seen.contains(code) && !ELSEWHERE.contains(code)).collect();
    assert!(unseen.is_empty(), "no wrong file shows {unseen:?}");
}
