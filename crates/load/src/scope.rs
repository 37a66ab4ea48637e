//! What names mean where they are written.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic};
use crate::document::ArgKind;
use crate::expand::Expander;
use crate::flat::{Frame, Item, ItemId, ItemKind, Ref, Target, in_frames};
use crate::syntax::{Kind, Span, Value};

/// The most bytes of options that all nodes together may write out.
const MAX_TEXT: usize = 1 << 26;

/// The names of a model, or of one use of a block.
pub(crate) struct Scope<'t> {
    /// What stands before the names declared here: `""`, `"h."`.
    pub(crate) prefix: String,
    pub(crate) vars: HashMap<&'t str, Binding<'t>>,
    pub(crate) frame: Option<Rc<Frame>>,
}

/// What a name is bound to.
#[derive(Clone)]
pub(crate) enum Binding<'t> {
    /// A node, an input, a parameter, or an argument that was given one.
    Node(Ref),
    /// An argument of another kind, with the scope in which its value was written.
    Value(ArgKind, &'t Value, Rc<Scope<'t>>),
    /// An argument that has no value because a call got it wrong, which is reported.
    Missing,
}

impl<'t> Scope<'t> {
    /// The binding of a value that is a bare name.
    pub(crate) fn lookup(&self, value: &Value) -> Option<&Binding<'t>> {
        self.vars.get(value.as_word()?)
    }

    /// The value that stands behind a name bound to an argument, and the scope it was written in.
    pub(crate) fn follow<'s>(self: &'s Rc<Self>, value: &'t Value) -> Option<(&'t Value, &'s Rc<Self>)> {
        match self.lookup(value) {
            Some(Binding::Value(_, value, scope)) => Some((value, scope)),
            Some(Binding::Missing) => None,
            _ => Some((value, self)),
        }
    }

    fn nodes(&self) -> impl Iterator<Item = &'t str> + '_ {
        self.vars.iter().filter(|(_, binding)| matches!(binding, Binding::Node(_))).map(|(name, _)| *name)
    }
}

impl<'t, 'r> Expander<'t, 'r> {
    /// The node that stands in an input's place; nothing when it is wrong, which is reported.
    pub(crate) fn reference(&mut self, value: &'t Value, scope: &Rc<Scope<'t>>) -> Option<Ref> {
        match &value.kind {
            Kind::Word(word) => match scope.vars.get(word.as_str()) {
                Some(Binding::Node(target)) => Some(Ref { target: target.target.clone(), span: value.span }),
                Some(Binding::Missing) => None,
                Some(Binding::Value(ArgKind::Int | ArgKind::Real, number, _)) => {
                    number.as_real().map(|number| self.constant(number, value.span))
                }
                Some(Binding::Value(kind, ..)) => {
                    let message = format!("`{word}` is {}, and a node is needed here", kind.describe());
                    let found = Diagnostic::new(Code::ArgumentKind, value.span, message, "not a node");
                    self.report(scope, found.help("write the name of a node, or declare the argument as `Node`"));
                    None
                }
                None if value.as_real().is_some() => value.as_real().map(|number| self.constant(number, value.span)),
                None => {
                    self.unknown_node(word, value.span, scope);
                    None
                }
            },
            Kind::Number(_) => value.as_real().map(|number| self.constant(number, value.span)),
            Kind::Str(text) => self.named(text, value.span, scope),
            Kind::Bad => None,
            _ => {
                let message = format!("an input is the name of a node or a number, and this is {}", value.describe());
                let help = match &value.kind {
                    Kind::Call(Some(_), _) => {
                        "give the inner op a name of its own among the nodes, and write that name here"
                    }
                    Kind::List(_) => {
                        "a constant array is a parameter that nobody trains: `(shape: [2], init: Values([1, 2]), trainable: false)`"
                    }
                    _ => "write the name of a node, or a number",
                };
                self.report(scope, Diagnostic::new(Code::WrongKind, value.span, message, "not a name").help(help));
                None
            }
        }
    }

    /// The node of this name: bare within the scope, or the dotted address of a member.
    pub(crate) fn named(&mut self, text: &str, span: Span, scope: &Rc<Scope<'t>>) -> Option<Ref> {
        if let Some(Binding::Node(target)) = scope.vars.get(text) {
            return Some(Ref { target: target.target.clone(), span });
        }
        if !text.contains('.') {
            self.unknown_node(text, span, scope);
            return None;
        }
        let full: Arc<str> = format!("{}{text}", scope.prefix).into();
        Some(Ref { target: Target::Member(full), span })
    }

    fn unknown_node(&mut self, name: &str, span: Span, scope: &Rc<Scope<'t>>) {
        if self.diagnostics.is_full() || self.full || self.document.broken && scope.frame.is_none() {
            return;
        }
        let message = format!("there is no node `{name}`");
        let found = Diagnostic::new(Code::UnknownNode, span, message, "not a node, input or parameter");
        self.report(scope, found.suggest(name, scope.nodes()));
    }

    /// A number in an input's place; equal numbers are one item.
    pub(crate) fn constant(&mut self, value: f64, span: Span) -> Ref {
        let id = match self.constants.get(&value.to_bits()) {
            Some(id) => *id,
            None => {
                let id = self.add(Arc::from(""), span, None);
                self.flat.items[id].kind = ItemKind::Constant(value);
                self.constants.insert(value.to_bits(), id);
                id
            }
        };
        Ref { target: Target::Item(id), span }
    }

    /// Whether the model may unfold further; reports it once when it may not.
    pub(crate) fn has_room(&mut self, at: Span, scope: &Rc<Scope<'t>>) -> bool {
        let max = self.max_nodes;
        let room = self.flat.items.len() <= max && self.rounds <= max && self.written <= MAX_TEXT;
        if !room {
            self.too_many(at, scope);
        }
        room
    }

    /// Reports once that the model unfolds to more nodes than it may.
    pub(crate) fn too_many(&mut self, at: Span, scope: &Rc<Scope<'t>>) {
        if !self.full {
            let message = format!("the model unfolds to more than {} nodes", self.max_nodes);
            let found = Diagnostic::new(Code::TooManyNodes, at, message, "reached here");
            self.report(scope, found);
            self.full = true;
        }
    }

    /// A new item, wrong until it is given a kind.
    pub(crate) fn add(&mut self, name: Arc<str>, key: Span, frame: Option<Rc<Frame>>) -> ItemId {
        let id = self.flat.items.len();
        if !name.is_empty() {
            self.flat.names.insert(name.clone(), id);
        }
        self.flat.items.push(Item { name, key, head: key, frame, kind: ItemKind::Bad });
        id
    }

    /// Reports a finding within a scope, with the calls that lead there.
    pub(crate) fn report(&mut self, scope: &Rc<Scope<'t>>, diagnostic: Diagnostic) {
        let diagnostic = in_frames(diagnostic, scope.frame.as_ref());
        self.diagnostics.push(diagnostic);
    }
}
