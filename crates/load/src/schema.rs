//! The format and a registry as plain data, for editors and other programs.

use graphrun_graph::{InitDef, OptionDoc, Registry};
use serde::Serialize;

use crate::document::{ArgKind, FIELDS, STRUCTURAL, USAGE, VERSION};

/// What a model file may say, to be serialised.
#[derive(Clone, Debug, Serialize)]
pub struct Schema {
    /// The version of the format.
    pub version: i64,
    /// The fields of `Model(...)`.
    pub fields: Vec<Entry>,
    /// The structural words.
    pub structure: Vec<Entry>,
    /// The kinds of a block's arguments.
    pub kinds: Vec<Entry>,
    /// The ops.
    pub ops: Vec<OpEntry>,
    /// The initialisers.
    pub initialisers: Vec<InitEntry>,
}

/// A name, how it is written, and what it is for.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// The name.
    pub name: &'static str,
    /// How it is written, or what it holds.
    pub form: &'static str,
    /// What it is for.
    pub doc: &'static str,
}

/// An op.
#[derive(Clone, Debug, Serialize)]
pub struct OpEntry {
    /// The name.
    pub name: &'static str,
    /// The family: `Losses`, `Activations`, ...
    pub family: &'static str,
    /// What it computes.
    pub doc: &'static str,
    /// The value as a formula.
    pub formula: &'static str,
    /// The inputs, in order.
    pub ports: Vec<PortEntry>,
    /// The parameters that it owns, each of which may be shared by naming one.
    pub params: Vec<&'static str>,
    /// The options.
    pub options: Vec<OptionEntry>,
}

/// An initialiser.
#[derive(Clone, Debug, Serialize)]
pub struct InitEntry {
    /// The name.
    pub name: &'static str,
    /// What it draws.
    pub doc: &'static str,
    /// Whether it takes one value bare: `Const(0.01)`.
    pub bare: bool,
    /// The options.
    pub options: Vec<OptionEntry>,
}

/// An input of an op.
#[derive(Clone, Debug, Serialize)]
pub struct PortEntry {
    /// The name.
    pub name: &'static str,
    /// Whether it takes a list.
    pub variadic: bool,
    /// Whether it may be left out.
    pub optional: bool,
}

/// An option of an op or an initialiser.
#[derive(Clone, Debug, Serialize)]
pub struct OptionEntry {
    /// The name.
    pub name: &'static str,
    /// What it holds.
    pub kind: &'static str,
    /// Its default; none when it must be given.
    pub default: Option<&'static str>,
    /// What it does.
    pub doc: &'static str,
}

/// Describes the format with the ops and initialisers of a registry.
pub fn schema(registry: &Registry) -> Schema {
    let ops = registry.ops().map(|op| OpEntry {
        name: op.name,
        family: op.family,
        doc: op.summary,
        formula: op.formula,
        ports: op
            .ports
            .iter()
            .map(|port| PortEntry { name: port.name, variadic: port.variadic, optional: port.optional })
            .collect(),
        params: op.params.clone(),
        options: options(&op.options),
    });
    let structure = STRUCTURAL.iter().zip(USAGE).map(|(name, (form, doc))| Entry { name, form, doc });
    let init = |init: &InitDef| InitEntry {
        name: init.name,
        doc: init.summary,
        bare: init.bare,
        options: options(&init.options),
    };
    Schema {
        version: VERSION,
        fields: FIELDS.iter().map(|(name, form, doc)| Entry { name, form, doc }).collect(),
        structure: structure.collect(),
        kinds: ArgKind::ALL.iter().map(|(name, kind)| Entry { name, form: name, doc: kind.describe() }).collect(),
        ops: ops.collect(),
        initialisers: registry.inits().map(init).collect(),
    }
}

fn options(documented: &[OptionDoc]) -> Vec<OptionEntry> {
    let entry = |o: &OptionDoc| OptionEntry { name: o.name, kind: o.kind, default: o.default, doc: o.doc };
    documented.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_described() {
        let schema = schema(&Registry::new());
        let named = |entries: &[Entry]| entries.iter().all(|entry| !entry.form.is_empty() && !entry.doc.is_empty());
        assert!(named(&schema.fields) && named(&schema.structure) && named(&schema.kinds));
        assert!(schema.structure.iter().all(|entry| entry.form.starts_with(entry.name)));
        assert_eq!(schema.kinds.len(), 6);
    }
}
