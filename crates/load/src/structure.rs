//! The structural words `Apply`, `Chain` and `Repeat`.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use graphrun_graph::snake;

use crate::diagnostics::{Code, Diagnostic};
use crate::document::{ArgKind, STRUCTURAL, USAGE};
use crate::expand::{Expander, Written, written};
use crate::flat::{ItemId, ItemKind, Ref, Target};
use crate::scope::{Binding, Scope};
use crate::syntax::{Arg, Kind, Span, Value};

/// A chain while it is unfolded.
struct Links<'s, 't> {
    /// The name of the chain's node.
    chain: ItemId,
    scope: &'s Rc<Scope<'t>>,
}

impl<'t, 'r> Expander<'t, 'r> {
    /// Makes item `id` what a structural word says.
    pub(crate) fn structure(&mut self, id: ItemId, call: Written<'t>, scope: &Rc<Scope<'t>>, fed: Option<Ref>) {
        match call.head.text {
            "Formula" => self.formula(id, call, scope, fed),
            "Apply" if fed.is_none() => self.apply(id, call, scope),
            "Chain" if fed.is_none() => self.chain(id, call, scope),
            "Index" => {
                let help = "declare it under `inputs`, as in `inputs: { digit: Index([N], 10) }`";
                self.misused(call.head.span, "`Index(shape, below)` declares an input", help, scope);
            }
            "Repeat" => {
                let help = "write `Chain(x, [Repeat(n, [Op, ...])])`";
                self.misused(call.head.span, "`Repeat(n, [...])` stands inside the list of a chain", help, scope);
            }
            word => {
                let help = format!("give it a node of its own: {}", usage(word));
                self.misused(call.head.span, &format!("`{word}` is no op that can be fed here"), &help, scope);
            }
        }
    }

    fn misused(&mut self, span: Span, message: &str, help: &str, scope: &Rc<Scope<'t>>) {
        self.report(scope, Diagnostic::new(Code::BadStructure, span, message, "misplaced").help(help));
    }

    /// The two positional arguments of a structural word.
    fn pair(&mut self, call: Written<'t>, scope: &Rc<Scope<'t>>) -> Option<(&'t Value, &'t Value)> {
        if let [Arg { name: None, value: a }, Arg { name: None, value: b }] = call.args {
            if !matches!(a.kind, Kind::List(_)) || matches!(b.kind, Kind::List(_)) {
                return Some((a, b));
            }
            let message = format!("the arguments of `{}` are in the wrong order", call.head.text);
            let found = Diagnostic::new(Code::BadStructure, a.span, message, "the list stands last");
            self.report(scope, found.help(usage(call.head.text)));
            return None;
        }
        let message = format!("`{}` takes two arguments, not {}", call.head.text, call.args.len());
        let message =
            if call.args.len() == 2 { format!("the arguments of `{}` have no names", call.head.text) } else { message };
        let found = Diagnostic::new(Code::BadStructure, call.head.span, message, "misused");
        self.report(scope, found.help(usage(call.head.text)));
        None
    }

    /// `Apply(op, node)`.
    fn apply(&mut self, id: ItemId, call: Written<'t>, scope: &Rc<Scope<'t>>) {
        let Some((op, node)) = self.pair(call, scope) else { return };
        let fed = self.reference(node, scope);
        if matches!(scope.lookup(op), Some(Binding::Missing)) || op.kind == Kind::Bad {
            return;
        }
        match (written(op), fed) {
            (Some(inner), Some(fed)) => self.call(id, inner, scope, Some(fed)),
            (None, _) => self.op_expected(op, scope),
            _ => {}
        }
    }

    fn op_expected(&mut self, value: &Value, scope: &Rc<Scope<'t>>) {
        let message = format!("an op is needed here, and this is {}", value.describe());
        let found = Diagnostic::new(Code::OpExpected, value.span, message, "not an op");
        self.report(scope, found);
    }

    /// `Chain(node, [op, ...])`.
    fn chain(&mut self, id: ItemId, call: Written<'t>, scope: &Rc<Scope<'t>>) {
        let Some((node, list)) = self.pair(call, scope) else { return };
        let start = self.reference(node, scope);
        let links = Links { chain: id, scope };
        let start = start.or_else(|| Some(self.lost(node.span)));
        let prefix = self.flat.items[id].name.to_string();
        let head = self.flat.items[id].head;
        if let Some(last) = self.links(&links, &prefix, list, start) {
            self.flat.items[id].kind = ItemKind::Alias(last);
        }
        self.flat.items[id].head = head;
    }

    /// The ops of a list, each fed with the one before; answers the last.
    fn links(&mut self, links: &Links<'_, 't>, prefix: &str, list: &'t Value, start: Option<Ref>) -> Option<Ref> {
        let scope = links.scope;
        let Kind::List(ops) = &list.kind else {
            if list.kind != Kind::Bad {
                let message = format!("the ops of a chain are a list `[Op, ...]`, and this is {}", list.describe());
                let found = Diagnostic::new(Code::BadStructure, list.span, message, "not a list");
                self.report(
                    scope,
                    found.help(match list.head() {
                        Some((name, _)) => format!("write `[{name}]`"),
                        None => usage("Chain"),
                    }),
                );
            }
            return None;
        };
        if ops.is_empty() {
            let message = "a chain needs at least one op";
            let found = Diagnostic::new(Code::BadStructure, list.span, message, "empty");
            self.report(scope, found.help("write an op into it; `Identity` changes nothing"));
            return None;
        }
        let mut current = start;
        let mut ordinals: HashMap<String, usize> = HashMap::new();
        for op in ops {
            if !self.has_room(op.span, scope) {
                return None;
            }
            let Some(mut call) = written(op) else {
                if op.kind != Kind::Bad {
                    self.op_expected(op, scope);
                }
                current = Some(self.lost(op.span));
                continue;
            };
            let meant = match scope.lookup(op) {
                Some(Binding::Value(ArgKind::Op, value, _)) => value.head().map_or("", |(name, _)| name),
                Some(Binding::Missing) => {
                    current = Some(self.lost(op.span));
                    continue;
                }
                _ => call.head.text,
            };
            let ordinal = ordinals.entry(snake(meant)).or_insert(0);
            *ordinal += 1;
            let name = format!("{prefix}.{}_{ordinal}", snake(meant));
            if call.head.text == "Repeat" {
                current = self.repeat(links, &name, call, current).or_else(|| Some(self.lost(op.span)));
                continue;
            }
            let chain = &self.flat.items[links.chain];
            let (frame, fed) = (chain.frame.clone(), current.take());
            if let [Arg { name: None, value }] = call.args
                && call.head.text == "Apply"
            {
                let Some(inner) = written(value) else { continue };
                call = inner;
            }
            let id = self.add(name.into(), call.head.span, frame);
            let Some(fed) = fed else { continue };
            self.call(id, call, scope, Some(fed));
            current = Some(Ref { target: Target::Item(id), span: call.head.span });
        }
        current
    }

    /// What is fed in the place of something that is wrong, and reported: an item that is never built.
    fn lost(&mut self, span: Span) -> Ref {
        Ref { target: Target::Item(self.add(Arc::from(""), span, None)), span }
    }

    /// `Repeat(n, [op, ...])` within a chain.
    fn repeat(&mut self, links: &Links<'_, 't>, prefix: &str, call: Written<'t>, start: Option<Ref>) -> Option<Ref> {
        let scope = links.scope;
        let (count, list) = self.pair(call, scope)?;
        let (meant, _) = scope.follow(count)?;
        let rounds = match meant.as_int() {
            Some(rounds @ 1..) => rounds,
            _ => {
                let message = "a repeat count is a positive whole number";
                let found = Diagnostic::new(Code::BadRepeat, count.span, message, "not a count");
                self.report(scope, found.help(usage("Repeat")));
                return None;
            }
        };
        let weight = (rounds as usize).saturating_mul(self.weights.list(list, Some(scope)));
        if self.flat.items.len().saturating_add(weight) > self.max_nodes {
            let message = format!("{rounds} rounds unfold to more than {} nodes", self.max_nodes);
            let found = Diagnostic::new(Code::TooManyNodes, count.span, message, "too many");
            self.report(scope, found);
            return None;
        }
        let mut current = start;
        for round in 1..=rounds {
            self.rounds += 1;
            if !self.has_room(count.span, scope) {
                return None;
            }
            let before = self.diagnostics.list.len();
            current = self.links(links, &format!("{prefix}.{round}"), list, current);
            if self.diagnostics.list.len() > before || self.diagnostics.is_full() || self.full {
                return None;
            }
        }
        current
    }
}

/// How a structural word is written.
pub(crate) fn usage(word: &str) -> String {
    let form = STRUCTURAL.iter().zip(USAGE).find(|(name, _)| **name == word).map_or(word, |(_, (form, _))| form);
    format!("write `{form}`")
}
