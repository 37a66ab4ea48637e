//! `graphrun trace`: the worksheet of backpropagation.

use std::collections::BTreeMap;
use std::path::PathBuf;

use graphrun::Array;
use graphrun::graph::NodeId;
use graphrun::tensor::Dtype;
use serde_json::{Value, json};

use crate::args::Common;
use crate::failure::{Failure, Found, say};
use crate::formula::{chain, formula, local, plugged, rule, shown};
use crate::gradients::Wanted;
use crate::inside::Inside;
use crate::json;
use crate::model::open;
use crate::point::{Point, Rest};
use crate::trace_marks::mark;
use crate::values::Feeds;

/// What a result looks like that the reader is to fill in.
pub(crate) const BLANK: &str = "____";

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The model file
    file: PathBuf,
    #[command(flatten)]
    feeds: Feeds,
    #[command(flatten)]
    wanted: Wanted,
    /// Trained weights
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// As Markdown
    #[arg(long)]
    markdown: bool,
    /// Leave the results blank
    #[arg(long, conflicts_with = "answers")]
    quiz: bool,
    /// Mark the answers in a file of lines such as `y = 7` and `dz/dy = 14`
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
}

/// One line of the worksheet: what is computed, how, and its result.
pub(crate) struct Line {
    pub(crate) what: String,
    /// The formula by names; empty for what is given.
    pub(crate) how: String,
    /// The formula with numbers, where all are single ones or small arrays.
    numbers: String,
    pub(crate) result: String,
    pub(crate) value: Array,
    kind: Kind,
}

/// What a line tells.
enum Kind {
    /// A value, by a formula where it is not given.
    Value,
    /// The gradient along one edge.
    Edge(Step),
    /// The sum of the gradients along several.
    Sum,
}

/// The chain rule along one edge.
struct Step {
    /// The local derivative by names, with numbers, and its value; empty where it is no product of elements.
    local: [String; 3],
    /// The gradient that comes in, by name and in numbers.
    incoming: [String; 2],
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    if args.quiz && common.json {
        return Err(Failure::new(
            "--quiz leaves results blank for people, and --json gives them to programs",
            "give one of the two",
        ));
    }
    let model = open(&args.file, &[], common)?;
    let rest = Rest { test: model.tests.first(), trained: args.weights.is_some(), open: 1 };
    let point = Point::new(&model, args.feeds.read()?, &args.wanted, rest, common)?;
    let inside = Inside::new(&model, point, args.weights.as_ref(), true, common)?;
    let (forward, backward) = (forward(&inside), backward(&inside));
    if let Some(path) = &args.answers {
        return mark(path, forward.iter().chain(&backward), common.json);
    }
    inside.tell_overflow();
    if common.json {
        let entries = |lines: &[Line]| -> Value { lines.iter().map(Line::json).collect() };
        say(json!({"forward": entries(&forward), "backward": entries(&backward)}))?;
        return Ok(Found::Nothing);
    }
    section("Forward", &forward, args)?;
    section("Backward", &backward, args)?;
    Ok(Found::Nothing)
}

fn section(title: &str, lines: &[Line], args: &Args) -> Result<(), Failure> {
    say(if args.markdown { format!("## {title}\n") } else { title.to_string() })?;
    // Long names of branches leave the others where they are.
    let width = lines
        .iter()
        .filter(|l| !matches!(l.kind, Kind::Edge(_)))
        .map(|line| line.what.chars().count())
        .max()
        .unwrap_or(0);
    for line in lines {
        let text = line.text(args.quiz, if args.markdown { 0 } else { width });
        say(if args.markdown { format!("- `{text}`") } else { format!("  {text}") })?;
    }
    say("")
}

impl Line {
    /// Whether the reader is to find it.
    pub(crate) fn is_asked(&self) -> bool {
        !self.how.is_empty()
    }

    fn json(&self) -> Value {
        let mut entry = json!({"name": self.what, "formula": self.how, "numbers": self.numbers,
            "value": json::array(&self.value, Dtype::F64)});
        if let Kind::Edge(step) = &self.kind {
            entry["local"] = json!(chain(&step.local));
            entry["incoming"] = json!(chain(&step.incoming));
        }
        entry
    }

    /// The line, its name filled up to `width`; for a quiz with blanks for what the reader is to find.
    fn text(&self, quiz: bool, width: usize) -> String {
        let Line { what, how, numbers, result, .. } = self;
        let Kind::Edge(Step { local, incoming }) = &self.kind else {
            let sum = matches!(self.kind, Kind::Sum) && !numbers.is_empty();
            let shown = match quiz {
                false if sum => chain(&[numbers.clone(), result.clone()]),
                true if how.is_empty() => result.clone(),
                true => chain(&[how.clone(), BLANK.into()]),
                false => chain(&[how.clone(), numbers.clone(), result.clone()]),
            };
            return format!("{what:width$} = {shown}");
        };
        let local = if quiz { local[0].clone() } else { chain(local) };
        let local = if local.is_empty() { local } else { format!("local {local}; ") };
        match quiz {
            true => format!("{what}: {local}incoming {}; outgoing {how} = {BLANK}", incoming[0]),
            false => {
                let by_names = if local.is_empty() { how.clone() } else { String::new() };
                let outgoing = chain(&[by_names, numbers.clone(), result.clone()]);
                format!("{what}: {local}incoming {}; outgoing {outgoing}", chain(incoming))
            }
        }
    }
}

/// Every value in order, with the numbers plugged into its formula.
fn forward(inside: &Inside) -> Vec<Line> {
    let line = |id: NodeId| {
        let value = inside.values[&id].clone();
        let (how, numbers) = match inside.unit(id) {
            None => Default::default(),
            Some(unit) => formula(inside, unit),
        };
        Line { what: inside.name(id).to_string(), how, numbers, result: shown(&value), value, kind: Kind::Value }
    };
    inside.nodes().into_iter().map(line).collect()
}

/// Every gradient backwards: along each edge the local derivative times what comes in, summed where a value is used
/// more than once.
fn backward(inside: &Inside) -> Vec<Line> {
    let mut branches: BTreeMap<NodeId, Vec<(NodeId, usize, &Array)>> = BTreeMap::new();
    let mut lines = Vec::new();
    let top = inside.name(inside.of);
    let line = |id: NodeId, how: String, numbers: String| -> Option<Line> {
        let (value, what) = (inside.grads.get(&id)?.clone(), format!("d{top}/d{}", inside.name(id)));
        Some(Line { what, how, numbers, result: shown(&value), value, kind: Kind::Sum })
    };
    for id in inside.nodes().into_iter().rev() {
        if !inside.grads.contains_key(&id) {
            continue;
        }
        let here = branches.remove(&id).unwrap_or_default();
        let whole = format!("d{top}/d{}", inside.name(id));
        let mut named: Vec<String> = Vec::new();
        for &(out, place, carried) in here.iter().rev() {
            let twice = here.iter().filter(|(other, ..)| *other == out).count() > 1;
            let input = if twice { format!(" as input {}", place + 1) } else { String::new() };
            let what = match here.len() {
                1 => whole.clone(),
                _ => format!("{whole} via {}{input}", inside.name(out)),
            };
            named.push(what.clone());
            let (step, how, numbers) = step(inside, out, place);
            lines.push(Line {
                what,
                how,
                numbers,
                result: shown(carried),
                value: carried.clone(),
                kind: Kind::Edge(step),
            });
        }
        if here.len() != 1 {
            let small: Option<Vec<String>> = here.iter().rev().map(|(.., carried)| plugged(carried)).collect();
            lines.extend(line(id, named.join(" + "), small.unwrap_or_default().join(" + ")));
        }
        let Some(unit) = inside.unit(id) else { continue };
        for (place, source) in unit.sources.iter().enumerate().rev() {
            if let Some(carried) = inside.edges.get(&(id, place)) {
                branches.entry(*source).or_default().push((id, place, carried));
            }
        }
    }
    let unused = inside.asked.iter().flatten().filter(|id| !inside.values.contains_key(id));
    lines.extend(unused.filter_map(|id| line(*id, String::new(), String::new())));
    lines
}

/// What it takes along the edge into `out` at `place`, and what goes out, by names and in numbers.
fn step(inside: &Inside, out: NodeId, place: usize) -> (Step, String, String) {
    let top = inside.name(inside.of);
    let gradient = &inside.grads[&out];
    let above = format!("d{top}/d{}", inside.name(out));
    let incoming = [above.clone(), shown(gradient)];
    match local(inside, out, place) {
        Some((names, numbers, value)) => {
            let outgoing = plugged(gradient).zip(plugged(&value)).map(|(a, b)| format!("{a} * {b}"));
            let lower = inside.name(inside.graph.node(out).inputs[place]);
            let how = format!("{above} * d{}/d{lower}", inside.name(out));
            (Step { local: [names, numbers, shown(&value)], incoming }, how, outgoing.unwrap_or_default())
        }
        None => {
            let [how, numbers] = rule(inside, out, place, &above);
            (Step { local: Default::default(), incoming }, how, numbers)
        }
    }
}
