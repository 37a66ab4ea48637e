//! Reading the fields of a group and the entries of a map, so that nothing is ignored.

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::syntax::{Kind, Span, Value, is_name};

/// A key with its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key<'t> {
    pub(crate) text: &'t str,
    pub(crate) span: Span,
}

/// The named fields of `Name(...)` or `(...)`.
pub(crate) struct Fields<'t> {
    pub(crate) span: Span,
    list: Vec<(Key<'t>, &'t Value)>,
}

impl<'t> Fields<'t> {
    /// Reads the fields of `value`, which `what` calls in messages; all must be among `known`.
    pub(crate) fn read(value: &'t Value, what: &str, known: &[&str], diagnostics: &mut Diagnostics) -> Option<Self> {
        let Kind::Call(_, args) = &value.kind else {
            let form = format!("`({}: ...)`; its fields are {}", known[0], known.join(", "));
            wrong_kind(value, &format!("{what} is a group `(field: value, ...)`"), &form, diagnostics);
            return None;
        };
        let mut list = Vec::new();
        for arg in args {
            let Some(name) = &arg.name else {
                if arg.value.kind != Kind::Bad {
                    let message = format!("every part of {what} is a field with a name");
                    let help = format!("write `name: value`; known here: {}", known.join(", "));
                    diagnostics.push(Diagnostic::new(Code::WrongKind, arg.value.span, message, "no name").help(help));
                }
                continue;
            };
            if !known.contains(&name.text.as_str()) {
                let message = format!("{what} has no field `{}`", name.text);
                diagnostics.push(
                    Diagnostic::new(Code::UnknownField, name.span, message, "unknown field")
                        .suggest(&name.text, known.iter().copied()),
                );
                continue;
            }
            list.push((Key { text: &name.text, span: name.span }, &arg.value));
        }
        refuse_doubles(&mut list, diagnostics);
        Some(Fields { span: value.span, list })
    }

    /// The value of a field.
    pub(crate) fn get(&self, name: &str) -> Option<&'t Value> {
        self.list.iter().find(|(key, _)| key.text == name).map(|(_, value)| *value)
    }
}

/// The entries of a map; `what` calls it in messages. Keys are names, or with `dotted` also dotted names in quotes.
pub(crate) fn entries<'t>(
    value: &'t Value,
    what: &str,
    dotted: bool,
    diagnostics: &mut Diagnostics,
) -> Vec<(Key<'t>, &'t Value)> {
    let Kind::Map(map) = &value.kind else {
        wrong_kind(value, &format!("{what} is a map"), "`{ name: value, ... }`", diagnostics);
        return Vec::new();
    };
    let mut list = Vec::new();
    for entry in map {
        let key = match &entry.key.kind {
            Kind::Word(word) if is_name(word) => word,
            Kind::Str(text) if dotted && is_address(text) => text,
            Kind::Bad => continue,
            _ => {
                let text = diagnostics.sources.slice(entry.key.span).to_owned();
                diagnostics.push(Diagnostic::new(
                    Code::BadName,
                    entry.key.span,
                    format!("`{text}` cannot be a name"),
                    "not a name",
                ));
                continue;
            }
        };
        list.push((Key { text: key, span: entry.key.span }, &entry.value));
    }
    refuse_doubles(&mut list, diagnostics);
    list
}

/// Whether a text in quotes can be a key: names and ordinals, joined by points.
fn is_address(text: &str) -> bool {
    let ordinal = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = text.split('.');
    parts.next().is_some_and(is_name) && parts.all(|part| is_name(part) || ordinal(part))
}

/// Keeps the first of every key and reports the others.
pub(crate) fn refuse_doubles<'t>(list: &mut Vec<(Key<'t>, &'t Value)>, diagnostics: &mut Diagnostics) {
    let mut first = std::collections::HashMap::new();
    list.retain(|(key, _)| match first.get(key.text) {
        None => {
            first.insert(key.text, key.span);
            true
        }
        Some(span) => {
            let message = format!("`{}` is written twice", key.text);
            diagnostics
                .push(Diagnostic::new(Code::DuplicateKey, key.span, message, "again here").second(*span, "first here"));
            false
        }
    });
}

/// Reports that `value` is not what `expected` says, and what to write; text that could not be read is reported already.
pub(crate) fn wrong_kind(value: &Value, expected: &str, write: &str, diagnostics: &mut Diagnostics) {
    if value.kind != Kind::Bad {
        let message = format!("{expected}, and this is {}", value.describe());
        let found = Diagnostic::new(Code::WrongKind, value.span, message, format!("{} here", value.describe()));
        diagnostics.push(found.help(format!("write {write}")));
    }
}
