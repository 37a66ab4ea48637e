//! `graphrun fmt`: canonical form.

use std::path::PathBuf;

use graphrun::load::fmt_source;
use graphrun::train::write_atomically;

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

pub(crate) fn run(args: &Args) -> Result<Found, Failure> {
    let (mut wrong, mut found) = (Vec::new(), Found::Nothing);
    for path in files(&args.files)? {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(&path).map_err(|e| Failure::new(format!("{shown}: {e}")))?;
        match fmt_source(&shown, &text) {
            Err(diagnostics) => wrong.push(diagnostics),
            Ok(canonical) if canonical == text => {}
            Ok(_) if args.check => {
                say(format!("{shown} is not in canonical form"))?;
                found = Found::Finding;
            }
            Ok(canonical) => {
                write_atomically(&path, canonical.as_bytes())?;
                say(format!("{shown} formatted"))?;
            }
        }
    }
    if wrong.is_empty() { Ok(found) } else { Err(Failure::Files(wrong)) }
}
