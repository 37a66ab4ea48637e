//! `graphrun trace`: the worksheet of backpropagation.

use std::collections::BTreeMap;
use std::path::PathBuf;

use graphrun::Array;
use graphrun::graph::{Form, Leaf, NodeId};
use graphrun::tensor::Dtype;
use serde_json::{Value, json};

use crate::args::Common;
use crate::failure::{Failure, Found, say};
use crate::gradients::Wanted;
use crate::inside::Inside;
use crate::json;
use crate::model::open;
use crate::point::{Point, Rest};
use crate::values::Feeds;

/// What a result looks like that the reader is to fill in.
const BLANK: &str = "____";
/// The most elements of an array whose local derivatives are written out.
const SMALL: usize = 8;
/// How near an answer must be, relative to the result.
const NEAR: f64 = 1e-3;

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
struct Line {
    what: String,
    /// The formula by names; empty for what is given.
    how: String,
    /// The formula with numbers, where all are single ones or small arrays.
    numbers: String,
    result: String,
    value: Array,
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    if args.quiz && common.json {
        return Err(Failure::new("--quiz leaves results blank for people, and --json gives them to programs")
            .help("give one of the two"));
    }
    let model = open(&args.file, &[], common)?;
    let rest = Rest { test: model.tests.first(), trained: args.weights.is_some(), open: 1 };
    let point = Point::new(&model, args.feeds.read()?, &args.wanted, rest, common)?;
    let inside = Inside::new(&model, point, args.weights.as_ref(), true, common)?;
    let (forward, backward) = (forward(&inside), backward(&inside));
    if let Some(path) = &args.answers {
        return mark(path, forward.iter().chain(&backward), common.json);
    }
    if common.json {
        let entries = |lines: &[Line]| -> Value {
            let entry = |l: &Line| json!({"name": l.what, "formula": l.how, "numbers": l.numbers, "value": json::array(&l.value, Dtype::F64)});
            lines.iter().map(entry).collect()
        };
        say(json!({"forward": entries(&forward), "backward": entries(&backward)}))?;
        return Ok(Found::Nothing);
    }
    section("Forward", &forward, args)?;
    section("Backward", &backward, args)?;
    Ok(Found::Nothing)
}

fn section(title: &str, lines: &[Line], args: &Args) -> Result<(), Failure> {
    say(if args.markdown { format!("## {title}\n") } else { title.to_string() })?;
    let width = lines.iter().map(|line| line.what.chars().count()).max().unwrap_or(0);
    for line in lines {
        let steps: &[&str] = if args.quiz { &[&line.how] } else { &[&line.how, &line.numbers] };
        let how: String = steps.iter().filter(|step| !step.is_empty()).map(|step| format!("{step} = ")).collect();
        let result = if args.quiz && !line.how.is_empty() { BLANK } else { &line.result };
        match args.markdown {
            true => say(format!("- `{} = {how}{result}`", line.what))?,
            false => say(format!("  {:width$} = {how}{result}", line.what))?,
        }
    }
    say("")
}

fn shown(array: &Array) -> String {
    json::text(&json::array(&rounded(array), Dtype::F64))
}

/// Six significant digits are enough to read.
fn rounded(array: &Array) -> Array {
    let digits = |x: f64| format!("{x:.6e}").parse().unwrap_or(x);
    let values = array.to_reals().into_iter().map(digits).collect();
    Array::real(array.shape(), values).unwrap_or_else(|_| array.clone())
}

/// Every value in order, with the numbers plugged into its formula.
fn forward(inside: &Inside) -> Vec<Line> {
    let line = |id: NodeId| {
        let node = inside.graph.node(id);
        let value = inside.values[&id].clone();
        let names: Vec<String> = node.inputs.iter().map(|&input| inside.name(input).to_string()).collect();
        let (how, numbers) = match node.op.form() {
            Form::Leaf(_) => Default::default(),
            Form::Pointwise(expr) => {
                let text = |with: &[String]| expr.text(&with.iter().map(String::as_str).collect::<Vec<_>>());
                let scalars: Option<Vec<String>> = node.inputs.iter().map(|input| scalar(inside, *input)).collect();
                (text(&names), scalars.map_or_else(String::new, |numbers| text(&numbers)))
            }
            _ => {
                let options = node.op.options();
                let gap = if options.is_empty() { "" } else { ", " };
                (format!("{}({}{gap}{options})", node.op.name(), names.join(", ")), String::new())
            }
        };
        Line { what: inside.name(id).to_string(), how, numbers, result: shown(&value), value }
    };
    inside.nodes().into_iter().map(line).collect()
}

/// The value of a node as it stands in a formula, where it is one number.
fn scalar(inside: &Inside, id: NodeId) -> Option<String> {
    let value = &inside.values[&id];
    (value.shape().rank() == 0).then(|| factor(shown(value)))
}

/// A number as a factor: a negative one in brackets.
fn factor(number: String) -> String {
    if number.starts_with('-') { format!("({number})") } else { number }
}

/// Every gradient backwards: along each edge the local derivative times what comes in, summed where a value is used
/// more than once.
fn backward(inside: &Inside) -> Vec<Line> {
    let mut terms: BTreeMap<NodeId, Vec<(String, Option<String>)>> = BTreeMap::new();
    let mut lines = Vec::new();
    let top = inside.name(inside.of);
    for id in inside.nodes().into_iter().rev() {
        let Some(gradient) = inside.grads.get(&id) else { continue };
        let (names, numbers): (Vec<String>, Vec<Option<String>>) =
            terms.remove(&id).unwrap_or_default().into_iter().unzip();
        let numbers: Option<Vec<String>> = numbers.into_iter().collect();
        lines.push(Line {
            what: format!("d{top}/d{}", inside.name(id)),
            how: names.join(" + "),
            numbers: numbers.unwrap_or_default().join(" + "),
            result: shown(gradient),
            value: gradient.clone(),
        });
        let node = inside.graph.node(id);
        for (k, input) in node.inputs.iter().enumerate() {
            let constant = matches!(inside.graph.node(*input).op.form(), Form::Leaf(Leaf::Constant(_)));
            if constant || !inside.grads.contains_key(input) {
                continue;
            }
            let (upper, lower) = (inside.name(id), inside.name(*input));
            let numbers =
                local(inside, id, k).map(|local| format!("{} * {}", factor(shown(gradient)), factor(shown(&local))));
            terms.entry(*input).or_default().push((format!("d{top}/d{upper} * d{upper}/d{lower}"), numbers));
        }
    }
    let unused = inside.asked.iter().flatten().filter(|id| !inside.values.contains_key(id));
    lines.extend(unused.filter_map(|id| {
        let (gradient, what) = (inside.grads.get(id)?, format!("d{top}/d{}", inside.name(*id)));
        Some(Line {
            what,
            how: String::new(),
            numbers: String::new(),
            result: shown(gradient),
            value: gradient.clone(),
        })
    }));
    lines
}

/// The local derivatives by input `k`, element by element, where the arrays are of one shape and small.
fn local(inside: &Inside, id: NodeId, k: usize) -> Option<Array> {
    let node = inside.graph.node(id);
    let Form::Pointwise(expr) = node.op.form() else { return None };
    let shape = inside.values[&id].shape();
    let like = |input: &NodeId| inside.values[input].shape() == shape;
    if shape.len() > SMALL || !node.inputs.iter().all(like) {
        return None;
    }
    let inputs: Vec<Vec<f64>> = node.inputs.iter().map(|input| inside.values[input].to_reals()).collect();
    let slope = expr.derivative(k);
    let at = |element: usize| slope.eval(&inputs.iter().map(|values| values[element]).collect::<Vec<_>>());
    Array::real(shape, (0..shape.len()).map(at).collect()).ok()
}

/// Says for every line of an answers file whether it is right.
fn mark<'l>(path: &PathBuf, lines: impl Iterator<Item = &'l Line>, as_json: bool) -> Result<Found, Failure> {
    let lines: Vec<&Line> = lines.collect();
    let text = std::fs::read_to_string(path).map_err(|e| Failure::new(format!("{}: {e}", path.display())))?;
    let (mut right, mut wrong, mut answers) = (0, 0, Vec::new());
    for (number, answer) in text.lines().enumerate().filter(|(_, line)| line.contains('=')) {
        let (what, given) =
            (answer.split('=').next().unwrap_or("").trim(), answer.rsplit('=').next().unwrap_or("").trim());
        let place = format!("{}:{}", path.display(), number + 1);
        let Some(line) = lines.iter().find(|line| line.what == what) else {
            return Err(Failure::new(format!("{place}: the worksheet has no `{what}`")));
        };
        let met = crate::values::parse(&place, given).is_ok_and(|array| {
            let (got, want) = (array.to_reals(), line.value.to_reals());
            got.len() == want.len() && got.iter().zip(&want).all(|(g, w)| (g - w).abs() <= NEAR * w.abs().max(1.0))
        });
        match met {
            true => right += 1,
            false => wrong += 1,
        }
        let verdict = if met { "right" } else { "wrong" };
        answers.push(
            json!({"name": what, "given": given, "verdict": verdict, "value": json::array(&line.value, Dtype::F64)}),
        );
        if !as_json {
            let but = if met { String::new() } else { format!(", it is {}", line.result) };
            say(format!("{verdict}  {what} = {given}{but}"))?;
        }
    }
    let left_out = lines.len().saturating_sub(right + wrong);
    match as_json {
        true => say(json!({"right": right, "wrong": wrong, "left_out": left_out, "answers": answers}))?,
        false => say(format!("{right} right, {wrong} wrong, {left_out} left out"))?,
    }
    Ok(if wrong > 0 { Found::Finding } else { Found::Nothing })
}
