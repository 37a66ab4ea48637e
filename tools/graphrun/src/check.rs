//! `graphrun check`: load and verify.

use std::path::{Path, PathBuf};

use graphrun::train::{check_files, check_section, standard};
use graphrun::{Diagnostics, nodes};
use serde_json::json;

use crate::args::Common;
use crate::failure::{Failure, Found, render, say};
use crate::model::{eprint, files};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Model files, and folders of them
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    let (registry, train) = (nodes::standard(), standard());
    let mut wrong: Vec<Diagnostics> = Vec::new();
    let files = files(&args.files)?;
    for path in &files {
        match graphrun::load::load(path, &registry, &graphrun::load::LoadOptions::default()) {
            Err(found) => wrong.push(found),
            Ok(model) => {
                let mut found = Diagnostics { sources: model.sources.clone(), list: Vec::new() };
                let section = model.train.as_ref().and_then(|_| check_section(&model, &train, &mut found));
                if let Some(spec) = section {
                    check_files(&spec, path.parent().unwrap_or(Path::new("")), &mut found);
                }
                if found.has_errors() {
                    wrong.push(found);
                } else if !model.warnings.list.is_empty() {
                    eprint(&render(&model.warnings));
                }
            }
        }
    }
    if !wrong.is_empty() {
        return Err(Failure::Files(wrong));
    }
    match common.json {
        true => say(json!({"errors": []}))?,
        false => say(format!("{} file{} checked, no errors", files.len(), if files.len() == 1 { "" } else { "s" }))?,
    }
    Ok(Found::Nothing)
}
