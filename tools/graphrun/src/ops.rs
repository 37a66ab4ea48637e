//! `graphrun ops`: the registry.

use graphrun::graph::OpDef;
use graphrun::load::diagnostics::nearest;
use graphrun::nodes;
use serde_json::{Value, json};

use crate::args::Common;
use crate::failure::{Failure, Found, say};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// An operation; all of them when omitted
    name: Option<String>,
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    let registry = nodes::standard();
    let ops: Vec<&OpDef> = match &args.name {
        None => registry.ops().collect(),
        Some(name) => vec![registry.op(name).ok_or_else(|| {
            let failure = Failure::new(format!("there is no op `{name}`"));
            match nearest(name, registry.ops().map(|op| op.name)) {
                Some(near) => failure.help(format!("the nearest is `{near}`")),
                None => failure.help("`graphrun ops` lists them all"),
            }
        })?],
    };
    if common.json {
        say(Value::Array(ops.iter().map(|op| entry(op)).collect()))?;
    } else if args.name.is_some() {
        ops.iter().try_for_each(|op| say(page(op)))?;
    } else {
        let width = ops.iter().map(|op| op.name.len()).max().unwrap_or(0);
        ops.iter().try_for_each(|op| say(format!("{:width$}  {}", op.name, op.summary)))?;
    }
    Ok(Found::Nothing)
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
    json!({"name": op.name, "summary": op.summary, "formula": op.formula, "gradient": op.gradient, "inputs": inputs,
        "options": options, "parameters": op.params, "differentiable": op.differentiable, "example": op.example})
}

fn page(op: &OpDef) -> String {
    let ports = op.ports.iter().map(|port| match (port.variadic, port.optional) {
        (true, _) => format!("{}...", port.name),
        (_, true) => format!("{}?", port.name),
        _ => port.name.to_string(),
    });
    let mut text = format!("{}({})\n  {}\n", op.name, ports.collect::<Vec<_>>().join(", "), op.summary);
    text += &format!("\n  value     {}\n  gradient  {}\n", op.formula, op.gradient);
    if !op.options.is_empty() {
        text += "\n  options\n";
    }
    for option in &op.options {
        let default = option.default.map_or_else(|| "required".into(), |d| format!("default {d}"));
        text += &format!("    {}: {} ({default})  {}\n", option.name, option.kind, option.doc);
    }
    if !op.params.is_empty() {
        text += &format!("\n  parameters  {}\n", op.params.join(", "));
    }
    text + "\n  example\n" + &op.example.lines().map(|line| format!("    {line}\n")).collect::<String>()
}
