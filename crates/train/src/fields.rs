//! The fields of a group, read one by one as its table declares them; whatever else is written is an error.

use std::fmt::Display;

use graphrun_load::diagnostics::{Code, Diagnostic, Diagnostics};
use graphrun_load::syntax::{Kind, Name, Span, Value};
use serde::de::DeserializeOwned;

use crate::de::Error;
use crate::groups::{Field, Group, Holds};
use crate::salvage::read_all;
use crate::settings::{Range, number};

/// A group `(name: value, ...)` being read.
pub(crate) struct Fields<'t, 'd> {
    group: &'static Group,
    span: Span,
    /// Whether it is one: in what is none, nothing is missing.
    is_group: bool,
    list: Vec<(&'t Name, &'t Value)>,
    pub(crate) diagnostics: &'d mut Diagnostics,
}

impl<'t, 'd> Fields<'t, 'd> {
    /// Opens `value`, and reports every field that the group does not have.
    pub(crate) fn open(value: &'t Value, group: &'static Group, diagnostics: &'d mut Diagnostics) -> Self {
        let what = group.what;
        let is_group = matches!(value.kind, Kind::Call(None, _));
        let mut fields = Fields { group, span: value.span, is_group, list: Vec::new(), diagnostics };
        let Kind::Call(None, args) = &value.kind else {
            let form = format!("`({}: ...)`", group.fields[0].name);
            fields.wrong(Code::WrongKind, value, format!("{what} is a group `(name: value, ...)`"), form);
            return fields;
        };
        for arg in args {
            let Some(name) = &arg.name else {
                let names: Vec<&str> = group.fields.iter().map(|field| field.name).collect();
                let form = format!("`name: value`; the names are {}", names.join(", "));
                fields.wrong(Code::WrongKind, &arg.value, format!("every part of {what} has a name"), form);
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
                    fields.diagnostics.push(found.second(first.span, "first here"));
                }
                None => fields.list.push((name, &arg.value)),
            }
            if !group.fields.iter().any(|field| field.name == name.text) {
                let message = format!("{what} has no field `{}`", name.text);
                let found = Diagnostic::new(Code::UnknownField, name.span, message, "unknown field");
                fields.diagnostics.push(found.suggest(&name.text, group.fields.iter().map(|field| field.name)));
            }
        }
        fields
    }

    /// The field called `name`, if it is written.
    pub(crate) fn get(&self, name: &str) -> Option<&'t Value> {
        debug_assert!(self.group.fields.iter().any(|field| field.name == name), "{name} is in no table");
        self.list.iter().find(|(n, _)| n.text == name).map(|(_, value)| *value)
    }

    /// The field called `name`, which must be written.
    pub(crate) fn need(&mut self, name: &str, help: &str) -> Option<&'t Value> {
        let value = self.get(name);
        if value.is_none() && self.is_group {
            let message = format!("{} has no `{name}`", self.group.what);
            self.diagnostics.push(Diagnostic::new(Code::MissingField, self.span, message, "here").help(help));
        }
        value
    }

    /// A value as a type that serde reads, or else everything that is wrong with it.
    pub(crate) fn typed<T: DeserializeOwned>(&mut self, value: &Value) -> Option<T> {
        read_all(value).map_err(|errors| errors.into_iter().for_each(|error| self.push(error, value))).ok()
    }

    fn push(&mut self, error: Error, value: &Value) {
        let label = if error.missing { "not given here" } else { "here" };
        let found = Diagnostic::new(Code::Setting, error.span.unwrap_or(value.span), error.message, label);
        self.diagnostics.push(found.help(error.help));
    }

    /// The field as a number in the range of the table, or else the table's default.
    pub(crate) fn number(&mut self, name: &str) -> Option<f64> {
        let field = self.group.fields.iter().find(|field| field.name == name);
        let Some(Field { holds: Holds::Number(range, default), doc, .. }) = field else { return None };
        let (range, default) = (*range, *default);
        let Some(value) = self.get(name) else { return default };
        let number = number(value, range);
        if let Some(x) = number.filter(|x| range.holds(*x)) {
            return Some(x);
        }
        let code = if number.is_some() || range != Range::Flag { Code::Setting } else { Code::WrongKind };
        self.wrong(code, value, format!("`{name}` is {range}"), format!("`{name}: {}`: {doc}", range.example()));
        None
    }

    /// The field as a whole number.
    pub(crate) fn whole(&mut self, name: &str) -> Option<u64> {
        let number = self.number(name)?;
        let exact = self.get(name).and_then(Value::as_int).and_then(|x| u64::try_from(x).ok());
        Some(exact.unwrap_or(number as u64))
    }

    /// The field as `true` or `false`.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        self.number(name).map(|x| x != 0.0)
    }

    /// Reports that `value` is not what `expected` says, and what to write.
    pub(crate) fn wrong(&mut self, code: Code, value: &Value, expected: String, write: impl Display) {
        if value.kind != Kind::Bad {
            let message = format!("{expected}, and this is not");
            let found = Diagnostic::new(code, value.span, message, format!("{} here", value.describe()));
            self.diagnostics.push(found.help(format!("write {write}")));
        }
    }
}
