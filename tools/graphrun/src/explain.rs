//! `graphrun explain`: what an error code means.

use graphrun::load::diagnostics::Code;
use serde_json::{Value, json};

use crate::args::Common;
use crate::failure::{Failure, Found, say};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// A code such as GR0102; all of them when omitted
    code: Option<String>,
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    let codes = match &args.code {
        None => Code::ALL.to_vec(),
        Some(wanted) => vec![Code::parse(wanted).ok_or_else(|| {
            Failure::new(format!("there is no code `{wanted}`"), "`graphrun explain` lists them all")
        })?],
    };
    if common.json {
        let entry = |code: &Code| {
            let [code, title, explanation, help] = [code.as_str(), code.title(), code.explanation(), code.remedy()];
            json!({"code": code, "title": title, "explanation": explanation, "help": help})
        };
        say(codes.iter().map(entry).collect::<Value>())?;
    } else if let (Some(_), [code]) = (&args.code, &codes[..]) {
        say(format!("{code}: {}\n\n{}\n\nhelp: {}", code.title(), code.explanation(), code.remedy()))?;
    } else {
        codes.iter().try_for_each(|code| say(format!("{code}  {}", code.title())))?;
    }
    Ok(Found::Nothing)
}
