//! Blocks, calls and structural words to a flat list of items.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use graphrun_graph::{Formula, Options, Registry};

use crate::diagnostics::{Code, Diagnostic, Diagnostics, nearest};
use crate::document::{ArgKind, Block, Document, STRUCTURAL};
use crate::fields::Key;
use crate::flat::{Flat, ItemId, ItemKind, Ref, Target};
use crate::scope::{Binding, Scope};
use crate::sizes::{Symbols, declare, input_type, shape_of_input};
use crate::syntax::{Arg, Kind, Span, Value};
use crate::weight::Weights;

/// Unfolds a document.
pub(crate) struct Expander<'t, 'r> {
    pub(crate) registry: &'r Registry,
    pub(crate) document: &'t Document<'t>,
    pub(crate) symbols: Symbols,
    /// Blocks that contain themselves; they are never unfolded.
    pub(crate) endless: HashSet<&'t str>,
    /// Blocks that were unfolded at least once.
    pub(crate) used: HashSet<&'t str>,
    pub(crate) flat: Flat<'r>,
    pub(crate) constants: HashMap<u64, ItemId>,
    /// Options that were read before, by op and text.
    pub(crate) options: HashMap<(&'r str, String), Options>,
    /// Formulas that were read before, by place and variables.
    pub(crate) formulas: HashMap<(Span, String), Formula>,
    pub(crate) weights: Weights<'t>,
    /// The most items that blocks and repeats may unfold to.
    pub(crate) max_nodes: usize,
    /// Rounds of all repeats so far.
    pub(crate) rounds: usize,
    /// Bytes of options written out so far.
    pub(crate) written: usize,
    /// Whether a limit is reached, and reported.
    pub(crate) full: bool,
    pub(crate) diagnostics: &'t mut Diagnostics,
}

/// A call as it is written: the name in front, and what is in the parentheses.
#[derive(Clone, Copy)]
pub(crate) struct Written<'t> {
    pub(crate) head: Key<'t>,
    pub(crate) args: &'t [Arg],
}

impl<'t, 'r> Expander<'t, 'r> {
    /// An expander of a document whose blocks `endless` contain themselves.
    pub(crate) fn new(
        registry: &'r Registry,
        document: &'t Document<'t>,
        endless: HashSet<&'t str>,
        max_nodes: usize,
        diagnostics: &'t mut Diagnostics,
    ) -> Self {
        Expander {
            registry,
            document,
            symbols: Symbols::new(),
            endless,
            used: HashSet::new(),
            flat: Flat::default(),
            constants: HashMap::new(),
            options: HashMap::new(),
            formulas: HashMap::new(),
            weights: Weights::new(document),
            max_nodes,
            rounds: 0,
            written: 0,
            full: false,
            diagnostics,
        }
    }

    /// Declares everything on the top level and unfolds it; answers the scope of the top level.
    pub(crate) fn model(&mut self) -> Rc<Scope<'t>> {
        let document = self.document;
        for (_, value) in &document.inputs {
            declare(shape_of_input(value), &mut self.symbols);
        }
        let mut scope = Scope { prefix: String::new(), vars: HashMap::new(), frame: None };
        let mut inputs = Vec::new();
        for (key, value) in &document.inputs {
            if let Some(id) = self.declare(*key, &mut scope) {
                inputs.push((id, *value));
            }
        }
        for (id, value) in inputs {
            if let Some(ty) = input_type(value, &self.symbols, self.diagnostics) {
                let places = match &shape_of_input(value).kind {
                    Kind::List(sizes) => sizes.iter().map(|size| size.span).collect(),
                    _ => Vec::new(),
                };
                self.flat.items[id].kind = ItemKind::Input(ty, places);
            }
        }
        let mut total = 0usize;
        for (key, value) in &document.nodes {
            total = total.saturating_add(self.weights.call(value, None));
            if total > self.max_nodes {
                self.too_many(key.span, &Rc::new(scope));
                return self.body(
                    &document.params,
                    &[],
                    Scope { prefix: String::new(), vars: HashMap::new(), frame: None },
                );
            }
        }
        self.body(&document.params, &document.nodes, scope)
    }

    /// Declares the parameters and nodes of a model or block and unfolds them.
    pub(crate) fn body(
        &mut self,
        params: &'t [(Key<'t>, &'t Value)],
        nodes: &'t [(Key<'t>, &'t Value)],
        mut scope: Scope<'t>,
    ) -> Rc<Scope<'t>> {
        let mut declare = |list: &'t [(Key<'t>, &'t Value)]| -> Vec<(ItemId, &'t Value)> {
            list.iter().filter_map(|(key, value)| Some((self.declare(*key, &mut scope)?, *value))).collect()
        };
        let (params, nodes) = (declare(params), declare(nodes));
        let scope = Rc::new(scope);
        for (id, value) in params {
            if let Some(param) = self.param(id, value, &scope) {
                self.flat.items[id].kind = ItemKind::Param(param);
            }
        }
        for (id, value) in nodes {
            self.node(id, value, &scope);
        }
        scope
    }

    fn declare(&mut self, key: Key<'t>, scope: &mut Scope<'t>) -> Option<ItemId> {
        if let Some(Binding::Node(Ref { span, .. })) = scope.vars.get(key.text) {
            let message = format!("two things are named `{}`", key.text);
            let found = Diagnostic::new(Code::NameTaken, key.span, message, "again here").second(*span, "first here");
            self.diagnostics.push(found);
            return None;
        }
        let id = self.add(format!("{}{}", scope.prefix, key.text).into(), key.span, scope.frame.clone());
        scope.vars.insert(key.text, Binding::Node(Ref { target: Target::Item(id), span: key.span }));
        Some(id)
    }

    /// `name: Op(...)`.
    fn node(&mut self, id: ItemId, value: &'t Value, scope: &Rc<Scope<'t>>) {
        let Some(written) = written(value) else {
            if value.kind != Kind::Bad {
                let message = format!("a node is `name: Op(...)`, and this is {}", value.describe());
                let found = Diagnostic::new(Code::WrongKind, value.span, message, "not an op");
                self.report(
                    scope,
                    found.help(match &value.kind {
                        Kind::Number(_) => "a constant is written where it is used, as in `Mul(2, x)`",
                        Kind::Str(_) => "write it without quotes, as in `y: Exp(x)`",
                        _ => "write an op and its inputs, as in `y: Exp(x)`",
                    }),
                );
            }
            return;
        };
        self.call(id, written, scope, None);
    }

    /// Makes item `id` a call of an op, block or structural word; `fed` is what a chain or `Apply` puts into its first port.
    pub(crate) fn call(&mut self, id: ItemId, written: Written<'t>, scope: &Rc<Scope<'t>>, fed: Option<Ref>) {
        self.flat.items[id].head = written.head.span;
        if !self.has_room(written.head.span, scope) {
            return;
        }
        let name = written.head.text;
        match (scope.vars.get(name), self.document.blocks.get(name), self.registry.op(name)) {
            (Some(Binding::Value(ArgKind::Op, op, outer)), ..) if written.args.is_empty() => {
                let (op, outer) = (*op, outer.clone());
                if let Some(inner) = self::written(op) {
                    self.call(id, inner, &outer, fed);
                }
            }
            (Some(Binding::Missing), ..) => {}
            _ if STRUCTURAL.contains(&name) => self.structure(id, written, scope, fed),
            (_, Some(block), _) => self.block(id, block, written, scope, fed),
            (_, _, Some(def)) => {
                if let Some(call) = self.op(def, written, scope, fed) {
                    self.flat.items[id].kind = ItemKind::Op(call);
                }
            }
            _ => self.unknown_op(written, scope),
        }
    }

    pub(crate) fn unknown_op(&mut self, written: Written<'t>, scope: &Rc<Scope<'t>>) {
        if self.diagnostics.is_full() {
            return;
        }
        let name = written.head.text;
        if self.document.lost_blocks && nearest(name, self.registry.ops().map(|op| op.name)).is_none() {
            return;
        }
        let message = format!("there is no op `{name}`");
        let found = Diagnostic::new(Code::UnknownOp, written.head.span, message, "neither an op nor a block");
        let found = match scope.vars.get(name) {
            Some(Binding::Value(..)) => {
                found.help(format!("an op that is an argument is applied by `Apply({name}, x)`"))
            }
            Some(_) => found.help(format!("`{name}` is a node; a second name for it is `Identity({name})`")),
            None => {
                let blocks = self.document.blocks.keys().copied();
                let known: Vec<&str> = self.registry.ops().map(|op| op.name).chain(blocks).chain(STRUCTURAL).collect();
                found.suggest(name, known)
            }
        };
        self.report(scope, found);
    }

    /// Unfolds the blocks that the model never uses, with nothing for their arguments, so that they are checked too.
    pub(crate) fn unused_blocks(&mut self) {
        let document = self.document;
        let (items, names) = (self.flat.items.len(), std::mem::take(&mut self.flat.names));
        let empty = Rc::new(Scope { prefix: String::new(), vars: HashMap::new(), frame: None });
        for arg in document.blocks.values().flat_map(|block| &block.args) {
            let Some(default) = arg.default else { continue };
            let bound = self.argument(arg, default, &empty);
            if let (ArgKind::Init, Binding::Value(..)) = (arg.kind, bound) {
                self.init(default, &empty);
            }
        }
        for block in document.blocks.values().filter(|block| !self.used.contains(block.key.text)).collect::<Vec<_>>() {
            if !self.endless.contains(block.key.text) && !self.used.contains(block.key.text) {
                self.dry(block);
            }
        }
        self.flat.items.truncate(items);
        self.flat.names = names;
        self.constants.retain(|_, id| *id < items);
    }

    fn dry(&mut self, block: &'t Block<'t>) {
        let vars = block.args.iter().map(|arg| (arg.key.text, Binding::Missing)).collect();
        let scope = Scope { prefix: format!("{}.", block.key.text), vars, frame: None };
        let scope = self.body(&block.params, &block.nodes, scope);
        for (name, span) in &block.outputs {
            if !matches!(scope.vars.get(name), Some(Binding::Missing)) {
                self.named(name, *span, &scope);
            }
        }
    }
}

/// A value as a call: `Relu`, `Linear(units: 10)`.
pub(crate) fn written(value: &Value) -> Option<Written<'_>> {
    let (text, span): (&str, Span) = value.head()?;
    Some(Written { head: Key { text, span }, args: value.args() })
}
