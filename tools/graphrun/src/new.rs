//! `graphrun new`: a starter file.

use std::path::PathBuf;

use graphrun::train::write_atomically;

use crate::failure::{Failure, Found, say};

const TEMPLATES: &[(&str, &str)] = &[
    ("lecture", include_str!("../templates/lecture.ron")),
    ("classifier", include_str!("../templates/classifier.ron")),
    ("regression", include_str!("../templates/regression.ron")),
    ("cnn", include_str!("../templates/cnn.ron")),
];

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The name of the model; `NAME.ron` is written
    name: String,
    /// What to begin with: lecture, classifier, regression, cnn
    #[arg(long, default_value = "classifier")]
    template: String,
}

pub(crate) fn run(args: &Args) -> Result<Found, Failure> {
    let known = || TEMPLATES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let (_, text) = TEMPLATES.iter().find(|(name, _)| *name == args.template).ok_or_else(|| {
        Failure::new(format!("there is no template `{}`", args.template)).help(format!("there are {}", known()))
    })?;
    let path = PathBuf::from(format!("{}.ron", args.name.trim_end_matches(".ron")));
    if path.exists() {
        return Err(Failure::new(format!("{} is there already", path.display())).help("choose another name"));
    }
    write_atomically(&path, text.as_bytes())?;
    say(format!("{} written; try `graphrun check {0}` and `graphrun test {0}`", path.display()))?;
    Ok(Found::Nothing)
}
