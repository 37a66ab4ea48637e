//! A model's training section with its data, ready to be run, measured or used.

use std::path::Path;

use graphrun_data::Dataset;
use graphrun_graph::Phase;
use graphrun_load::diagnostics::{Code, Diagnostic, Diagnostics};
use graphrun_load::{Doubts, Draft, Model};

use crate::de::from_value;
use crate::feeding::{check_data, load_data};
use crate::registry::TrainRegistry;
use crate::spec::TrainSpec;

/// The `train` section of a model, read, with its data.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// The settings.
    pub spec: TrainSpec,
    /// The data.
    pub data: Dataset,
}

impl Experiment {
    /// Reads the section of `model` and the data that it names.
    ///
    /// # Errors
    /// Everything that is wrong with the section, each at its place; or what is wrong with the data.
    pub fn read(model: &Model, registry: &TrainRegistry) -> Result<Experiment, Diagnostics> {
        let mut diagnostics = Diagnostics { sources: model.sources.clone(), list: Vec::new() };
        let base = model.path.parent().unwrap_or(Path::new(""));
        let graph = model.graph(Phase::Train);
        let spec = check_section(model, registry, &mut diagnostics);
        let data = spec.as_ref().and_then(|spec| load_data(spec, graph, base, &mut diagnostics));
        match (spec, data) {
            (Some(spec), Some(data)) => Ok(Experiment { spec, data }),
            _ => Err(diagnostics),
        }
    }
}

/// Reads the section of `model` without its data; what is wrong goes to `diagnostics`.
pub fn check_section(model: &Model, registry: &TrainRegistry, diagnostics: &mut Diagnostics) -> Option<TrainSpec> {
    match &model.train {
        Some(section) => TrainSpec::read(section, model.graph(Phase::Train), &Doubts::default(), registry, diagnostics),
        None => {
            let file = model.sources.files().next()?;
            let found = Diagnostic::new(
                Code::MissingField,
                graphrun_load::syntax::Span { file, start: 0, end: 5 },
                "the model has no `train` section",
                "this model",
            );
            diagnostics.push(found.help("`graphrun new` writes a model that has one"));
            None
        }
    }
}

/// Holds the section of a model, which may be wrong in parts, against what could be built of it, and the data
/// against the inputs as far as the start of its files tells; what is wrong goes to `diagnostics`.
pub fn check_draft(draft: &Draft, registry: &TrainRegistry, diagnostics: &mut Diagnostics) {
    let none = Doubts::default();
    let (section, graph, doubts) = match &draft.model {
        Ok(model) => (&model.train, model.graph(Phase::Train), &none),
        Err(partial) => (&partial.train, &partial.graph, &partial.doubts),
    };
    let Some(section) = section else { return };
    TrainSpec::read(section, graph, doubts, registry, diagnostics);
    let base = draft.path.parent().unwrap_or(Path::new(""));
    let seed = section.field("seed").and_then(|seed| u64::try_from(seed.as_int()?).ok()).unwrap_or(0);
    if let Some((written, Ok(data))) = section.field("data").map(|value| (value, from_value(value))) {
        check_data(&data, written, graph, doubts, base, seed, diagnostics);
    }
}
