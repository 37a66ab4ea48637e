//! The sections of a model file and of the files it includes.

use std::collections::{BTreeMap, HashMap, HashSet};

use graphrun_graph::Registry;

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::fields::{Fields, Key, entries, refuse_doubles, wrong_kind};
use crate::files::SourceFile;
use crate::syntax::{Kind, Span, Value, is_name};

/// The version of the format that is read.
pub(crate) const VERSION: i64 = 1;
/// The words that are neither ops nor blocks.
pub(crate) const STRUCTURAL: [&str; 5] = ["Apply", "Chain", "Formula", "Index", "Repeat"];
/// How each of [`STRUCTURAL`] is written, and what it means.
pub(crate) const USAGE: [(&str, &str); 5] = [
    ("Apply(op, node)", "an op that is an argument, applied"),
    ("Chain(node, [Op, ...])", "each op's result is the next one's first input"),
    ("Formula(\"x * y\", { x: a, y: b })", "a pointwise op written in place"),
    ("Index([N], 10)", "an integer input, from 0 up to, not including, the bound"),
    ("Repeat(n, [Op, ...])", "in a chain, the ops n times with parameters of their own"),
];

/// The fields of a model: name, what it holds, what it is for.
pub(crate) const FIELDS: [(&str, &str, &str); 12] = [
    ("graphrun", "1", "the version of the format; required"),
    ("doc", "a text", "what the model is and teaches"),
    ("include", "[\"path.ron\", ...]", "files whose blocks are used; paths are relative to this file"),
    ("blocks", "{ Name: (args, params, nodes, outputs) }", "graphs with arguments, used like ops"),
    ("inputs", "{ name: [N, 64] } or { name: Index([N], 10) }", "what is fed, with its shape; declares the symbols"),
    ("params", "{ name: (shape: [10, _], init: Xavier, trainable: true) }", "parameters beside those that ops own"),
    ("sizes", "{ N: 64 }", "defaults of symbols for benchmarks and tables"),
    ("nodes", "{ name: Op(...) }", "the graph, in any order"),
    ("outputs", "[name, ...]", "the results, in order"),
    ("loss", "name", "the scalar that training lessens"),
    ("tests", "[(given, params, of, upstream, value, grad, phase, tolerance), ...]", "expected values and gradients"),
    ("train", "(data, batch, epochs, optimizer, ...)", "the experiment"),
];

/// What the files say, section by section.
pub(crate) struct Document<'t> {
    pub(crate) doc: Option<&'t str>,
    pub(crate) blocks: BTreeMap<&'t str, Block<'t>>,
    pub(crate) inputs: Vec<(Key<'t>, &'t Value)>,
    pub(crate) params: Vec<(Key<'t>, &'t Value)>,
    pub(crate) sizes: Vec<(Key<'t>, &'t Value)>,
    pub(crate) nodes: Vec<(Key<'t>, &'t Value)>,
    pub(crate) outputs: Vec<(&'t str, Span)>,
    pub(crate) loss: Option<(&'t str, Span)>,
    /// Whether the model names a loss, rightly or wrongly.
    pub(crate) has_loss: bool,
    /// Whether names are lost because a section cannot be read.
    pub(crate) broken: bool,
    /// Whether blocks are lost because a file that is included cannot be read.
    pub(crate) lost_blocks: bool,
}

/// A block as it is declared.
pub(crate) struct Block<'t> {
    pub(crate) key: Key<'t>,
    pub(crate) args: Vec<ArgDecl<'t>>,
    /// The place of each argument among `args`.
    pub(crate) by_name: HashMap<&'t str, usize>,
    pub(crate) params: Vec<(Key<'t>, &'t Value)>,
    pub(crate) nodes: Vec<(Key<'t>, &'t Value)>,
    pub(crate) outputs: Vec<(&'t str, Span)>,
}

/// An argument of a block.
pub(crate) struct ArgDecl<'t> {
    pub(crate) key: Key<'t>,
    pub(crate) kind: ArgKind,
    pub(crate) default: Option<&'t Value>,
}

/// What an argument holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArgKind {
    Node,
    Int,
    Real,
    Str,
    Op,
    Init,
    /// Misspelt, and reported; whatever it is given counts for nothing.
    Unknown,
}

impl ArgKind {
    pub(crate) const ALL: [(&'static str, ArgKind); 6] = [
        ("Node", ArgKind::Node),
        ("Int", ArgKind::Int),
        ("Real", ArgKind::Real),
        ("Str", ArgKind::Str),
        ("Op", ArgKind::Op),
        ("Init", ArgKind::Init),
    ];

    /// What a value of the kind is, for messages.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            ArgKind::Node => "a node",
            ArgKind::Int => "a whole number",
            ArgKind::Real => "a number",
            ArgKind::Str => "a string",
            ArgKind::Op => "an op such as `Relu`",
            ArgKind::Init => "an initialiser such as `Xavier`",
            ArgKind::Unknown => "unknown",
        }
    }
}

/// Reads the sections; the first file is the model, the others lend their blocks.
pub(crate) fn document<'t>(
    files: &'t [SourceFile],
    registry: &Registry,
    diagnostics: &mut Diagnostics,
) -> Option<Document<'t>> {
    let mut blocks = BTreeMap::new();
    let mut main = None;
    if !files.first()?.intact {
        return None;
    }
    let unreadable = [Code::Unreadable, Code::IncludeCycle, Code::TooDeep];
    let lost_blocks =
        files.iter().any(|file| !file.intact) || diagnostics.list.iter().any(|found| unreadable.contains(&found.code));
    for (at, file) in files.iter().enumerate().filter(|(_, file)| file.intact) {
        let Some(fields) = root_fields(&file.root, diagnostics) else { continue };
        if let Some(section) = fields.get("blocks") {
            for (key, value) in entries(section, "`blocks`", false, diagnostics) {
                add_block(key, value, registry, &mut blocks, diagnostics);
            }
        }
        if at == 0 {
            main = Some(fields);
        }
    }
    let fields = main?;
    let mut map = |name: &str| match fields.get(name) {
        Some(value) => entries(value, &format!("`{name}`"), true, diagnostics),
        None => Vec::new(),
    };
    let (inputs, params, sizes, nodes) = (map("inputs"), map("params"), map("sizes"), map("nodes"));
    let outputs = fields.get("outputs").map_or_else(Vec::new, |value| outputs(value, diagnostics));
    let loss = fields.get("loss").and_then(|value| reference(value, "`loss`", diagnostics));
    let doc = fields.get("doc").and_then(|value| {
        if value.as_str().is_none() {
            wrong_kind(value, "`doc` is a text in quotes", "`doc: \"what the model is\"`", diagnostics);
        }
        value.as_str()
    });
    let none = |value: &Value| matches!(&value.kind, Kind::List(items) if items.is_empty());
    if !nodes.is_empty() && fields.get("outputs").is_none_or(none) && fields.get("loss").is_none() {
        let message = "the model has nodes, and neither `outputs` nor a `loss`";
        let whole = Span { end: fields.span.start + 1, ..fields.span };
        let at = fields.get("outputs").map_or(whole, |value| value.span);
        diagnostics.push(
            Diagnostic::new(Code::MissingField, at, message, "in this model").help("name the results: `outputs: [y]`"),
        );
    }
    let has_loss = fields.get("loss").is_some();
    let unreadable = |name: &&str| fields.get(name).is_some_and(|value| !matches!(value.kind, Kind::Map(_)));
    let broken = ["inputs", "params", "nodes"].iter().any(unreadable);
    Some(Document { doc, blocks, inputs, params, sizes, nodes, outputs, loss, has_loss, broken, lost_blocks })
}

/// Whether the value of a file is a model of a version that is read; reports what is wrong.
pub(crate) fn is_model(root: &Value, diagnostics: &mut Diagnostics) -> bool {
    match &root.kind {
        Kind::Call(Some(name), _) if name.text == "Model" => version(root, diagnostics),
        Kind::Bad => false,
        _ => {
            let at = root.head().map_or(root.span, |(_, span)| span);
            let message = "a model file holds one value, `Model(graphrun: 1, ...)`";
            let found = Diagnostic::new(Code::NotAModel, at, message, "not a model");
            let name = root.head().map_or("", |(name, _)| name);
            let near = crate::diagnostics::nearest(name, ["Model"]);
            diagnostics.push(found.help_if(near.map(|near| format!("did you mean `{near}`?"))));
            false
        }
    }
}

fn root_fields<'t>(root: &'t Value, diagnostics: &mut Diagnostics) -> Option<Fields<'t>> {
    if !is_model(root, diagnostics) {
        return None;
    }
    Fields::read(root, "the model", &FIELDS.map(|(name, ..)| name), diagnostics)
}

/// Checks the version; nothing else of a newer file is read.
fn version(root: &Value, diagnostics: &mut Diagnostics) -> bool {
    let at = root.head().map_or(root.span, |(_, span)| span);
    let Some(value) = root.field("graphrun") else {
        let message = "the model does not state its format version";
        let help = format!("write `graphrun: {VERSION}` first");
        diagnostics.push(Diagnostic::new(Code::MissingField, at, message, "in this model").help(help));
        return true;
    };
    match value.as_int() {
        Some(VERSION) => true,
        Some(newer) if newer > VERSION => {
            let message = format!("this file has format version {newer}, and this program reads version {VERSION}");
            let found = Diagnostic::new(Code::Version, value.span, message, "newer than the program");
            diagnostics.push(found.help("update the program"));
            false
        }
        _ => {
            let message = format!("the format version is the number {VERSION}");
            let help = format!("write `graphrun: {VERSION}`");
            diagnostics.push(Diagnostic::new(Code::Version, value.span, message, "not a version").help(help));
            true
        }
    }
}

fn add_block<'t>(
    key: Key<'t>,
    value: &'t Value,
    registry: &Registry,
    blocks: &mut BTreeMap<&'t str, Block<'t>>,
    diagnostics: &mut Diagnostics,
) {
    let what = format!("the block `{}`", key.text);
    if registry.op(key.text).is_some() || STRUCTURAL.contains(&key.text) {
        let message = format!("{what} has the name of an op");
        diagnostics.push(Diagnostic::new(Code::NameTaken, key.span, message, "taken").help("choose another name"));
        return;
    }
    if let Some(other) = blocks.get(key.text) {
        let message = format!("{what} is declared twice");
        let found = Diagnostic::new(Code::NameTaken, key.span, message, "again").second(other.key.span, "first");
        diagnostics.push(found.help("keep one of the two, or give one another name"));
        return;
    }
    let Some(fields) = Fields::read(value, &what, &["doc", "args", "params", "nodes", "outputs"], diagnostics) else {
        return;
    };
    let mut map = |name: &str| match fields.get(name) {
        Some(value) => entries(value, &format!("`{name}` of {what}"), false, diagnostics),
        None => Vec::new(),
    };
    let (args, params, nodes) = (map("args"), map("params"), map("nodes"));
    let outputs = fields.get("outputs").map_or_else(Vec::new, |value| outputs(value, diagnostics));
    let none = |value: &Value| matches!(&value.kind, Kind::List(items) if items.is_empty());
    if fields.get("outputs").is_none_or(none) {
        let message = format!("{what} has no outputs");
        let help = "name what it computes: `outputs: [y]`";
        diagnostics.push(Diagnostic::new(Code::MissingField, key.span, message, "this block").help(help));
    }
    let args: Vec<ArgDecl<'t>> = args.into_iter().map(|(key, value)| arg(key, value, diagnostics)).collect();
    let by_name = args.iter().enumerate().map(|(at, arg)| (arg.key.text, at)).collect();
    let mut block = Block { key, args, by_name, params, nodes, outputs };
    taken_by_args(&mut block, diagnostics);
    unused_args(&block, diagnostics);
    blocks.insert(key.text, block);
}

/// Reports nodes and parameters that have the name of an argument, and leaves them out.
fn taken_by_args(block: &mut Block<'_>, diagnostics: &mut Diagnostics) {
    let (by_name, args) = (&block.by_name, &block.args);
    let mut free = |key: &Key<'_>| {
        let Some(at) = by_name.get(key.text) else { return true };
        let message = format!("two things are named `{}`", key.text);
        let found = Diagnostic::new(Code::NameTaken, key.span, message, "again here");
        let found = found.second(args[*at].key.span, "this argument");
        diagnostics.push(found);
        false
    };
    block.nodes.retain(|(key, _)| free(key));
    block.params.retain(|(key, _)| free(key));
}

fn arg<'t>(key: Key<'t>, value: &'t Value, diagnostics: &mut Diagnostics) -> ArgDecl<'t> {
    let head = value.head().map(|(name, _)| name);
    let kind = ArgKind::ALL.iter().find(|(name, _)| head == Some(name)).map(|(_, kind)| *kind);
    let default = match value.args() {
        [] => None,
        [only] if only.name.is_none() => Some(&only.value),
        [first, ..] => {
            let message = "the default of an argument is one value in parentheses";
            let found = Diagnostic::new(Code::ArgumentKind, first.value.span, message, "more than that");
            diagnostics.push(found.help(format!("write `{}(value)`, or `{0}` for none", head.unwrap_or("Int"))));
            None
        }
    };
    if kind.is_none() && value.kind != Kind::Bad {
        let message = format!("the argument `{}` has no known kind", key.text);
        let names = ArgKind::ALL.map(|(name, _)| name);
        let found = Diagnostic::new(Code::ArgumentKind, value.span, message, "not a kind");
        diagnostics.push(found.suggest(head.unwrap_or_default(), names));
    }
    ArgDecl { key, kind: kind.unwrap_or(ArgKind::Unknown), default }
}

/// Reports the arguments that the body of a block never mentions.
fn unused_args(block: &Block<'_>, diagnostics: &mut Diagnostics) {
    let mut mentioned: Vec<&str> = block.outputs.iter().map(|(name, _)| *name).collect();
    for (_, value) in block.nodes.iter().chain(&block.params) {
        words(value, &mut mentioned);
    }
    let mentioned: HashSet<&str> = mentioned.into_iter().collect();
    for arg in block.args.iter().filter(|arg| !mentioned.contains(arg.key.text)) {
        let message = format!("the block `{}` never uses its argument `{}`", block.key.text, arg.key.text);
        diagnostics.push(Diagnostic::new(Code::UnusedArgument, arg.key.span, message, "never used"));
    }
}

/// Every name, bare or in quotes, within a value that stands for something: not the names of calls, fields and keys.
pub(crate) fn words<'t>(value: &'t Value, out: &mut Vec<&'t str>) {
    match &value.kind {
        Kind::Word(word) | Kind::Str(word) => out.push(word),
        Kind::Call(_, args) => args.iter().for_each(|arg| words(&arg.value, out)),
        Kind::List(items) => items.iter().for_each(|item| words(item, out)),
        Kind::Map(entries) => entries.iter().for_each(|entry| words(&entry.value, out)),
        _ => {}
    }
}

fn outputs<'t>(value: &'t Value, diagnostics: &mut Diagnostics) -> Vec<(&'t str, Span)> {
    let Kind::List(items) = &value.kind else {
        let form = match value.as_name() {
            Some(name) => format!("`outputs: [{name}]`"),
            None => "`outputs: [y]`, with the name of a node".to_owned(),
        };
        wrong_kind(value, "`outputs` is a list of nodes", &form, diagnostics);
        return Vec::new();
    };
    let mut list: Vec<(Key<'t>, &'t Value)> = items
        .iter()
        .filter_map(|item| reference(item, "an output", diagnostics).map(|(text, span)| (Key { text, span }, item)))
        .collect();
    refuse_doubles(&mut list, diagnostics);
    list.into_iter().map(|(key, _)| (key.text, key.span)).collect()
}

/// A node by its bare name, or a member by its address in quotes.
fn reference<'t>(value: &'t Value, what: &str, diagnostics: &mut Diagnostics) -> Option<(&'t str, Span)> {
    match &value.kind {
        Kind::Word(word) if is_name(word) => Some((word, value.span)),
        Kind::Str(text) => Some((text, value.span)),
        _ => {
            wrong_kind(value, &format!("{what} is the name of a node"), "the name of a node or input", diagnostics);
            None
        }
    }
}
