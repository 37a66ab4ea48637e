//! `Formula`: a pointwise op written in the file.

use std::collections::HashSet;
use std::rc::Rc;

use graphrun_graph::Formula;

use crate::diagnostics::{Code, Diagnostic};
use crate::expand::{Expander, Written};
use crate::fields::entries;
use crate::flat::{ItemId, ItemKind, Ref};
use crate::scope::{Binding, Scope};
use crate::structure::usage;
use crate::syntax::{Arg, Kind, Span, Value, offset_in_string};

impl<'t, 'r> Expander<'t, 'r> {
    /// `Formula("...", { name: node, ... })`; in a chain or an argument the fed node is the variable `x`.
    pub(crate) fn formula(&mut self, id: ItemId, call: Written<'t>, scope: &Rc<Scope<'t>>, fed: Option<Ref>) {
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
                let found = Diagnostic::new(Code::BadStructure, text.span, message, "not a formula");
                self.report(scope, found.help(usage("Formula")));
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
                    let found = Diagnostic::new(Code::FormulaSyntax, span, error.message, "in this formula");
                    self.report(scope, found.help(error.help));
                }
                return None;
            }
        };
        let mut good = true;
        for (name, span) in names.iter().filter(|(name, _)| !mentioned.contains(name)) {
            let message = format!("the formula never uses `{name}`");
            let found = Diagnostic::new(Code::FormulaName, *span, message, "given for nothing");
            self.report(scope, found.second(value.span, "this formula"));
            good = false;
        }
        if good {
            self.formulas.insert(key, expr.clone());
        }
        good.then_some(expr)
    }
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
