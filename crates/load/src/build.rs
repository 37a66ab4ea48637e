//! Items to a graph, with the open sizes of parameters worked out from their use.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use graphrun_graph::{Builder, Call, Graph, NodeId, Phase, Registry, Size, TypeError};

use crate::clash::type_error;
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::flat::{Flat, ItemId, ItemKind, Ref, Target, in_frames, is_open};
use crate::sizes::{Symbols, known_symbol};

/// The most elements that an array may be known to have.
const MAX_ELEMENTS: usize = 1 << 48;

/// The most items that are built, over all passes, to work out open sizes.
const MAX_WORK: usize = 5_000_000;

/// A graph, and the node of every item that could be built.
pub(crate) struct Built {
    pub(crate) graph: Graph,
    pub(crate) ids: Vec<Option<NodeId>>,
    /// Whether the graph of another phase may differ.
    pub(crate) depends_on_phase: bool,
    /// The item at which there were too many nodes; nothing behind it is built.
    pub(crate) full: Option<ItemId>,
}

/// What open sizes turned out to be.
pub(crate) type Found = BTreeMap<String, Size>;

/// What stays the same from one pass over the items to the next.
pub(crate) struct Builds<'a, 'r> {
    pub(crate) flat: &'a Flat<'r>,
    /// Every item behind what it uses, those in circles left out.
    pub(crate) order: &'a [ItemId],
    pub(crate) registry: &'r Registry,
    pub(crate) symbols: &'a Symbols,
    /// The most nodes that the graphs may have together.
    pub(crate) max_nodes: usize,
    /// What to call an item that has several names.
    pub(crate) titles: HashMap<ItemId, Arc<str>>,
}

impl Builds<'_, '_> {
    /// Builds the graph of a phase; `found` holds what earlier builds found, and grows.
    pub(crate) fn build(&self, phase: Phase, found: &mut Found, diagnostics: &mut Diagnostics) -> Built {
        let mut work = 0;
        loop {
            let known = found.len();
            let (built, errors) = self.pass(phase, found);
            if let Some(id) = built.full {
                let item = &self.flat.items[id];
                let message = format!("the ops of the model are made of more than {} nodes together", self.max_nodes);
                let full = Diagnostic::new(Code::TooManyNodes, item.head, message, "reached here");
                let full = full.help("most ops are made of several nodes, and those that train otherwise than they test of twice as many");
                diagnostics.push(in_frames(full, item.frame.as_ref()));
                return built;
            }
            work += self.order.len();
            if found.len() > known && work < MAX_WORK {
                continue;
            }
            for (id, error) in errors {
                let item = &self.flat.items[id];
                diagnostics.push(in_frames(type_error(self.flat, &built, id, error), item.frame.as_ref()));
            }
            self.check(&built, found, diagnostics);
            return built;
        }
    }

    /// One pass over all items. An item whose inputs failed is left out silently.
    fn pass(&self, phase: Phase, found: &mut Found) -> (Built, Vec<(ItemId, TypeError)>) {
        let mut b = Builder::new();
        let mut ids: Vec<Option<NodeId>> = vec![None; self.flat.items.len()];
        let (mut errors, mut full) = (Vec::new(), None);
        for &id in self.order {
            let graphs = 1 + usize::from(b.depends_on_phase());
            if b.graph().nodes().len() * graphs > self.max_nodes {
                full = Some(id);
                break;
            }
            match self.item(id, phase, &mut b, &ids, found) {
                Ok(node) => ids[id] = node,
                Err(error) => match error.clash.as_deref().and_then(|(x, y)| solve(x, y)) {
                    Some((symbol, size)) => drop(found.entry(symbol).or_insert(size)),
                    None => errors.push((id, error)),
                },
            }
        }
        (Built { depends_on_phase: b.depends_on_phase(), graph: b.finish(), ids, full }, errors)
    }

    fn item(
        &self,
        id: ItemId,
        phase: Phase,
        b: &mut Builder,
        ids: &[Option<NodeId>],
        found: &Found,
    ) -> Result<Option<NodeId>, TypeError> {
        let item = &self.flat.items[id];
        let resolve = |b: &Builder, it: &Ref| match &it.target {
            Target::Item(id) => ids[*id],
            Target::Owned(id, name) => ids[*id].and_then(|_| b.graph().find(name)),
            Target::Member(_) => None,
        };
        let all = |b: &Builder, refs: &[Ref]| refs.iter().map(|it| resolve(b, it)).collect::<Option<Vec<_>>>();
        let node = match &item.kind {
            ItemKind::Bad => return Ok(None),
            ItemKind::Input(ty, _) => return b.input(&item.name, ty.clone()).map(Some),
            ItemKind::Param(param) => {
                let shape = param.shape.iter().map(|size| close(size, found)).collect();
                return b.parameter(&item.name, shape, param.init.clone(), param.trainable).map(Some);
            }
            ItemKind::Constant(value) => return b.constant(*value).map(Some),
            ItemKind::Alias(target) => resolve(b, target),
            ItemKind::Formula(formula, refs) => match all(b, refs) {
                Some(inputs) => {
                    let outer = b.set_scope(Some(item.name.clone()));
                    let node = formula.emit(b, self.registry, &inputs);
                    b.set_scope(outer);
                    Some(distinct(b, node?, &inputs))
                }
                None => None,
            },
            ItemKind::Op(call) => {
                let inputs: Option<Vec<Vec<NodeId>>> = call.ports.iter().map(|refs| all(b, refs)).collect();
                let shared: Option<BTreeMap<String, NodeId>> =
                    call.shared.iter().map(|(name, it)| Some((name.to_string(), resolve(b, it)?))).collect();
                let (Some(inputs), Some(shared)) = (inputs, shared) else { return Ok(None) };
                let read: Vec<NodeId> = inputs.iter().flatten().chain(shared.values()).copied().collect();
                let outer = b.set_scope(Some(item.name.clone()));
                let mut made = Call::new(b, self.registry, &item.name, &[]).in_phase(phase);
                (made.inputs, made.shared) = (inputs, shared);
                made.inits = call.inits.iter().map(|(name, (init, _))| (name.clone(), init.clone())).collect();
                let node = call.def.build(&mut made, &call.options);
                b.set_scope(outer);
                Some(distinct(b, node?, &read))
            }
        };
        if let Some(node) = node {
            if let Some(title) = self.titles.get(&id) {
                b.name(title.clone(), node)?;
            }
            b.name(item.name.clone(), node)?;
        }
        Ok(node)
    }

    /// Sizes that stay open, that nobody declared, or that no array can have.
    fn check(&self, built: &Built, found: &Found, diagnostics: &mut Diagnostics) {
        for (item, node) in self.flat.items.iter().zip(&built.ids) {
            let Some(ty) = node.map(|node| built.graph.ty(node)) else { continue };
            if let ItemKind::Param(param) = &item.kind {
                for (size, place) in param.shape.iter().zip(&param.places) {
                    if is_open(&close(size, found)) {
                        let message = format!("a size of `{}` cannot be worked out from its use", item.name);
                        let open = Diagnostic::new(Code::OpenSize, *place, message, "left open");
                        diagnostics.push(in_frames(open, item.frame.as_ref()));
                    }
                }
                continue;
            }
            let symbolic = ty.shape.iter().filter(|size| size.known().is_none()).count();
            if symbolic > 0 && (ty.shape.iter().any(Size::is_too_long) || symbolic > 1 && ty.len().is_too_long()) {
                let message = format!("a size of `{}` has more than {} terms", item.name, Size::MAX_TERMS);
                let long = Diagnostic::new(Code::TooBig, item.head, message, "too long");
                let long = long.help("give some of the symbols a number, or one symbol to a sum of them");
                diagnostics.push(in_frames(long, item.frame.as_ref()));
                continue;
            }
            let mut elements: Option<usize> = Some(1);
            for size in &ty.shape {
                match size.known() {
                    Some(size) => elements = elements.and_then(|n| n.checked_mul(size)),
                    None => size.symbols(&mut |name| {
                        if !name.starts_with('?') {
                            known_symbol(name, item.head, self.symbols, diagnostics);
                        }
                    }),
                }
            }
            if elements.is_none_or(|n| n > MAX_ELEMENTS) {
                let saturated = ty.shape.iter().any(|size| size.known().is_some_and(|n| n >= i64::MAX as usize));
                let shown = if saturated { "of a size beyond 64 bits".to_owned() } else { ty.to_string() };
                let message = format!("`{}` would be {shown}, more than {MAX_ELEMENTS} elements", item.name);
                let big = Diagnostic::new(Code::TooBig, item.head, message, "too large");
                diagnostics.push(in_frames(big, item.frame.as_ref()));
            }
        }
    }
}

/// The open symbol and its size, when one of two sizes that should be one is open.
fn solve(x: &Size, y: &Size) -> Option<(String, Size)> {
    let (open, size) = if is_open(x) { (x, y) } else { (y, x) };
    let symbol = open.as_symbol().filter(|_| is_open(open))?;
    let mut within = false;
    size.symbols(&mut |name| within |= name == symbol);
    (!within).then(|| (symbol.to_owned(), size.clone()))
}

/// A size with what was found put in.
fn close(size: &Size, found: &Found) -> Size {
    let mut size = size.clone();
    for _ in 0..found.len() {
        let mut open = None;
        size.symbols(&mut |name| {
            if name.starts_with('?') && found.contains_key(name) {
                open = Some(name.to_owned());
            }
        });
        let Some(name) = open else { break };
        size = size.substitute(&name, &found[&name]);
    }
    size
}

/// A node for a name of its own, unless it is what was read: a gradient by the name is not one by an equal node's name too.
fn distinct(b: &mut Builder, node: NodeId, read: &[NodeId]) -> NodeId {
    if read.contains(&node) { node } else { b.distinct(node) }
}
