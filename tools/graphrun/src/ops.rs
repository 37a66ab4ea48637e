//! `graphrun ops`: the registry.

use graphrun::graph::{OpDef, OptionDoc, Registry};
use graphrun::load::diagnostics::nearest;
use graphrun::nodes;
use graphrun::train::standard;
use serde_json::{Value, json};

use crate::args::Common;
use crate::failure::{Failure, Found, say};
use crate::others::{Other, others};
use crate::table::wrapped;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// An operation, initialiser, optimiser, schedule or metric; all of them when omitted
    name: Option<String>,
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    let (registry, train) = (nodes::standard(), standard());
    let others = others(&registry, &train);
    match &args.name {
        None => list(&registry, &others, common.json)?,
        Some(name) => {
            let op = |is: &dyn Fn(&str) -> bool| {
                let op = registry.ops().find(|op| is(op.name)).map(|op| [entry(op), page(op).into()]);
                op.or_else(|| others.iter().find(|other| is(other.name)).map(|o| [o.json(), o.page().into()]))
            };
            let found = op(&|known| known == name).or_else(|| op(&|known| letters(known) == letters(name)));
            let [json, page] = found.ok_or_else(|| unknown(name, &registry, &others))?;
            match common.json {
                true => say(Value::Array(vec![json]))?,
                false => say(page.as_str().unwrap_or_default())?,
            }
        }
    }
    Ok(Found::Nothing)
}

/// A name without what people write differently: `leaky_relu` for `LeakyRelu`.
fn letters(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

/// Every operation, and for people the names of everything else by kind.
fn list(registry: &Registry, others: &[Other], as_json: bool) -> Result<(), Failure> {
    if as_json {
        return say(registry.ops().map(entry).collect::<Value>());
    }
    say(wrapped(0, registry.ops().map(|op| [op.name, op.summary].map(String::from))))?;
    let names = |group: &[Other]| group.iter().map(|other| other.name).collect::<Vec<_>>().join(", ");
    let groups = others.chunk_by(|a, b| a.kind == b.kind);
    say(format!("\n{}", wrapped(0, groups.map(|group| [format!("{}s", group[0].kind), names(group)]))))
}

fn unknown(name: &str, registry: &Registry, others: &[Other]) -> Failure {
    let known = registry.ops().map(|op| op.name).chain(others.iter().map(|other| other.name));
    let near = nearest(name, known).map(|near| format!("the nearest is `{near}`"));
    let help = near.unwrap_or_else(|| "`graphrun ops` lists them all".to_owned());
    Failure::new(format!("there is no op `{name}`, nor anything else of that name"), help)
}

fn entry(op: &OpDef) -> Value {
    let inputs: Vec<Value> = op
        .ports
        .iter()
        .map(|port| json!({"name": port.name, "variadic": port.variadic, "optional": port.optional}))
        .collect();
    let options: Vec<Value> = op
        .options
        .iter()
        .map(|o| json!({"name": o.name, "kind": o.kind, "default": o.default, "doc": o.doc}))
        .collect();
    json!({"name": op.name, "summary": op.summary, "formula": op.formula, "gradient": op.gradient, "shape": op.shape,
        "kink": op.kink.map(|kink| kink.to_string()), "accuracy": op.accuracy.map(|a| json!({"value": a.value, "gradient": a.gradient})), "inputs": inputs,
        "options": options, "parameters": op.params, "differentiable": op.differentiable, "example": op.example})
}

fn page(op: &OpDef) -> String {
    let ports = op.ports.iter().map(|port| match (port.variadic, port.optional) {
        (true, _) => format!("{}...", port.name),
        (_, true) => format!("{}?", port.name),
        _ => port.name.to_string(),
    });
    let heading = format!("{}({})", op.name, ports.collect::<Vec<_>>().join(", "));
    let facts = [
        ("value", Some(op.formula.to_string())),
        ("gradient", Some(op.gradient.to_string())),
        ("at a kink", op.kink.map(|kink| kink.to_string())),
        ("shape", Some(op.shape.replace('`', ""))),
        ("accuracy", op.accuracy.map(|accuracy| format!("{accuracy} (f32)"))),
        ("parameters", Some(op.params.join(", ")).filter(|names| !names.is_empty())),
    ];
    let facts = facts.into_iter().filter_map(|(name, fact)| Some([name.to_string(), fact?]));
    let mut text = format!("{heading}\n{}\n\n{}\n", wrapped(2, [[op.summary.to_string()]]), wrapped(2, facts));
    if !op.options.is_empty() {
        let default =
            |o: &OptionDoc| o.default.map_or_else(|| "required".into(), |default| format!("default {default}"));
        let row = |o: &OptionDoc| [format!("{}: {} ({})", o.name, o.kind, default(o)), o.doc.to_string()];
        text += &format!("\n  options\n{}\n", wrapped(4, op.options.iter().map(row)));
    }
    text + "\n  example\n" + &op.example.lines().map(|line| format!("    {line}\n")).collect::<String>()
}
