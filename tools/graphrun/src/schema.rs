//! `graphrun schema`: the format and the registry, for editors.

use graphrun::nodes;

use crate::failure::{Failure, Found, say};

pub(crate) fn run() -> Result<Found, Failure> {
    let schema = graphrun::load::schema(&nodes::standard());
    say(serde_json::to_string_pretty(&schema).map_err(|e| Failure::new(e.to_string()))?)?;
    Ok(Found::Nothing)
}
