//! The structural words: `Apply`, `Chain`, `Repeat` and `Formula`.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use graphrun_graph::{Formula, snake};

use crate::diagnostics::{Code, Diagnostic};
use crate::document::{ArgKind, STRUCTURAL, USAGE};
use crate::expand::{Expander, Written, written};
use crate::fields::entries;
use crate::flat::{ItemId, ItemKind, Ref, Target};
use crate::scope::{Binding, Scope};
use crate::syntax::{Arg, Kind, Span, Value, offset_in_string};

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
            "Index" => self.misused(call.head.span, "`Index(shape, below)` declares an input", scope),
            "Repeat" => self.misused(call.head.span, "`Repeat(n, [...])` stands inside the list of a chain", scope),
            word => self.misused(call.head.span, &format!("`{word}` is no op that can be fed here"), scope),
        }
    }

    fn misused(&mut self, span: Span, message: &str, scope: &Rc<Scope<'t>>) {
        self.report(scope, Diagnostic::new(Code::BadStructure, span, message, "misplaced"));
    }

    /// The two positional arguments of a structural word.
    fn pair(&mut self, call: Written<'t>, scope: &Rc<Scope<'t>>) -> Option<(&'t Value, &'t Value)> {
        if let [Arg { name: None, value: a }, Arg { name: None, value: b }] = call.args {
            return Some((a, b));
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
        self.report(scope, found.help("write a bare op such as `Relu` or `Linear(units: 10)`"));
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
                self.report(scope, Diagnostic::new(Code::BadStructure, list.span, message, "not a list"));
            }
            return None;
        };
        if ops.is_empty() {
            let message = "a chain needs at least one op";
            self.report(scope, Diagnostic::new(Code::BadStructure, list.span, message, "empty"));
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
                self.report(scope, found);
                return None;
            }
        };
        let weight = (rounds as usize).saturating_mul(self.weights.list(list, Some(scope)));
        if self.flat.items.len().saturating_add(weight) > self.max_nodes {
            let message = format!("{rounds} rounds unfold to more than {} nodes", self.max_nodes);
            let found = Diagnostic::new(Code::TooManyNodes, count.span, message, "too many");
            self.report(scope, found.help("nested repeats multiply"));
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

    /// `Formula("...", { name: node, ... })`; in a chain or an argument the fed node is the variable `x`.
    fn formula(&mut self, id: ItemId, call: Written<'t>, scope: &Rc<Scope<'t>>, fed: Option<Ref>) {
        let (text, map) = match call.args {
            [Arg { name: None, value: text }] => (text, None),
            [Arg { name: None, value: text }, Arg { name: None, value: map }] => (text, Some(map)),
            _ => {
                let message = "`Formula` takes a text and the nodes that its names stand for";
                let found = Diagnostic::new(Code::BadStructure, call.head.span, message, "misused");
                self.report(scope, found.help(usage("Formula")));
                return;
            }
        };
        let Some(source) = scope.follow(text).and_then(|(text, _)| text.as_str().map(|source| (text, source))) else {
            if text.kind != Kind::Bad && !matches!(scope.lookup(text), Some(Binding::Missing)) {
                let message = format!("a formula is a text in quotes, and this is {}", text.describe());
                self.report(scope, Diagnostic::new(Code::BadStructure, text.span, message, "not a formula"));
            }
            return;
        };
        let given =
            map.map_or_else(Vec::new, |map| entries(map, "what a formula's names stand for", false, self.diagnostics));
        let mut names: Vec<(&'t str, Span)> = Vec::new();
        let mut refs: Vec<Option<Ref>> = Vec::new();
        if let Some(fed) = fed {
            let free = variables(source.1).into_iter().find(|name| !given.iter().any(|(key, _)| key.text == *name));
            let Some(free) = free else {
                let message = "every name of the formula is given, and nothing is left for what is fed to it";
                let found = Diagnostic::new(Code::Inputs, call.head.span, message, "fed already");
                self.report(scope, found.help("leave one name out of the map: it stands for what comes before"));
                return;
            };
            names.push((free, fed.span));
            refs.push(Some(fed));
        }
        for (key, value) in given {
            names.push((key.text, key.span));
            let target = self.reference(value, scope);
            refs.push(target);
        }
        let expr = self.read_formula(source.0, source.1, &names, scope);
        if let (Some(expr), Some(refs)) = (expr, refs.into_iter().collect::<Option<Vec<Ref>>>()) {
            self.flat.items[id].kind = ItemKind::Formula(expr, refs);
        }
    }

    fn read_formula(
        &mut self,
        value: &Value,
        text: &str,
        names: &[(&str, Span)],
        scope: &Rc<Scope<'t>>,
    ) -> Option<Formula> {
        let variables: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        let key = (value.span, variables.join(" "));
        if let Some(expr) = self.formulas.get(&key) {
            return Some(expr.clone());
        }
        let mentioned: HashSet<&str> = self::variables(text).into_iter().collect();
        let expr = match Formula::read(text, &variables, self.registry) {
            Ok(expr) => expr,
            Err(errors) => {
                let literal = self.diagnostics.sources.slice(value.span).to_owned();
                let at = |offset: usize| value.span.start + offset_in_string(&literal, offset) as u32;
                for error in errors {
                    let span = Span { file: value.span.file, start: at(error.span.start), end: at(error.span.end) };
                    let mut found = Diagnostic::new(Code::FormulaSyntax, span, error.message, "in this formula");
                    found.help = error.help;
                    self.report(scope, found);
                }
                return None;
            }
        };
        let mut good = true;
        for (name, span) in names.iter().filter(|(name, _)| !mentioned.contains(name)) {
            let message = format!("the formula never uses `{name}`");
            let found = Diagnostic::new(Code::FormulaName, *span, message, "given for nothing");
            self.report(scope, found.second(value.span, "this formula").help("delete it, or use it"));
            good = false;
        }
        if good {
            self.formulas.insert(key, expr.clone());
        }
        good.then_some(expr)
    }
}

/// How a structural word is written.
fn usage(word: &str) -> String {
    let form = STRUCTURAL.iter().zip(USAGE).find(|(name, _)| **name == word).map_or(word, |(_, (form, _))| form);
    format!("write `{form}`")
}

/// The names in a formula that stand for values, each once, in order.
fn variables(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_alphanumeric() || c == '_' || c == '.') {
        rest = &rest[start..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        let number = word.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        if !number && !behind.trim_start().starts_with('(') && !found.contains(&word) {
            found.push(word);
        }
        rest = behind;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::variables;

    #[test]
    fn calls_and_numbers_are_no_variables() {
        assert_eq!(variables("x * exp (y) + 1e5*x - max(_a, .5)"), ["x", "y", "_a"]);
    }
}
