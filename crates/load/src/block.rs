//! A use of a block: its arguments bound, its body unfolded under the name of the node.

use std::collections::HashMap;
use std::rc::Rc;

use petgraph::graph::DiGraph;

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::document::{ArgDecl, ArgKind, Block, Document, STRUCTURAL};
use crate::expand::{Expander, Written, written};
use crate::flat::{Frame, ItemId, ItemKind, Ref};
use crate::order::circle;
use crate::scope::{Binding, Scope};
use crate::syntax::{Kind, Span, Value};

/// The deepest nesting of blocks.
pub(crate) const MAX_BLOCKS: usize = 64;

impl<'t, 'r> Expander<'t, 'r> {
    /// Makes item `id` a use of a block.
    pub(crate) fn block(
        &mut self,
        id: ItemId,
        block: &'t Block<'t>,
        written: Written<'t>,
        scope: &Rc<Scope<'t>>,
        fed: Option<Ref>,
    ) {
        let name = block.key.text;
        self.used.insert(name);
        if self.endless.contains(name) {
            return;
        }
        let item = &self.flat.items[id];
        let parent = item.frame.clone();
        let depth = parent.as_ref().map_or(1, |frame| frame.depth + 1);
        let prefix = format!("{}.", item.name);
        let frame = Rc::new(Frame { block: name.to_owned(), call: written.head.span, parent, depth });
        if depth > MAX_BLOCKS {
            let message = format!("blocks nest deeper than {MAX_BLOCKS}");
            let found = Diagnostic::new(Code::TooDeep, written.head.span, message, "one too many");
            self.report(scope, found.help("write a `Chain` with a `Repeat` in the place of blocks within blocks"));
            return;
        }
        let Some(vars) = self.bind(block, written, scope, fed) else { return };
        for (arg, binding) in &vars {
            if let Binding::Node(Ref { target: crate::flat::Target::Item(given), .. }) = binding {
                self.flat.names.insert(format!("{prefix}{arg}").into(), *given);
            }
        }
        let inner = self.body(&block.params, &block.nodes, Scope { prefix, vars, frame: Some(frame) });
        let first = block.outputs.iter().map(|(name, span)| self.named(name, *span, &inner)).collect::<Vec<_>>();
        if let Some(Some(first)) = first.into_iter().next() {
            self.flat.items[id].kind = ItemKind::Alias(first);
        }
    }

    /// What each argument stands for; nothing when the call has no usable form.
    fn bind(
        &mut self,
        block: &'t Block<'t>,
        call: Written<'t>,
        scope: &Rc<Scope<'t>>,
        fed: Option<Ref>,
    ) -> Option<HashMap<&'t str, Binding<'t>>> {
        let name = block.key.text;
        let mut vars: HashMap<&'t str, Binding<'t>> = HashMap::new();
        let mut nodes = block.args.iter().filter(|arg| arg.kind == ArgKind::Node);
        if let Some(fed) = fed {
            let Some(first) = nodes.next() else {
                let message = format!("the block `{name}` has no argument for a node");
                let found = Diagnostic::new(Code::Inputs, call.head.span, message, "nothing can be fed to it");
                self.report(scope, found.help("declare one, as in `args: { x: Node }`"));
                return None;
            };
            vars.insert(first.key.text, Binding::Node(fed));
        }
        let fed = vars.keys().next().copied();
        for arg in call.args.iter().filter(|arg| arg.name.is_none()) {
            let Some(decl) = nodes.next() else {
                let message = format!("the block `{name}` takes fewer nodes than are given");
                let found = Diagnostic::new(Code::Inputs, arg.value.span, message, "one too many");
                self.report(scope, found.help("arguments other than nodes are given by name"));
                return None;
            };
            let bound = self.argument(decl, &arg.value, scope);
            vars.insert(decl.key.text, bound);
        }
        for (given, value) in self.named_args(&format!("the block `{name}`"), call, scope)? {
            let Some(decl) = block.by_name.get(given.text.as_str()).map(|at| &block.args[*at]) else {
                let message = format!("the block `{name}` has no argument `{}`", given.text);
                let known = block.args.iter().map(|decl| decl.key.text);
                let found = Diagnostic::new(Code::UnknownOption, given.span, message, "unknown here");
                self.report(scope, found.suggest(&given.text, known));
                continue;
            };
            if fed == Some(decl.key.text) {
                let message = format!("the argument `{}` is fed already", given.text);
                let found = Diagnostic::new(Code::Inputs, given.span, message, "leave this out");
                self.report(scope, found.help("delete it: what stands before in the chain is fed to it"));
                continue;
            }
            let bound = self.argument(decl, value, scope);
            vars.insert(decl.key.text, bound);
        }
        for decl in &block.args {
            if vars.contains_key(decl.key.text) {
                continue;
            }
            let bound = match decl.default {
                Some(value) => self.argument(decl, value, &Rc::new(Scope::empty(scope.frame.clone()))),
                None if decl.kind == ArgKind::Unknown => Binding::Missing,
                None => {
                    let message = format!("the block `{name}` lacks its argument `{}`", decl.key.text);
                    let found = Diagnostic::new(Code::MissingArgument, call.head.span, message, "not given here");
                    let help = format!("write `{}: ...`; it is {}", decl.key.text, decl.kind.describe());
                    self.report(scope, found.second(decl.key.span, "declared here, without a default").help(help));
                    Binding::Missing
                }
            };
            vars.insert(decl.key.text, bound);
        }
        Some(vars)
    }

    /// Checks the kind of a value and binds it.
    pub(crate) fn argument(&mut self, decl: &ArgDecl<'t>, value: &'t Value, scope: &Rc<Scope<'t>>) -> Binding<'t> {
        if decl.kind == ArgKind::Unknown {
            return Binding::Missing;
        }
        if decl.kind == ArgKind::Node {
            return self.reference(value, scope).map_or(Binding::Missing, Binding::Node);
        }
        let Some((meant, outer)) = scope.follow(value) else { return Binding::Missing };
        let outer = outer.clone();
        let passed = match scope.lookup(value) {
            Some(Binding::Value(kind, ..)) => Some(*kind),
            _ => None,
        };
        let fits = match decl.kind {
            ArgKind::Int => meant.as_int().is_some(),
            ArgKind::Real => meant.as_real().is_some(),
            ArgKind::Str => meant.as_str().is_some(),
            ArgKind::Op => meant.head().is_some() && passed.is_none_or(|kind| kind == ArgKind::Op),
            ArgKind::Init => meant.head().is_some() && passed.is_none_or(|kind| kind == ArgKind::Init),
            ArgKind::Node | ArgKind::Unknown => false,
        };
        if fits && decl.kind == ArgKind::Op && passed.is_none() && !self.is_op(meant, scope) {
            return Binding::Missing;
        }
        if fits {
            return Binding::Value(decl.kind, meant, outer);
        }
        if meant.kind != Kind::Bad {
            let message = format!(
                "the argument `{}` is {}, and this is {}",
                decl.key.text,
                decl.kind.describe(),
                meant.describe()
            );
            let found = Diagnostic::new(Code::ArgumentKind, value.span, message, "of another kind");
            let help = match decl.kind {
                ArgKind::Int if meant.as_real().is_some() => {
                    "write a whole number, or declare the argument as `Real`".to_owned()
                }
                kind => format!("write {}", kind.describe()),
            };
            self.report(scope, found.second(decl.key.span, "declared here").help(help));
        }
        Binding::Missing
    }

    /// Whether the head of a value is an op or a block; reports it if not.
    fn is_op(&mut self, value: &'t Value, scope: &Rc<Scope<'t>>) -> bool {
        let Some(call) = written(value) else { return false };
        let name = call.head.text;
        let known = self.registry.op(name).is_some() || self.document.blocks.contains_key(name) || name == "Formula";
        if !known {
            self.unknown_op(call, scope);
        }
        known
    }
}

impl Scope<'_> {
    /// The scope of defaults: nothing is known in it.
    fn empty(frame: Option<Rc<Frame>>) -> Self {
        Scope { prefix: String::new(), vars: HashMap::new(), frame }
    }
}

/// Reports the blocks that contain themselves, named in order, and answers all of them.
pub(crate) fn endless<'t>(
    document: &'t Document<'t>,
    diagnostics: &mut Diagnostics,
) -> std::collections::HashSet<&'t str> {
    let blocks: Vec<&Block<'t>> = document.blocks.values().collect();
    let mut graph = DiGraph::<(), ()>::new();
    let ids: Vec<_> = blocks.iter().map(|_| graph.add_node(())).collect();
    let mut places: HashMap<(usize, usize), Span> = HashMap::new();
    for (from, block) in blocks.iter().enumerate() {
        for (_, value) in &block.nodes {
            heads(value, &mut |name, span| {
                if let Some(to) = blocks.iter().position(|other| other.key.text == name) {
                    graph.update_edge(ids[from], ids[to], ());
                    places.entry((from, to)).or_insert(span);
                }
            });
        }
    }
    let mut endless = std::collections::HashSet::new();
    for component in petgraph::algo::kosaraju_scc(&graph) {
        let Some(path) = circle(&graph, &component) else { continue };
        endless.extend(component.iter().map(|id| blocks[id.index()].key.text));
        let names: Vec<&str> = path.iter().chain(path.first()).map(|id| blocks[id.index()].key.text).collect();
        let message = format!("blocks contain one another: {}", names.join(" -> "));
        let at = places[&(path[0].index(), path.get(1).unwrap_or(&path[0]).index())];
        let found = Diagnostic::new(Code::BlockCycle, at, message, "starts the circle");
        diagnostics.push(found);
    }
    endless
}

/// Every name that stands where an op or block can.
pub(crate) fn heads<'t>(value: &'t Value, found: &mut dyn FnMut(&'t str, Span)) {
    if let Some((name, span)) = value.head().filter(|(name, _)| !STRUCTURAL.contains(name)) {
        found(name, span);
    }
    match &value.kind {
        Kind::Call(_, args) => args.iter().for_each(|arg| heads(&arg.value, found)),
        Kind::List(items) => items.iter().for_each(|item| heads(item, found)),
        _ => {}
    }
}
