//! A model file, loaded.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use graphrun_graph::{Graph, NodeId, Phase, Registry};

use crate::build::{Builds, Built, Found};
use crate::cases::{Cases, TestCase};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::document::{document, words};
use crate::doubts::{Doubts, Partial};
use crate::files::{SourceFile, read_files, read_source, read_text};
use crate::flat::{Flat, ItemId, ItemKind, Target};
use crate::order::Uses;
use crate::overrides::override_text;
use crate::starts::check_starts;
use crate::syntax::{Sources, Span, Value, without_mark};
use crate::unfold::{Root, Unfolded, unfold};

/// How to load.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// Values that replace those of the file, by path: `("train.epochs", "5")`.
    pub overrides: Vec<(String, String)>,
    /// The most nodes that blocks and repeats may unfold to; the graphs may have three times as many, since most ops
    /// are made of several. The default is what loads in about 256 MiB.
    pub max_nodes: usize,
}

impl Default for LoadOptions {
    fn default() -> Self {
        LoadOptions { overrides: Vec::new(), max_nodes: 135_000 }
    }
}

/// A model file, loaded and checked.
#[derive(Clone, Debug)]
pub struct Model {
    /// The file; paths in it are relative to its folder.
    pub path: PathBuf,
    /// What the model says of itself.
    pub doc: Option<String>,
    /// The nodes, inputs and parameters in the order of the file, members of blocks among them.
    pub nodes: Vec<ModelNode>,
    /// The tests.
    pub tests: Vec<TestCase>,
    /// The training section, for whoever trains.
    pub train: Option<Value>,
    /// Every file that was read; the first is the model as it was used, overrides put in.
    pub sources: Sources,
    /// What looks unintended.
    pub warnings: Diagnostics,
    /// Of the test phase and of the training phase; one and the same where nothing depends on the phase.
    graphs: [Arc<Graph>; 2],
}

/// A name in a model, and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelNode {
    /// The full name: `h`, `h.s`.
    pub name: String,
    /// The op as the file writes it; `Input` and `Param` for declarations.
    pub op: String,
    /// Its node in the graph of the test phase.
    pub id: NodeId,
    /// Where it is named.
    pub span: Span,
}

impl Model {
    /// The graph of a phase. Both have the same inputs, parameters and outputs.
    pub fn graph(&self, phase: Phase) -> &Graph {
        match phase {
            Phase::Test => &self.graphs[0],
            Phase::Train => &self.graphs[1],
        }
    }

    /// The text of the model file, overrides put in.
    pub fn text(&self) -> &str {
        self.sources.files().next().map_or("", |file| self.sources.text(file))
    }

    /// A path that the file mentions, as seen from the working directory.
    pub fn resolve(&self, path: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }
}

/// A model file as far as it can be read, whether it is right or wrong.
#[derive(Debug)]
pub struct Draft {
    /// The file; paths in it are relative to its folder.
    pub path: PathBuf,
    /// The model when nothing is wrong with it, else what could be read.
    pub model: Result<Model, Partial>,
    /// What is wrong; nothing when there is a model.
    pub diagnostics: Diagnostics,
}

impl Draft {
    /// The model.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn finish(self) -> Result<Model, Diagnostics> {
        self.model.map_err(|_| self.diagnostics)
    }
}

/// Loads a model file.
///
/// # Errors
/// Everything that is wrong with it and with the files it includes, in one pass.
pub fn load(path: &Path, registry: &Registry, options: &LoadOptions) -> Result<Model, Diagnostics> {
    draft(path, registry, options).finish()
}

/// Loads a model file as far as it can be read.
pub fn draft(path: &Path, registry: &Registry, options: &LoadOptions) -> Draft {
    if options.overrides.is_empty() {
        let mut diagnostics = Diagnostics::default();
        let files = read_files(path, &mut diagnostics);
        return finish(path, files, registry, options.max_nodes, diagnostics);
    }
    match read_source(path) {
        Ok(text) => draft_str(path, &text, registry, options),
        Err(diagnostics) => unread(path, diagnostics),
    }
}

/// Loads a model from text, as if it were the file `path`.
///
/// # Errors
/// As [`load`].
pub fn load_str(path: &Path, text: &str, registry: &Registry, options: &LoadOptions) -> Result<Model, Diagnostics> {
    draft_str(path, text, registry, options).finish()
}

fn draft_str(path: &Path, text: &str, registry: &Registry, options: &LoadOptions) -> Draft {
    let text = match override_text(path, without_mark(text), &options.overrides) {
        Ok(text) => text,
        Err(diagnostics) => return unread(path, diagnostics),
    };
    let mut diagnostics = Diagnostics::default();
    let files = read_text(path, &text, &mut diagnostics);
    finish(path, files, registry, options.max_nodes, diagnostics)
}

/// The draft of a file of which nothing can be said.
fn unread(path: &Path, diagnostics: Diagnostics) -> Draft {
    let partial = Partial { doubts: Doubts::all(), ..Partial::default() };
    Draft { path: path.to_owned(), model: Err(partial), diagnostics }
}

fn finish(
    path: &Path,
    mut files: Vec<SourceFile>,
    registry: &Registry,
    max_nodes: usize,
    mut diagnostics: Diagnostics,
) -> Draft {
    let Some(document) = document(&files, registry, &mut diagnostics) else {
        diagnostics.sort();
        return unread(path, diagnostics);
    };
    let unfolded = unfold(&document, registry, max_nodes, &mut diagnostics);
    drop(document);
    let [tests, train] = ["tests", "train"].map(|name| files[0].root.take_field(name));
    // Of a long file the tree takes as much memory as the graph.
    drop(files);
    let model = assemble(path, unfolded, tests, train, registry, 3 * max_nodes, &mut diagnostics);
    diagnostics.sort();
    let model = model.map(|mut model| {
        model.sources = diagnostics.sources.clone();
        model.warnings = std::mem::take(&mut diagnostics);
        model
    });
    let model = model.map_err(|partial| *partial);
    Draft { path: path.to_owned(), model, diagnostics }
}

/// From items to graphs; else the graph as far as it can be built.
fn assemble(
    path: &Path,
    unfolded: Unfolded<'_>,
    tests: Option<Value>,
    train: Option<Value>,
    registry: &Registry,
    max_nodes: usize,
    diagnostics: &mut Diagnostics,
) -> Result<Model, Box<Partial>> {
    let Unfolded { flat, symbols, outputs, loss, sizes, .. } = &unfolded;
    let uses = Uses::new(flat);
    let circular = uses.circles(flat, diagnostics);
    let order: Vec<ItemId> = uses.order().into_iter().filter(|id| !circular[*id]).collect();
    let builds = Builds { flat, order: &order, registry, symbols, max_nodes, titles: flat.titles(&order) };
    let mut found = Found::new();
    let mut test = builds.build(Phase::Test, &mut found, diagnostics);
    let finish = |built: &mut Built| {
        let node = |root: &Root| match root.target.as_ref()? {
            Target::Item(id) => built.ids[*id],
            Target::Owned(_, name) | Target::Member(name) => built.graph.find(name),
        };
        let named = outputs.iter().filter_map(|root| Some((root.name.clone(), node(root)?)));
        let (named, loss) = (named.collect(), loss.as_ref().and_then(node));
        (built.graph.outputs, built.graph.loss, built.graph.sizes) = (named, loss, sizes.clone());
    };
    finish(&mut test);
    check_starts(flat, &test, diagnostics);
    if let (Some(root), Some(ty)) = (loss, test.graph.loss.map(|id| test.graph.ty(id)))
        && (ty.rank() > 0 || !ty.is_real())
    {
        let message = format!("the loss is one number, and `{}` is {ty}", root.name);
        let found = Diagnostic::new(Code::NotScalar, root.span, message, "no scalar");
        diagnostics.push(found.help("a loss per row becomes one number by `Mean`"));
    }
    let unknown = unfolded.full || test.full.is_some() || unfolded.broken;
    let mut doubts = if unknown { Doubts::all() } else { Doubts::default() };
    if diagnostics.has_errors() && !doubts.all {
        doubts = Doubts::new(flat, &test);
        doubts.loss = unfolded.has_loss && test.graph.loss.is_none();
        doubts.outputs = test.graph.outputs.len() < outputs.len() || outputs.is_empty();
    }
    let mut cases = Cases { graph: &test.graph, flat, uses: &uses, doubts: &doubts, diagnostics };
    let tests = tests.map_or_else(Vec::new, |section| cases.read(&section));
    if diagnostics.has_errors() {
        let nodes = model_nodes(unfolded.flat, &test.ids, diagnostics).map_while(|node| node).collect();
        return Err(Box::new(Partial { train, graph: test.graph, nodes, doubts }));
    }
    unreachable_nodes(&unfolded, &uses, &tests, train.as_ref(), diagnostics);
    let ids = test.ids;
    let graph = Arc::new(test.graph);
    let mut graphs = [graph.clone(), graph];
    if test.depends_on_phase {
        let mut built = builds.build(Phase::Train, &mut found, diagnostics);
        finish(&mut built);
        if diagnostics.has_errors() {
            return Err(Box::new(Partial { train, graph: built.graph, nodes: Vec::new(), doubts }));
        }
        graphs[1] = Arc::new(built.graph);
    }
    Ok(Model {
        path: path.to_owned(),
        doc: unfolded.doc,
        nodes: model_nodes(unfolded.flat, &ids, diagnostics).flatten().collect(),
        tests,
        train,
        sources: Sources::default(),
        warnings: Diagnostics::default(),
        graphs,
    })
}

/// Every named item in the order of the file, those that could not be built as nothing.
fn model_nodes(
    flat: Flat<'_>,
    ids: &[Option<NodeId>],
    diagnostics: &Diagnostics,
) -> impl Iterator<Item = Option<ModelNode>> {
    let named = flat.items.into_iter().zip(ids).filter(|(item, _)| !item.name.is_empty());
    named.map(|(item, id)| {
        let op = match item.kind {
            ItemKind::Input(..) => "Input".to_owned(),
            ItemKind::Param(_) => "Param".to_owned(),
            _ => diagnostics.sources.slice(item.head).to_owned(),
        };
        Some(ModelNode { name: item.name.to_string(), op, id: (*id)?, span: item.key })
    })
}

/// Warns of nodes and parameters on the top level that nothing needs.
fn unreachable_nodes(
    unfolded: &Unfolded<'_>,
    uses: &Uses,
    tests: &[TestCase],
    train: Option<&Value>,
    diagnostics: &mut Diagnostics,
) {
    let Unfolded { flat, outputs, loss, .. } = unfolded;
    let mut needed: Vec<ItemId> = outputs.iter().chain(loss).filter_map(|root| root.target.as_ref()?.item()).collect();
    let mut names: Vec<&str> = tests.iter().flat_map(|case| case.value.iter().map(|(name, _)| name.as_str())).collect();
    names.extend(tests.iter().filter_map(|case| case.of.as_deref()));
    if let Some(train) = train {
        words(train, &mut names);
    }
    needed.extend(names.into_iter().filter_map(|name| flat.find(name)?.item()));
    let needed = uses.needed(needed);
    let used = flat.items.iter().zip(&needed).filter(|(_, needed)| **needed);
    let owners: HashSet<&str> =
        used.filter_map(|(item, _)| item.name.split_once('.')).map(|(owner, _)| owner).collect();
    for (item, _) in flat.items.iter().zip(&needed).filter(|(_, needed)| !**needed) {
        let declared = !item.name.is_empty() && !item.name.contains('.') && !matches!(item.kind, ItemKind::Input(..));
        if !declared || owners.contains(&*item.name) {
            continue;
        }
        let param = matches!(item.kind, ItemKind::Param(_));
        let (code, what) = if param { (Code::UnusedParameter, "parameter") } else { (Code::Unreachable, "node") };
        let message = format!("the {what} `{}` is never needed", item.name);
        let found = Diagnostic::new(code, item.key, message, "no output, loss, metric or test depends on it");
        diagnostics.push(found.warning());
    }
}
