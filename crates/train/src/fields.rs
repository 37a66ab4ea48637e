//! The fields of a group, read one by one; whatever is left at the end is an error.

use graphrun_load::diagnostics::{Code, Diagnostic, Diagnostics};
use graphrun_load::syntax::{Kind, Name, Span, Value};
use serde::de::DeserializeOwned;

use crate::de::from_value;

/// A group `(name: value, ...)` being read.
pub(crate) struct Fields<'t, 'd> {
    what: &'static str,
    span: Span,
    list: Vec<(&'t Name, &'t Value)>,
    asked: Vec<&'static str>,
    pub(crate) diagnostics: &'d mut Diagnostics,
}

impl<'t, 'd> Fields<'t, 'd> {
    /// Opens `value`, which messages call `what`.
    pub(crate) fn open(value: &'t Value, what: &'static str, diagnostics: &'d mut Diagnostics) -> Self {
        let mut fields = Fields { what, span: value.span, list: Vec::new(), asked: Vec::new(), diagnostics };
        let Kind::Call(None, args) = &value.kind else {
            fields.wrong(Code::WrongKind, value, format!("{what} is a group `(name: value, ...)`"));
            return fields;
        };
        for arg in args {
            let Some(name) = &arg.name else {
                fields.wrong(Code::WrongKind, &arg.value, format!("every part of {what} has a name"));
                continue;
            };
            match fields.list.iter().find(|(n, _)| n.text == name.text) {
                Some((first, _)) => {
                    let found = Diagnostic::new(
                        Code::DuplicateKey,
                        name.span,
                        format!("`{}` is written twice", name.text),
                        "again here",
                    );
                    fields.diagnostics.push(found.second(first.span, "first here").help("keep one of the two"));
                }
                None => fields.list.push((name, &arg.value)),
            }
        }
        fields
    }

    /// The field called `name`, if it is written.
    pub(crate) fn get(&mut self, name: &'static str) -> Option<&'t Value> {
        self.asked.push(name);
        self.list.iter().find(|(n, _)| n.text == name).map(|(_, value)| *value)
    }

    /// The field called `name`, which must be written.
    pub(crate) fn need(&mut self, name: &'static str, help: &str) -> Option<&'t Value> {
        let value = self.get(name);
        if value.is_none() {
            let message = format!("{} has no `{name}`", self.what);
            self.diagnostics.push(Diagnostic::new(Code::MissingField, self.span, message, "here").help(help));
        }
        value
    }

    /// The field as `true` or `false`.
    pub(crate) fn flag(&mut self, name: &'static str) -> Option<bool> {
        let value = self.get(name)?;
        let Kind::Bool(flag) = value.kind else {
            self.wrong(Code::WrongKind, value, format!("`{name}` is true or false"));
            return None;
        };
        Some(flag)
    }

    /// A value as a type that serde reads.
    pub(crate) fn typed<T: DeserializeOwned>(&mut self, value: &Value) -> Option<T> {
        match from_value(value) {
            Ok(read) => Some(read),
            Err(error) => {
                let at = error.span.unwrap_or(value.span);
                self.diagnostics.push(Diagnostic::new(Code::Setting, at, error.message, "here"));
                None
            }
        }
    }

    /// The field as a finite number of at least `least`.
    pub(crate) fn real(&mut self, name: &'static str, least: f64) -> Option<f64> {
        let value = self.get(name)?;
        let number = value.as_real().filter(|x| x.is_finite() && *x >= least);
        if number.is_none() {
            self.wrong(Code::Setting, value, format!("`{name}` is a finite number of at least {least}"));
        }
        number
    }

    /// The field as a whole number of at least `least`.
    pub(crate) fn whole(&mut self, name: &'static str, least: u64) -> Option<u64> {
        let value = self.get(name)?;
        let number = value.as_int().and_then(|x| u64::try_from(x).ok()).filter(|x| *x >= least);
        if number.is_none() {
            self.wrong(Code::Setting, value, format!("`{name}` is a whole number of at least {least}"));
        }
        number
    }

    /// Reports that `value` is not what `expected` says.
    pub(crate) fn wrong(&mut self, code: Code, value: &Value, expected: String) {
        if value.kind != Kind::Bad {
            let message = format!("{expected}, and this is not");
            self.diagnostics.push(Diagnostic::new(code, value.span, message, format!("{} here", value.describe())));
        }
    }

    /// Reports every field that nobody asked for.
    pub(crate) fn close(self) {
        for (name, _) in self.list.iter().filter(|(n, _)| !self.asked.contains(&n.text.as_str())) {
            let found = Diagnostic::new(
                Code::UnknownField,
                name.span,
                format!("{} has no field `{}`", self.what, name.text),
                "unknown field",
            );
            self.diagnostics.push(found.suggest(&name.text, self.asked.iter().copied()));
        }
    }
}
