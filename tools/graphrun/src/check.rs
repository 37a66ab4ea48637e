//! `graphrun check`: load and verify.

use std::path::PathBuf;

use graphrun::Diagnostics;
use graphrun::load::LoadOptions;
use serde_json::json;

use crate::args::Common;
use crate::failure::{Failure, Found, records, render, say};
use crate::model::{check, eprint, files};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Model files, and folders of them
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    let (mut wrong, mut doubtful): (Vec<Diagnostics>, Vec<Diagnostics>) = Default::default();
    let files = files(&args.files)?;
    for path in &files {
        match check(path, &LoadOptions::default()) {
            Err(found) => wrong.push(found),
            Ok(model) if !model.warnings.list.is_empty() => {
                eprint(&render(&model.warnings));
                doubtful.push(model.warnings);
            }
            Ok(_) => {}
        }
    }
    if !wrong.is_empty() {
        return Err(Failure::Files(wrong));
    }
    match common.json {
        true => say(json!({"errors": [], "warnings": records(&doubtful)}))?,
        false => say(format!("{} file{} checked, no errors", files.len(), if files.len() == 1 { "" } else { "s" }))?,
    }
    Ok(Found::Nothing)
}
