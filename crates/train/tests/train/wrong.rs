//! The wrong training sections of `tests/wrong/train`, each held against the messages beside it.
//!
//! `GRAPHRUN_BLESS=1 cargo test -p graphrun-train --test train wrong` writes the messages anew.

use std::path::{Path, PathBuf};

use graphrun_load::{LoadOptions, draft};
use graphrun_train::{check_draft, standard};

/// Words of the implementation that no message may contain.
const FOREIGN: [&str; 11] =
    ["serde", "usize", "u64", "i64", "f64", "Vec<", "::", "struct ", "enum ", "os error", "Option"];

/// The root of the repository, of which messages are to know nothing.
fn root() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).canonicalize().expect("the root of the repository")
}

#[test]
fn every_wrong_section_has_its_messages() {
    let entries = std::fs::read_dir(root().join("tests/wrong/train")).expect("the folder of wrong files");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|ext| ext == "ron"));
    files.sort();
    assert!(files.len() >= 13, "{} wrong files", files.len());
    let (nodes, registry) = (graphrun_nodes::standard(), standard());
    let mut changed = Vec::new();
    for path in files {
        let draft = draft(&path, &nodes, &LoadOptions::default());
        let mut found = draft.diagnostics.clone();
        if let Ok(model) = &draft.model {
            found.sources = model.sources.clone();
        }
        check_draft(&draft, &registry, &mut found);
        found.sort();
        assert!(found.has_errors(), "{} is right", path.display());
        for said in &found.list {
            assert!(!said.help.is_empty(), "{}: no remedy for {}", path.display(), said.message);
            let words = format!("{} {} {}", said.message, said.label, said.help);
            for word in FOREIGN {
                assert!(!words.contains(word), "{} speaks of {word}: {words}", path.display());
            }
        }
        let text = format!("{found}\n").replace(&format!("{}/", root().display()), "");
        let snapshot: &Path = &path.with_extension("txt");
        if std::env::var_os("GRAPHRUN_BLESS").is_some() {
            std::fs::write(snapshot, text).expect("a snapshot");
        } else if std::fs::read_to_string(snapshot).ok().as_deref() != Some(&text) {
            changed.push(format!("{}\n{text}", snapshot.display()));
        }
    }
    assert!(changed.is_empty(), "messages changed:\n{}", changed.join("\n"));
}
