//! Reading the `train` section and holding it against the model.

use std::collections::BTreeMap;

use graphrun_data::matches;
use graphrun_expr::ParseError;
use graphrun_graph::{Graph, NodeId};
use graphrun_load::Doubts;
use graphrun_load::diagnostics::{Code, Diagnostic, Diagnostics};
use graphrun_load::syntax::{Arg, Entry, Kind, Span, Value};

use crate::fields::Fields;
use crate::groups::{CHECKPOINTS, EARLY_STOPPING, OVERRIDE, TRAIN};
use crate::metric::MetricDef;
use crate::optimizer::Optimizer;
use crate::registry::TrainRegistry;
use crate::schedule::{SCHEDULES, Schedule};
use crate::settings::Settings;
use crate::spec::{Checkpoints, EarlyStopping, Length, MetricSpec, Override, Shaping, TrainSpec};

impl TrainSpec {
    /// Reads the section of a model with this graph, in which what is in doubt is missing. What is wrong
    /// goes to `diagnostics`, all of it at once, and then there is no spec.
    pub fn read(
        section: &Value,
        graph: &Graph,
        doubts: &Doubts,
        registry: &TrainRegistry,
        diagnostics: &mut Diagnostics,
    ) -> Option<TrainSpec> {
        let before = diagnostics.list.len();
        if graph.loss.is_none() && !doubts.loss {
            let message = "a model that trains has a loss";
            let found = Diagnostic::new(Code::Setting, section.span, message, "this section needs one");
            diagnostics.push(found.help("name it beside the outputs: `loss: NODE`"));
        }
        let mut fields = Fields::open(section, &TRAIN, diagnostics);
        let data = fields.need("data", "as in `data: ( source: Csv(\"data.csv\") )`");
        let data_section = data.unwrap_or(section).clone();
        let data = data.and_then(|value| fields.typed(value));
        let batch = batch(&mut fields);
        let length = length(&mut fields);
        let seed = fields.whole("seed").unwrap_or(0);
        let optimizer = optimizer(&mut fields, registry);
        let schedule = schedule(&mut fields, registry);
        let shaping = Shaping {
            l1: fields.number("l1").unwrap_or(0.0),
            l2: fields.number("l2").unwrap_or(0.0),
            accumulate: fields.whole("accumulate").unwrap_or(1),
            clip_value: fields.number("clip_value"),
            clip_norm: fields.number("clip_norm"),
        };
        let overrides = overrides(&mut fields, graph, doubts);
        let metrics = metrics(&mut fields, graph, doubts, registry);
        let checkpoints = fields.get("checkpoints").map(|value| {
            let mut group = Fields::open(value, &CHECKPOINTS, fields.diagnostics);
            Checkpoints { every: group.whole("every"), best: group.flag("best").unwrap_or(false) }
        });
        let early_stopping = fields.get("early_stopping").map(|value| {
            let mut group = Fields::open(value, &EARLY_STOPPING, fields.diagnostics);
            let patience = group.whole("patience").unwrap_or(10);
            EarlyStopping { patience, min_delta: group.number("min_delta").unwrap_or(0.0) }
        });
        if diagnostics.list.len() > before {
            return None;
        }
        Some(TrainSpec {
            data: data?,
            data_section,
            batch,
            length,
            seed,
            optimizer: optimizer?,
            schedule: schedule?,
            shaping,
            overrides,
            metrics,
            checkpoints: checkpoints.unwrap_or_default(),
            early_stopping,
        })
    }
}

fn batch(fields: &mut Fields<'_, '_>) -> Option<usize> {
    let value = fields.get("batch")?;
    if value.as_word() == Some("Full") {
        return None;
    }
    let size = value.as_int().and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
    if size.is_none() {
        let expected = "`batch` is a number of rows from 1 up, or `Full` for all of them";
        fields.wrong(Code::Setting, value, expected.into(), "`batch: 32` or `batch: Full`");
    }
    size
}

fn length(fields: &mut Fields<'_, '_>) -> Length {
    let places = ["epochs", "steps"].map(|name| fields.get(name).map(|value| value.span));
    match places {
        [Some(epochs), Some(steps)] => {
            let message = "`epochs` and `steps` both say when the run ends";
            let found = Diagnostic::new(Code::Setting, steps, message, "and this").second(epochs, "this");
            fields.diagnostics.push(found.help("keep one of them"));
            Length::Epochs(1)
        }
        [None, Some(_)] => Length::Steps(fields.whole("steps").unwrap_or(0)),
        [Some(_), None] => Length::Epochs(fields.whole("epochs").unwrap_or(0)),
        [None, None] => {
            fields.need("epochs", "as in `epochs: 10`, or `steps: 1000`");
            Length::Epochs(1)
        }
    }
}

/// The name of a call and its arguments, looked up in `known`.
fn choose<D: Copy>(
    fields: &mut Fields<'_, '_>,
    value: &Value,
    kind: &str,
    known: &BTreeMap<&'static str, D>,
) -> Option<D> {
    let Some((name, span)) = value.head() else {
        let expected = format!("the {kind} is a name, with options in parentheses");
        let example = known.keys().next().copied().unwrap_or("Name");
        fields.wrong(Code::WrongKind, value, expected, format!("a name such as `{example}`"));
        return None;
    };
    let found = known.get(name).copied();
    if found.is_none() {
        let error = Diagnostic::new(Code::UnknownSetting, span, format!("there is no {kind} `{name}`"), "unknown");
        let names: Vec<&str> = known.keys().copied().collect();
        fields.diagnostics.push(error.help(format!("write one of {}", names.join(", "))).suggest(name, names));
    }
    found
}

/// Reports a definition whose formula cannot be read: an error of whoever registered it.
fn formula<T>(fields: &mut Fields<'_, '_>, span: Span, made: Result<T, ParseError>) -> Option<T> {
    made.map_err(|error| {
        let message = format!("its registered formula cannot be read: {error}");
        let found = Diagnostic::new(Code::Setting, span, message, "this one");
        fields.diagnostics.push(found.help("write another: whoever registered this one has to mend it"));
    })
    .ok()
}

fn optimizer(fields: &mut Fields<'_, '_>, registry: &TrainRegistry) -> Option<Optimizer> {
    let value = fields.need("optimizer", "as in `optimizer: Adam(rate: 0.001)`")?;
    let def = choose(fields, value, "optimizer", registry.optimizers())?;
    let options = Settings::read(def.options, def.name, value.args(), fields.diagnostics);
    formula(fields, value.span, Optimizer::new(&def, options))
}

fn schedule(fields: &mut Fields<'_, '_>, registry: &TrainRegistry) -> Option<Schedule> {
    let Some(value) = fields.get("schedule") else {
        let constant = &SCHEDULES[0];
        return Schedule::new(constant, Settings::defaults(constant.options)).ok();
    };
    let def = choose(fields, value, "schedule", registry.schedules())?;
    let options = Settings::read(def.options, def.name, value.args(), fields.diagnostics);
    formula(fields, value.span, Schedule::new(&def, options))
}

fn overrides(fields: &mut Fields<'_, '_>, graph: &Graph, doubts: &Doubts) -> Vec<Override> {
    let Some(value) = fields.get("params") else { return Vec::new() };
    let Kind::Map(entries) = &value.kind else {
        fields.wrong(Code::WrongKind, value, "`params` is a map".into(), "`params: { \"*.bias\": (decay: 0) }`");
        return Vec::new();
    };
    refuse_doubles(fields, entries);
    let mut overrides = Vec::new();
    for entry in entries {
        let Some(pattern) = entry.key.as_name() else {
            fields.wrong(
                Code::WrongKind,
                &entry.key,
                "a pattern is a string".into(),
                "it in quotes, as in `\"*.bias\"`",
            );
            continue;
        };
        if !graph.parameters().iter().any(|p| matches(pattern, &p.name)) && !doubts.may_match(pattern) {
            let message = format!("no parameter matches `{pattern}`");
            let found = Diagnostic::new(Code::UnmatchedPattern, entry.key.span, message, "matches nothing");
            fields.diagnostics.push(found.suggest(pattern, graph.parameters().iter().map(|p| &*p.name)));
        }
        let mut group = Fields::open(&entry.value, &OVERRIDE, fields.diagnostics);
        overrides.push(Override {
            pattern: pattern.into(),
            decay: group.number("decay"),
            rate: group.number("rate"),
            trainable: group.flag("trainable"),
        });
    }
    overrides
}

/// Reports keys of a map that are written twice.
fn refuse_doubles(fields: &mut Fields<'_, '_>, entries: &[Entry]) {
    for (k, entry) in entries.iter().enumerate() {
        let Some(name) = entry.key.as_name() else { continue };
        if let Some(first) = entries[..k].iter().find(|first| first.key.as_name() == Some(name)) {
            let message = format!("`{name}` is written twice");
            let found = Diagnostic::new(Code::DuplicateKey, entry.key.span, message, "again here");
            fields.diagnostics.push(found.second(first.key.span, "first here"));
        }
    }
}

fn metrics(fields: &mut Fields<'_, '_>, graph: &Graph, doubts: &Doubts, registry: &TrainRegistry) -> Vec<MetricSpec> {
    let Some(value) = fields.get("metrics") else { return Vec::new() };
    let Kind::Map(entries) = &value.kind else {
        let form = "`metrics: { accuracy: Accuracy(scores, labels) }`";
        fields.wrong(Code::WrongKind, value, "`metrics` is a map".into(), form);
        return Vec::new();
    };
    refuse_doubles(fields, entries);
    let metrics = entries.iter().filter_map(|entry| {
        let Some(name) = entry.key.as_name() else {
            fields.wrong(
                Code::WrongKind,
                &entry.key,
                "the key of a metric is its name".into(),
                "a name before the colon",
            );
            return None;
        };
        if name == "loss" {
            let message = "a metric cannot be called `loss`, which every record has";
            let found = Diagnostic::new(Code::NameTaken, entry.key.span, message, "taken");
            fields.diagnostics.push(found.help("choose another name"));
        }
        let def = choose(fields, &entry.value, "metric", registry.metrics())?;
        metric(fields, name, def, &entry.value, graph, doubts)
    });
    metrics.collect()
}

/// Reads `Accuracy(scores, labels)` or `TopK(scores: s, labels: l, k: 3)`.
fn metric(
    fields: &mut Fields<'_, '_>,
    name: &str,
    def: MetricDef,
    value: &Value,
    graph: &Graph,
    doubts: &Doubts,
) -> Option<MetricSpec> {
    let is_node = |arg: &&Arg| match &arg.name {
        Some(name) => def.ports.contains(&name.text.as_str()),
        None => true,
    };
    let options: Vec<_> = value.args().iter().filter(|arg| !is_node(arg)).cloned().collect();
    let options = Settings::read(def.options, def.name, &options, fields.diagnostics);
    let given: Vec<_> = value.args().iter().filter(is_node).collect();
    crate::settings::refuse_doubles(def.name, value.args().iter().filter(is_node), fields.diagnostics);
    let by_name = |port: &&str| given.iter().find(|a| a.name.as_ref().is_some_and(|n| n.text == **port));
    let ordered: Vec<&Value> = match given.iter().any(|arg| arg.name.is_some()) {
        true => def.ports.iter().filter_map(by_name).map(|arg| &arg.value).collect(),
        false => given.iter().map(|arg| &arg.value).collect(),
    };
    if ordered.len() != def.ports.len() {
        let message = format!(
            "{} looks at {}, and {} given",
            def.name,
            def.ports.join(" and "),
            match ordered.len() {
                1 => "1 node is".into(),
                n => format!("{n} nodes are"),
            }
        );
        let found = Diagnostic::new(Code::Setting, value.span, message, "this metric");
        fields.diagnostics.push(found.help(format!("write `{}({})`", def.name, def.ports.join(", "))));
        return None;
    }
    let mut nodes = Vec::new();
    for node in ordered {
        match node.as_name().map(|name| (name, graph.find(name))) {
            Some((name, Some(_))) => nodes.push(name.to_string()),
            Some((name, None)) if doubts.covers(name) => nodes.push(name.to_string()),
            Some((name, None)) => {
                let found =
                    Diagnostic::new(Code::UnknownNode, node.span, format!("there is no node `{name}`"), "unknown");
                let known = graph.names().keys().map(|n| &**n).chain(doubts.names());
                fields.diagnostics.push(found.suggest(name, known));
            }
            None => {
                fields.wrong(Code::WrongKind, node, "a metric looks at nodes by name".into(), "the name of a node");
            }
        }
    }
    fits(fields, def, value, &nodes, graph);
    Some(MetricSpec { name: name.into(), def, options, nodes })
}

/// Checks that the nodes of a metric are rows of values, as many rows each.
fn fits(fields: &mut Fields<'_, '_>, def: MetricDef, value: &Value, nodes: &[String], graph: &Graph) {
    let types: Vec<_> = nodes.iter().filter_map(|n| graph.find(n)).map(|id: NodeId| graph.ty(id)).collect();
    let rows: Vec<_> = types.iter().map(|ty| ty.shape.first()).collect();
    if rows.iter().any(|size| size.is_none() || *size != rows[0]) {
        let shown: Vec<String> = nodes.iter().zip(&types).map(|(n, ty)| format!("`{n}` is {ty}")).collect();
        let message = format!("{} compares nodes row by row, but {}", def.name, shown.join(" and "));
        let found = Diagnostic::new(Code::Setting, value.span, message, "this metric");
        fields
            .diagnostics
            .push(found.help("name nodes whose first axis is the same symbol, such as `[N, 10]` and `[N]`"));
    }
}
