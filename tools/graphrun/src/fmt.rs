//! `graphrun fmt`: canonical form.

use std::path::PathBuf;

use graphrun::load::{fmt_model, read_source};
use graphrun::train::write_atomically;
use serde_json::json;

use crate::args::Common;
use crate::failure::{Failure, Found, records, say, tell};
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
        let canonical = read_source(&path).and_then(|text| fmt_model(&shown, &text));
        match canonical {
            Err(diagnostics) => wrong.push(diagnostics),
            Ok(canonical) if std::fs::read(&path).is_ok_and(|bytes| bytes == canonical.as_bytes()) => {}
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
    if common.json {
        say(json!({ "changed": changed, "errors": records(&wrong) }))?;
    }
    Ok(match tell(&wrong) {
        true => Found::Wrong,
        false if args.check && !changed.is_empty() => Found::Finding,
        false => Found::Nothing,
    })
}
