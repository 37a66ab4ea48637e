//! The inputs of a graph, as data sets know them.

use std::path::Path;

use graphrun_data::{Dataset, Input, Kind as DataKind};
use graphrun_graph::{Graph, Kind};
use graphrun_load::diagnostics::{Code, Diagnostic, Diagnostics};

use crate::spec::TrainSpec;

/// Reports the data files of `spec` that are not there; relative paths start at the folder `base`.
pub fn check_files(spec: &TrainSpec, base: &Path, diagnostics: &mut Diagnostics) {
    let sources = std::iter::once(&spec.data.source).chain(&spec.data.test_source);
    for file in sources.flat_map(|source| source.files()).filter(|file| !base.join(file).is_file()) {
        let message = format!("there is no data file `{file}`");
        let found = Diagnostic::new(Code::Unreadable, spec.data_span, message, "needed by this data");
        diagnostics.push(found.help("paths in a model file are relative to the folder of that file"));
    }
}

/// Reads the data of `spec` for the inputs of `graph`; relative paths start at the folder `base`. What is
/// wrong goes to `diagnostics`, at the section's `data`.
pub fn load_data(spec: &TrainSpec, graph: &Graph, base: &Path, diagnostics: &mut Diagnostics) -> Option<Dataset> {
    let mut inputs = Vec::new();
    for (name, id) in graph.inputs() {
        let ty = graph.ty(*id);
        let Some((_, row)) = ty.shape.split_first() else {
            let message = format!("input `{name}` is a scalar, and data is fed row by row");
            let found = Diagnostic::new(Code::Setting, spec.data_span, message, "this data");
            diagnostics.push(found.help(format!("declare it as `{name}: [N]`, or make it a parameter")));
            return None;
        };
        let kind = match &ty.kind {
            Kind::Real => DataKind::Real,
            Kind::Index { below } => DataKind::Index { below: below.known().map(|n| n as u64) },
        };
        let row = row.iter().map(|size| size.known()).collect();
        inputs.push(Input { name: name.to_string(), row, kind });
    }
    match Dataset::load(&spec.data, &inputs, base, spec.seed) {
        Ok(data) => Some(data),
        Err(error) => {
            let help = error.help.clone();
            let text = graphrun_data::DataError { help: None, ..error }.to_string();
            let mut found = Diagnostic::new(Code::Setting, spec.data_span, text, "needed by this data");
            found.help = help;
            diagnostics.push(found);
            None
        }
    }
}
