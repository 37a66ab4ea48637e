//! `graphrun new`: a starter file, or a starter crate with an operation of its own.

use std::path::Path;

use graphrun::train::write_atomically;
use serde_json::json;

use crate::args::Common;
use crate::failure::{Failure, Found, say};

/// Where the library is whose ops a starter crate adds to: in the repository that this program was built from.
const LIBRARY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/graphrun");

/// A beginning by name: files by path, in which `NAME` stands for what is begun and `LIBRARY` for [`LIBRARY`].
struct Template {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
    next: &'static str,
}

const TEMPLATES: &[Template] = &[
    Template {
        name: "lecture",
        files: &[("NAME.ron", include_str!("../templates/lecture.ron"))],
        next: "graphrun test NAME.ron && graphrun trace NAME.ron",
    },
    Template {
        name: "classifier",
        files: &[("NAME.ron", include_str!("../templates/classifier.ron"))],
        next: "graphrun check NAME.ron && graphrun train NAME.ron",
    },
    Template {
        name: "regression",
        files: &[("NAME.ron", include_str!("../templates/regression.ron"))],
        next: "graphrun check NAME.ron && graphrun train NAME.ron",
    },
    Template {
        name: "cnn",
        files: &[("NAME.ron", include_str!("../templates/cnn.ron"))],
        next: "graphrun show NAME.ron && graphrun train NAME.ron",
    },
    Template {
        name: "custom-op",
        files: &[
            ("NAME/Cargo.toml", include_str!("../templates/Cargo.toml.txt")),
            ("NAME/src/main.rs", include_str!("../../../crates/graphrun/examples/custom_op.rs")),
        ],
        next: "cd NAME && cargo run && cargo test",
    },
];

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The name of the model; `NAME.ron` is written, or the crate `NAME`
    name: String,
    /// What to begin with
    #[arg(long, default_value = "classifier", value_parser = TEMPLATES.iter().map(|t| t.name).collect::<Vec<_>>())]
    template: String,
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    let name = args.name.trim_end_matches(".ron");
    let named = |text: &str| text.replace("NAME", name);
    let last = Path::new(name).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if last.is_empty() || !last.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.')) {
        return Err(Failure::new(format!("`{name}` is no name for a file"), "write letters, digits, `-` and `_`"));
    }
    let template = TEMPLATES.iter().find(|template| template.name == args.template);
    let Template { files, next, .. } = template
        .ok_or_else(|| Failure::new("there is no such template", "name one that `graphrun new --help` lists"))?;
    let paths: Vec<String> = files.iter().map(|(path, _)| named(path)).collect();
    if let Some(path) = paths.iter().find(|path| Path::new(path).exists()) {
        return Err(Failure::new(format!("{path} is there already"), "choose another name"));
    }
    for (path, (_, text)) in paths.iter().zip(*files) {
        write_atomically(Path::new(path), text.replace("NAME", last).replace("LIBRARY", LIBRARY).as_bytes())?;
    }
    match common.json {
        true => say(json!({ "files": paths }))?,
        false => say(format!("{} written; try `{}`", paths.join(" and "), named(next)))?,
    }
    Ok(Found::Nothing)
}
