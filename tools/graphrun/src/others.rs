//! What is in a registry beside operations: initialisers, optimisers, schedules and metrics.

use graphrun::graph::Registry;
use graphrun::train::{Setting, TrainRegistry};
use serde_json::{Value, json};

use crate::table::wrapped;

/// An entry of a registry, of whatever kind.
pub(crate) struct Other {
    pub(crate) kind: &'static str,
    pub(crate) name: &'static str,
    summary: &'static str,
    /// Its formula, a line an assignment.
    formula: Vec<String>,
    /// The nodes that it looks at.
    inputs: &'static [&'static str],
    options: &'static [Setting],
    /// What stands before and behind it in a model file.
    place: [&'static str; 2],
}

/// All of them, kind by kind.
pub(crate) fn others(registry: &Registry, train: &TrainRegistry) -> Vec<Other> {
    let plain = |kind, name, summary, place| Other {
        kind,
        name,
        summary,
        place,
        formula: Vec::new(),
        inputs: &[],
        options: &[],
    };
    let inits = registry.inits().map(|def| plain("initialiser", def.name, def.summary, ["init: ", ""]));
    let optimizers = train.optimizers().values().map(|def| Other {
        formula: def.lines.iter().map(|(name, formula)| format!("{name} = {formula}")).collect(),
        options: def.options,
        ..plain("optimiser", def.name, def.summary, ["train: (optimizer: ", ")"])
    });
    let schedules = train.schedules().values().map(|def| Other {
        formula: vec![def.formula.to_string()],
        options: def.options,
        ..plain("schedule", def.name, def.summary, ["train: (schedule: ", ")"])
    });
    let metrics = train.metrics().values().map(|def| Other {
        inputs: def.ports,
        options: def.options,
        ..plain("metric", def.name, def.summary, ["train: (metrics: { name: ", " })"])
    });
    inits.chain(optimizers).chain(schedules).chain(metrics).collect()
}

impl Other {
    pub(crate) fn json(&self) -> Value {
        let option = |o: &Setting| json!({"name": o.name, "kind": "Real", "default": o.default, "doc": o.doc});
        json!({"name": self.name, "kind": self.kind, "summary": self.summary, "formula": self.formula.join("; "),
            "inputs": self.inputs.iter().map(|name| json!({"name": name})).collect::<Value>(),
            "options": self.options.iter().map(option).collect::<Value>(), "differentiable": false})
    }

    pub(crate) fn page(&self) -> String {
        let mut text = format!(
            "{}, {} {}\n{}\n",
            self.name,
            article(self.kind),
            self.kind,
            wrapped(2, [[self.summary.to_string()]])
        );
        if !self.formula.is_empty() {
            text += &format!("\n  formula\n{}", self.formula.iter().map(|f| format!("    {f}\n")).collect::<String>());
        }
        if !self.options.is_empty() {
            let row = |o: &Setting| [format!("{} (default {})", o.name, o.default), o.doc.to_string()];
            text += &format!("\n  options\n{}\n", wrapped(4, self.options.iter().map(row)));
        }
        let [before, behind] = self.place;
        let inputs = if self.inputs.is_empty() { String::new() } else { format!("({})", self.inputs.join(", ")) };
        text + &format!("\n  in a model file\n    {before}{}{inputs}{behind}", self.name)
    }
}

fn article(kind: &str) -> &'static str {
    if kind.starts_with(['i', 'o']) { "an" } else { "a" }
}
