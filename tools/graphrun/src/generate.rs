//! What is generated from the list of verbs: completions for shells, and manual pages.

use std::path::PathBuf;

use clap::Command;
use serde_json::json;

use crate::args::Common;
use crate::failure::{Failure, Found, say};

#[derive(clap::Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: clap_complete::Shell,
}

#[derive(clap::Args, Debug)]
pub(crate) struct ManArgs {
    /// Write the page of every verb into this folder, instead of the first page to standard output
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn completions(args: &CompletionsArgs, mut command: Command, common: &Common) -> Result<Found, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command, "graphrun", &mut text);
    let text = String::from_utf8_lossy(&text);
    match common.json {
        true => say(json!({"shell": args.shell.to_string(), "completions": text}))?,
        false => say(text.trim_end())?,
    }
    Ok(Found::Nothing)
}

pub(crate) fn manual(args: &ManArgs, command: Command, common: &Common) -> Result<Found, Failure> {
    match &args.out {
        Some(folder) => {
            let unwritten = |e: std::io::Error| Failure::file(folder, "written", &e);
            std::fs::create_dir_all(folder).map_err(unwritten)?;
            clap_mangen::generate_to(command, folder).map_err(unwritten)?;
            if common.json {
                say(json!({"folder": folder}))?;
            }
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            let page = String::from_utf8_lossy(&page);
            match common.json {
                true => say(json!({ "page": page }))?,
                false => say(page.trim_end())?,
            }
        }
    }
    Ok(Found::Nothing)
}
