//! A pointwise operation that the model file itself defines.
//!
//! # Formula
//! `y = text`, an expression of the named inputs
//!
//! # Gradient
//! The symbolic derivative of the expression.
//!
//! # Options
//! `text` (the expression).
//!
//! # Shape
//! The broadcast shape of the inputs.
//!
//! # Example
//! `swish: Formula("x * sigmoid(beta * x)", { x: s, beta: b })`

use graphrun_graph::core::variable_names;
use graphrun_graph::{Bytes, Formula as Expression, OpDef, Sample, TypeError};
use serde::Deserialize;

use crate::pointwise::broadcasting;

/// An expression whose variables are called `a`, `b`, ... in the order of the inputs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Formula {
    text: String,
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Formula", |call, o: &Formula| {
        let inputs = call.all_inputs();
        let names = variable_names(inputs.len());
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let formula = Expression::read(&o.text, &names, call.registry);
        let formula = formula.map_err(|mut errors| TypeError::new(errors.swap_remove(0).to_string()))?;
        formula.emit(call.b, call.registry, &inputs)
    })
    .ports(&["xs.."])
    .summary("An expression of named inputs, written in the file")
    .shape("The broadcast shape of the inputs")
    .formula("y = text", "the symbolic derivative of the expression")
    .option("text", "string", None, "the expression: + - * / ^, comparisons, if(c, a, b), and functions in snake case")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { s: [], b: [] },
    nodes: { swish: Formula("x * sigmoid(beta * x)", { x: s, beta: b }) },
    outputs: [swish],
    tests: [(given: { s: 2, b: 0 }, value: { swish: 1 }, grad: { s: 0.5, b: 1 })],
)"#,
    )
    .sample(sample)
}

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let texts = ["a * sigmoid(b * a)", "if(a > b, a^2, b * tanh(a))", "max(a, b) - exp(-a * a) / (1 + b * b)"];
    let text = bytes.pick(&texts).to_string();
    let ranges = [(-2.0, 2.0), (-2.0, 2.0)];
    Sample::variadic(Formula { text }, broadcasting(bytes, &ranges))
}
