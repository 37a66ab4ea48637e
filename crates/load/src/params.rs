//! Parameters: their shapes and how they begin.

use std::rc::Rc;
use std::sync::Arc;

use graphrun_graph::{Initialiser, Size};

use crate::diagnostics::{Code, Diagnostic};
use crate::expand::Expander;
use crate::fields::{Fields, wrong_kind};
use crate::flat::{ParamDecl, open_size};
use crate::option_words::{own_words, unknown_field};
use crate::options::{Rewritten, read_ron};
use crate::scope::Scope;
use crate::sizes::size;
use crate::syntax::{Kind, Span, Value};

impl<'t, 'r> Expander<'t, 'r> {
    /// Reads an initialiser.
    pub(crate) fn init(&mut self, value: &'t Value, scope: &Rc<Scope<'t>>) -> Option<Arc<dyn Initialiser>> {
        let (value, scope) = scope.follow(value)?;
        let scope = scope.clone();
        let Some((name, head)) = value.head() else {
            if value.kind != Kind::Bad {
                let message =
                    format!("an initialiser such as `Xavier` is needed here, and this is {}", value.describe());
                let help = match &value.kind {
                    Kind::Str(text) if self.registry.init(text).is_some() => format!("write `{text}` without quotes"),
                    _ => "a fixed start is `Const(0.1)` or `Values([...])`".to_owned(),
                };
                self.report(
                    &scope,
                    Diagnostic::new(Code::WrongKind, value.span, message, "not an initialiser").help(help),
                );
            }
            return None;
        };
        let Some(def) = self.registry.init(name) else {
            let known: Vec<&str> = self.registry.inits().map(|init| init.name).collect();
            let message = format!("there is no initialiser `{name}`");
            let found = Diagnostic::new(Code::UnknownInit, head, message, "unknown");
            let found = found.help(format!("write one of {}", known.join(", "))).suggest(name, known);
            self.report(&scope, found);
            return None;
        };
        let mut out = Rewritten::default();
        match value.args() {
            [only] if def.bare && only.name.is_none() => self.rewrite(&only.value, &scope, &mut out)?,
            args => {
                out.text.push('(');
                for arg in args {
                    arg.name.iter().for_each(|name| out.name(name));
                    self.rewrite(&arg.value, &scope, &mut out)?;
                    out.text.push_str(", ");
                }
                out.text.push(')');
            }
        }
        if def.bare && value.args().is_empty() {
            let message = format!("the initialiser {name} lacks its value");
            let found = Diagnostic::new(Code::BadOption, head, message, "not given here");
            self.report(&scope, found.help(format!("write `{name}(...)`: {}", def.summary)));
            return None;
        }
        match read_ron(&out.text, |from| def.parse(from)) {
            Ok(init) => {
                let file = std::path::Path::new(self.diagnostics.sources.name(value.span.file));
                Some(init.within(file.parent().unwrap_or(file)).unwrap_or(init))
            }
            Err(error) => {
                let span = out.at(error.offset).map_or(head, |(_, span, _)| *span);
                let summary = format!("{name}: {}", def.summary);
                let options = def.options.iter().map(|option| option.name);
                let found = match unknown_field(&error.message) {
                    Some(field) => {
                        let message = format!("the initialiser {name} has no option `{field}`");
                        let found = Diagnostic::new(Code::UnknownOption, span, message, "unknown here").help(summary);
                        found.suggest(field, options)
                    }
                    None => {
                        let detail = own_words(&error.message).map_or_else(String::new, |words| format!(": {words}"));
                        let message = format!("the initialiser {name} cannot be read{detail}");
                        Diagnostic::new(Code::BadOption, span, message, "this value").help(summary)
                    }
                };
                self.report(&scope, found);
                None
            }
        }
    }

    /// `(shape: [10, 64], init: Xavier, trainable: true)`.
    pub(crate) fn param(&mut self, id: usize, value: &'t Value, scope: &Rc<Scope<'t>>) -> Option<ParamDecl> {
        let name = self.flat.items[id].name.clone();
        let what = format!("the parameter `{name}`");
        if matches!(value.kind, Kind::List(_)) {
            let message = format!("{what} is a group `(shape: ..., init: ...)`, and this is a list");
            let found = Diagnostic::new(Code::WrongKind, value.span, message, "a shape alone");
            let shape = self.diagnostics.sources.slice(value.span);
            let help = format!("write `(shape: {shape}, init: Xavier)`");
            self.report(scope, found.help(help));
            return None;
        }
        let fields = Fields::read(value, &what, &["shape", "init", "trainable"], self.diagnostics)?;
        let shape = match fields.get("shape") {
            Some(shape) => self.param_shape(&name, shape, scope),
            None => {
                let found =
                    Diagnostic::new(Code::MissingField, fields.span, format!("{what} has no shape"), "this parameter");
                self.report(scope, found.help("write `(shape: [10, 64], init: Xavier)`"));
                None
            }
        };
        let trainable = match fields.get("trainable").map(|value| (value, &value.kind)) {
            None => Some(true),
            Some((_, Kind::Bool(flag))) => Some(*flag),
            Some((value, _)) => {
                wrong_kind(value, "`trainable` is true or false", "`trainable: false`", self.diagnostics);
                None
            }
        };
        let Some(init) = fields.get("init") else {
            let found = Diagnostic::new(
                Code::MissingField,
                fields.span,
                format!("{what} has no initialiser"),
                "this parameter",
            );
            self.report(scope, found.help("write `init: Xavier`, or `init: Zeros`"));
            return None;
        };
        let init_place = init.span;
        let init = self.init(init, scope);
        let (shape, places) = shape?;
        Some(ParamDecl { shape, places, init: init?, init_place, trainable: trainable? })
    }

    fn param_shape(&mut self, name: &str, shape: &'t Value, scope: &Rc<Scope<'t>>) -> Option<(Vec<Size>, Vec<Span>)> {
        let Kind::List(items) = &shape.kind else {
            let form = "it as in `[10, 64]`, with `_` for a size that follows from its use";
            wrong_kind(shape, "a shape is a list of sizes", form, self.diagnostics);
            return None;
        };
        let places = items.iter().map(|item| item.span).collect();
        let sizes: Vec<Option<Size>> = items
            .iter()
            .enumerate()
            .map(|(axis, item)| match item.as_word() {
                Some("_") => Some(open_size(name, axis)),
                _ => match scope.follow(item) {
                    Some((item, _)) => size(item, &self.symbols, self.diagnostics),
                    None => None,
                },
            })
            .collect();
        Some((sizes.into_iter().collect::<Option<_>>()?, places))
    }
}
