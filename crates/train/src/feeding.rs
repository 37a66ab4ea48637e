//! The inputs of a graph, as data sets know them.

use std::path::Path;

use graphrun_data::{DataError, DataSpec, Dataset, Input, Kind as DataKind};
use graphrun_graph::{Graph, Kind, Sizes};
use graphrun_load::Doubts;
use graphrun_load::diagnostics::{Code, Diagnostic, Diagnostics};
use graphrun_load::syntax::{Kind as Written, Value};

use crate::spec::TrainSpec;

/// Reads the data of `spec` for the inputs of `graph`; relative paths start at the folder `base`. What is
/// wrong goes to `diagnostics`, at the settings at fault.
pub fn load_data(spec: &TrainSpec, graph: &Graph, base: &Path, diagnostics: &mut Diagnostics) -> Option<Dataset> {
    let inputs = inputs(&spec.data_section, graph, diagnostics);
    match Dataset::load(&spec.data, &inputs?, base, spec.seed) {
        Ok(data) => Some(data),
        Err(errors) => {
            errors.into_iter().for_each(|error| report(error, &spec.data_section, diagnostics));
            None
        }
    }
}

/// Holds the data section `written`, which says `data`, against the inputs of `graph`, some of which may be in
/// doubt, as far as the start of its files tells. What is wrong goes to `diagnostics`.
pub(crate) fn check_data(
    data: &DataSpec,
    written: &Value,
    graph: &Graph,
    doubts: &Doubts,
    base: &Path,
    seed: u64,
    diagnostics: &mut Diagnostics,
) {
    let Some(inputs) = inputs(written, graph, diagnostics) else { return };
    for error in Dataset::check(data, &inputs, base, seed) {
        let unused = error.on_key && error.setting.first().is_some_and(|field| field != "feeds");
        let doubtful = error.setting.iter().any(|name| doubts.covers(name));
        if !(doubtful || unused && doubts.any()) {
            report(error, written, diagnostics);
        }
    }
}

/// The inputs of a graph as data sets know them; nothing when one cannot be fed row by row.
fn inputs(written: &Value, graph: &Graph, diagnostics: &mut Diagnostics) -> Option<Vec<Input>> {
    let mut inputs = Vec::new();
    let fixed = fixed_sizes(graph);
    for (name, id) in graph.inputs() {
        let ty = graph.ty(*id);
        let Some((_, row)) = ty.shape.split_first() else {
            let message = format!("input `{name}` is a scalar, and data is fed row by row");
            let found = Diagnostic::new(Code::Setting, written.span, message, "this data");
            diagnostics.push(found.help(format!("declare it as `{name}: [N]`, or make it a parameter")));
            return None;
        };
        let kind = match &ty.kind {
            Kind::Real => DataKind::Real,
            Kind::Index { below } => DataKind::Index { below: below.known().map(|n| n as u64) },
        };
        let row = row.iter().map(|size| size.eval(&fixed).ok()).collect();
        inputs.push(Input { name: name.to_string(), row, kind });
    }
    Some(inputs)
}

/// The symbols that parameters are sized by: these stay at their defaults, whatever is fed.
fn fixed_sizes(graph: &Graph) -> Sizes {
    let mut fixed = Sizes::new();
    for size in graph.parameters().iter().flat_map(|parameter| &graph.ty(parameter.node).shape) {
        size.symbols(&mut |name| fixed.extend(graph.sizes.get_key_value(name).map(|(name, n)| (name.clone(), *n))));
    }
    fixed
}

/// Reports an error of the data at the setting in `section` that it is about.
fn report(error: DataError, section: &Value, diagnostics: &mut Diagnostics) {
    let mut span = section.span;
    let mut at = section;
    for (k, name) in error.setting.iter().enumerate() {
        let inner = at.field(name).or_else(|| item(at, name));
        if error.on_key && k + 1 == error.setting.len() {
            span = at.key(name).unwrap_or(span);
        } else if let Some(inner) = inner {
            span = inner.span;
        }
        match inner {
            Some(inner) => at = inner,
            None => break,
        }
    }
    let label = if error.path.is_some() { "read from here" } else { "here" };
    let found = Diagnostic::new(Code::Setting, span, error.to_string(), label);
    diagnostics.push(found.help(error.help));
}

/// The item of a list, or the argument without a name of a call, at an ordinal.
fn item<'t>(value: &'t Value, ordinal: &str) -> Option<&'t Value> {
    let k: usize = ordinal.parse().ok()?;
    match &value.kind {
        Written::List(items) => items.get(k),
        Written::Call(_, args) => args.get(k).map(|arg| &arg.value),
        _ => None,
    }
}
