//! `graphrun schema`: the format and the registries, for editors.

use graphrun::{load, nodes, train};
use serde_json::Value;

use crate::failure::{Failure, Found, say};

pub(crate) fn run() -> Result<Found, Failure> {
    let failure = |e: serde_json::Error| {
        Failure::new(format!("the schema is no JSON: {e}"), "use the program as it was released")
    };
    let mut schema = serde_json::to_value(load::schema(&nodes::standard())).map_err(failure)?;
    let experiment = serde_json::to_value(train::schema(&train::standard())).map_err(failure)?;
    if let (Value::Object(schema), Value::Object(experiment)) = (&mut schema, experiment) {
        schema.extend(experiment);
    }
    say(serde_json::to_string_pretty(&schema).map_err(failure)?)?;
    Ok(Found::Nothing)
}
