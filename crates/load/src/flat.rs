//! A model without blocks: every op with its full name, and what it refers to.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use graphrun_graph::{Formula, Initialiser, OpDef, Options, Size, Type};

use crate::diagnostics::Diagnostic;
use crate::syntax::Span;

/// An item by its number.
pub(crate) type ItemId = usize;

/// Every item of a model.
#[derive(Default)]
pub(crate) struct Flat<'r> {
    pub(crate) items: Vec<Item<'r>>,
    /// Every name: those of items, and the arguments of blocks as names for what they were given.
    pub(crate) names: HashMap<Arc<str>, ItemId>,
    /// What wrong items mention, to be looked up all the same, with the calls of blocks that lead there.
    pub(crate) loose: Vec<(Ref, Option<Rc<Frame>>)>,
}

/// An input, a parameter, an op, or another name for one.
pub(crate) struct Item<'r> {
    /// The full name; empty for a number in an input's place.
    pub(crate) name: Arc<str>,
    /// Where it is named.
    pub(crate) key: Span,
    /// Where its op is named.
    pub(crate) head: Span,
    /// The calls of blocks that it came from.
    pub(crate) frame: Option<Rc<Frame>>,
    pub(crate) kind: ItemKind<'r>,
}

pub(crate) enum ItemKind<'r> {
    /// A type, and where each of its sizes is written.
    Input(Type, Vec<Span>),
    Param(ParamDecl),
    Constant(f64),
    Op(OpCall<'r>),
    Formula(Formula, Vec<Ref>),
    /// Another name: a block's node is its first output, a chain's its last op.
    Alias(Ref),
    /// Wrong, and reported.
    Bad,
}

pub(crate) struct ParamDecl {
    /// The shape, open sizes being symbols that [`is_open`] knows.
    pub(crate) shape: Vec<Size>,
    /// Where each size is written.
    pub(crate) places: Vec<Span>,
    pub(crate) init: Arc<dyn Initialiser>,
    pub(crate) init_place: Span,
    pub(crate) trainable: bool,
}

pub(crate) struct OpCall<'r> {
    pub(crate) def: &'r OpDef,
    /// The inputs by port.
    pub(crate) ports: Vec<Vec<Ref>>,
    /// Declared parameters in the place of owned ones, by their last name.
    pub(crate) shared: Vec<(&'r str, Ref)>,
    /// The initialisers given by option, each with its place.
    pub(crate) inits: BTreeMap<String, (Arc<dyn Initialiser>, Span)>,
    pub(crate) options: Options,
    /// Whole numbers among the options with their places: where sizes come from.
    pub(crate) numbers: Vec<(usize, Span)>,
}

/// A mention of a node.
#[derive(Clone)]
pub(crate) struct Ref {
    pub(crate) target: Target,
    pub(crate) span: Span,
}

#[derive(Clone)]
pub(crate) enum Target {
    Item(ItemId),
    /// A dotted address, looked up when everything has its name.
    Member(Arc<str>),
    /// A parameter that an op owns, by its full name.
    Owned(ItemId, Arc<str>),
}

impl Target {
    /// The item that must be built first.
    pub(crate) fn item(&self) -> Option<ItemId> {
        match self {
            Target::Item(id) | Target::Owned(id, _) => Some(*id),
            Target::Member(_) => None,
        }
    }
}

/// A call of a block.
pub(crate) struct Frame {
    pub(crate) block: String,
    pub(crate) call: Span,
    pub(crate) parent: Option<Rc<Frame>>,
    pub(crate) depth: usize,
}

/// Adds to a finding the calls of blocks that lead to it, innermost first.
pub(crate) fn in_frames(mut diagnostic: Diagnostic, frame: Option<&Rc<Frame>>) -> Diagnostic {
    let mut next = frame;
    while let Some(frame) = next.filter(|_| diagnostic.secondary.len() < 8) {
        diagnostic = diagnostic.second(frame.call, format!("in this use of `{}`", frame.block));
        next = frame.parent.as_ref();
    }
    diagnostic
}

/// The symbol of a size that is left open with `_`.
pub(crate) fn open_size(param: &str, axis: usize) -> Size {
    Size::symbol(&format!("?{param}.{axis}"))
}

/// Whether a size is one that [`open_size`] made.
pub(crate) fn is_open(size: &Size) -> bool {
    size.as_symbol().is_some_and(|name| name.starts_with('?'))
}

impl<'r> Item<'r> {
    /// Everything that this item mentions, in the order in which an op takes it.
    pub(crate) fn refs(&self) -> Vec<&Ref> {
        match &self.kind {
            ItemKind::Op(call) => call.ports.iter().flatten().chain(call.shared.iter().map(|(_, it)| it)).collect(),
            ItemKind::Formula(_, refs) => refs.iter().collect(),
            ItemKind::Alias(it) => vec![it],
            _ => Vec::new(),
        }
    }

    pub(crate) fn refs_mut(&mut self) -> Vec<&mut Ref> {
        match &mut self.kind {
            ItemKind::Op(call) => {
                call.ports.iter_mut().flatten().chain(call.shared.iter_mut().map(|(_, it)| it)).collect()
            }
            ItemKind::Formula(_, refs) => refs.iter_mut().collect(),
            ItemKind::Alias(it) => vec![it],
            _ => Vec::new(),
        }
    }

    /// The op's name, for messages.
    pub(crate) fn op_name(&self) -> &str {
        match &self.kind {
            ItemKind::Op(call) => call.def.name,
            ItemKind::Formula(..) => "Formula",
            ItemKind::Input(..) => "Input",
            ItemKind::Param(_) => "Param",
            _ => "",
        }
    }
}
