//! What a `train` section may say, as plain data, from the tables that read it.

use graphrun_data::{Choice, DataSpec, FeedSpec, Noise, SettingDoc, Source};
use serde::Serialize;

use crate::groups::{Group, Holds, TRAIN};
use crate::registry::TrainRegistry;
use crate::settings::{Range, Setting};

/// What a `train` section may say, to be serialised.
#[derive(Clone, Debug, Serialize)]
pub struct Schema {
    /// The fields of the section.
    pub train: Vec<FieldEntry>,
    /// Its `data`.
    pub data: DataEntry,
    /// The optimisers.
    pub optimizers: Vec<CallEntry>,
    /// The schedules.
    pub schedules: Vec<CallEntry>,
    /// The metrics.
    pub metrics: Vec<CallEntry>,
}

/// A field of the section, or of a group in it.
#[derive(Clone, Debug, Serialize)]
pub struct FieldEntry {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: String,
    /// What it is when it is left out, where that is a number or a flag.
    pub default: Option<String>,
    /// What it does.
    pub doc: &'static str,
    /// The fields of the group that it holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldEntry>,
}

/// The `data` of a section.
#[derive(Clone, Debug, Serialize)]
pub struct DataEntry {
    /// Its fields.
    pub fields: Vec<SettingDoc>,
    /// What `source` may be.
    pub sources: Vec<Choice>,
    /// What may feed an input.
    pub feeds: Vec<Choice>,
    /// The columns of the source `Noise`.
    pub noises: Vec<Choice>,
}

/// An optimiser, a schedule or a metric.
#[derive(Clone, Debug, Serialize)]
pub struct CallEntry {
    /// The name.
    pub name: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// The nodes that a metric looks at, in order.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub ports: &'static [&'static str],
    /// The options.
    pub options: Vec<FieldEntry>,
}

/// Describes the section with what a registry has.
#[must_use]
pub fn schema(registry: &TrainRegistry) -> Schema {
    let call = |name, doc, ports, options: &[Setting]| CallEntry {
        name,
        doc,
        ports,
        options: options.iter().map(|s| number(s.name, s.range, Some(s.default), s.doc)).collect(),
    };
    Schema {
        train: fields(&TRAIN),
        data: DataEntry {
            fields: DataSpec::settings(),
            sources: Source::choices(),
            feeds: FeedSpec::choices(),
            noises: Noise::choices(),
        },
        optimizers: registry.optimizers().values().map(|d| call(d.name, d.summary, &[], d.options)).collect(),
        schedules: registry.schedules().values().map(|d| call(d.name, d.summary, &[], d.options)).collect(),
        metrics: registry.metrics().values().map(|d| call(d.name, d.summary, d.ports, d.options)).collect(),
    }
}

fn number(name: &'static str, range: Range, default: Option<f64>, doc: &'static str) -> FieldEntry {
    let written = |x: f64| if range == Range::Flag { (x != 0.0).to_string() } else { x.to_string() };
    FieldEntry { name, kind: range.to_string(), default: default.map(written), doc, fields: Vec::new() }
}

fn fields(group: &Group) -> Vec<FieldEntry> {
    let entry = |name, kind: &str, doc, fields| FieldEntry { name, kind: kind.into(), default: None, doc, fields };
    let described = group.fields.iter().map(|field| match field.holds {
        Holds::Number(range, default) => number(field.name, range, default, field.doc),
        Holds::Group(inner) => entry(field.name, "group", field.doc, fields(inner)),
        Holds::Groups(inner) => entry(field.name, "map to groups", field.doc, fields(inner)),
        Holds::Form(form) => entry(field.name, form, field.doc, Vec::new()),
    });
    described.collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use graphrun_load::{LoadOptions, load_str};

    use super::*;
    use crate::{Experiment, standard};

    /// A section that says all that the description knows, numbers at their defaults or else 1, and reads back.
    #[test]
    fn what_is_described_is_read() {
        let schema = schema(&standard());
        let value = |field: &FieldEntry| {
            field.default.clone().unwrap_or_else(|| match &*field.kind {
                "true or false" => "true".into(),
                _ => "1".into(),
            })
        };
        let list = |fields: &[FieldEntry]| {
            let pairs: Vec<String> = fields.iter().map(|field| format!("{}: {}", field.name, value(field))).collect();
            format!("({})", pairs.join(", "))
        };
        let optimizer = schema.optimizers.iter().find(|call| call.name == "Adam").unwrap();
        let written = schema.train.iter().filter(|field| field.name != "steps").map(|field| {
            let value = match field.name {
                "data" => "(source: Rows({ x: [1, 2], t: [1, 2] }))".into(),
                "optimizer" => format!("Adam{}", list(&optimizer.options)),
                "schedule" => "Constant".into(),
                "metrics" => "{ error: Mae(y, t) }".into(),
                "params" => format!("{{ w: {} }}", list(&field.fields)),
                _ if !field.fields.is_empty() => list(&field.fields),
                _ => value(field),
            };
            format!("{}: {value}", field.name)
        });
        let text = format!(
            "Model(graphrun: 1, inputs: {{ x: [N], t: [N] }}, params: {{ w: (shape: [], init: Zeros) }},
              nodes: {{ y: Mul(w, x), e: Mse(y, t) }}, outputs: [y], loss: e, train: ({}))",
            written.collect::<Vec<_>>().join(", ")
        );
        let model = load_str(Path::new("m.ron"), &text, &graphrun_nodes::standard(), &LoadOptions::default()).unwrap();
        let read = Experiment::read(&model, &standard());
        assert!(read.is_ok(), "{}\n{text}", read.err().unwrap().render(false));
        assert!(schema.metrics.iter().all(|call| !call.ports.is_empty()));
    }
}
