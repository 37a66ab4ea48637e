//! `graphrun explain`: what an error code means.

use graphrun::load::diagnostics::Code;

use crate::failure::{Failure, Found, say};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// A code such as GR0102; all of them when omitted
    code: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<Found, Failure> {
    let Some(wanted) = &args.code else {
        Code::ALL.iter().try_for_each(|code| say(format!("{code}  {}", code.title())))?;
        return Ok(Found::Nothing);
    };
    let code = Code::parse(wanted).ok_or_else(|| {
        Failure::new(format!("there is no code `{wanted}`")).help("`graphrun explain` lists them all")
    })?;
    say(format!("{code}: {}\n\n{}", code.title(), code.explanation()))?;
    Ok(Found::Nothing)
}
