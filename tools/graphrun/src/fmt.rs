//! `graphrun fmt`: canonical form.

use std::path::PathBuf;

use graphrun::load::fmt_model;
use graphrun::train::write_atomically;
use serde_json::json;

use crate::args::Common;
use crate::failure::{Failure, Found, say};
use crate::model::files;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Model files, and folders of them
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Change nothing; say which files are not in canonical form, and exit with 1 if any
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    let (mut wrong, mut changed) = (Vec::new(), Vec::new());
    for path in files(&args.files)? {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(&path).map_err(|e| Failure::new(format!("{shown}: {e}")))?;
        match fmt_model(&shown, &text) {
            Err(diagnostics) => wrong.push(diagnostics),
            Ok(canonical) if canonical == text => {}
            Ok(canonical) => {
                if !args.check {
                    write_atomically(&path, canonical.as_bytes())?;
                }
                if !common.json {
                    say(format!("{shown} {}", if args.check { "is not in canonical form" } else { "formatted" }))?;
                }
                changed.push(shown);
            }
        }
    }
    if !wrong.is_empty() {
        return Err(Failure::Files(wrong));
    }
    if common.json {
        say(json!({ "changed": changed }))?;
    }
    Ok(if args.check && !changed.is_empty() { Found::Finding } else { Found::Nothing })
}
