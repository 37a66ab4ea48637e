//! The nodes of the tree.

use super::Span;

/// A piece of the file that has a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// The kinds of values.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A bare name: `x`, `Relu`, `None`.
    Word(String),
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// A string, decoded.
    Str(String),
    /// A character, decoded.
    Char(char),
    /// `Name(...)`, or `(...)` without a name: a struct or a tuple.
    Call(Option<Name>, Vec<Arg>),
    /// `[...]`.
    List(Vec<Value>),
    /// `{...}`; repeated keys are kept.
    Map(Vec<Entry>),
    /// Text that could not be read; it is reported already.
    Bad,
}

/// A name with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// An argument of a call: `value` or `name: value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Arg {
    /// The name of a named argument.
    pub name: Option<Name>,
    /// The value.
    pub value: Value,
}

/// An entry of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Value,
    /// The value.
    pub value: Value,
}

impl Value {
    /// The bare name, if it is one.
    pub fn as_word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a bare name or of a string: the two ways to write a key or a member's address.
    pub fn as_name(&self) -> Option<&str> {
        self.as_word().or_else(|| self.as_str())
    }

    /// The integer, if it is written as one (no point, no exponent) and fits 64 bits.
    pub fn as_int(&self) -> Option<i64> {
        match &self.kind {
            Kind::Number(text) => super::literal::integer(text),
            _ => None,
        }
    }

    /// The number, integers and infinities among them.
    pub fn as_real(&self) -> Option<f64> {
        match &self.kind {
            Kind::Number(text) => super::literal::real(text),
            Kind::Word(word) if word == "inf" => Some(f64::INFINITY),
            Kind::Word(word) if word == "NaN" => Some(f64::NAN),
            _ => None,
        }
    }

    /// The name of a call and of a bare word, with its place: `Relu` and `Relu(x)` both say `Relu`.
    pub fn head(&self) -> Option<(&str, Span)> {
        match &self.kind {
            Kind::Word(word) => Some((word, self.span)),
            Kind::Call(Some(name), _) => Some((&name.text, name.span)),
            _ => None,
        }
    }

    /// The arguments of a call; a bare word has none.
    pub fn args(&self) -> &[Arg] {
        match &self.kind {
            Kind::Call(_, args) => args,
            _ => &[],
        }
    }

    /// The named argument of a call, or the entry of a map, called `name`.
    pub fn field(&self, name: &str) -> Option<&Value> {
        match &self.kind {
            Kind::Call(_, args) => {
                args.iter().find(|arg| arg.name.as_ref().is_some_and(|key| key.text == name)).map(|arg| &arg.value)
            }
            Kind::Map(entries) => {
                entries.iter().find(|entry| entry.key.as_name() == Some(name)).map(|entry| &entry.value)
            }
            _ => None,
        }
    }

    /// Takes the named argument called `name` out of a call.
    pub(crate) fn take_field(&mut self, name: &str) -> Option<Value> {
        let Kind::Call(_, args) = &mut self.kind else { return None };
        let at = args.iter().position(|arg| arg.name.as_ref().is_some_and(|key| key.text == name))?;
        Some(args.swap_remove(at).value)
    }

    /// The place of the name of an argument, or of the key of an entry, called `name`.
    pub fn key(&self, name: &str) -> Option<Span> {
        match &self.kind {
            Kind::Call(_, args) => {
                args.iter().filter_map(|arg| arg.name.as_ref()).find(|key| key.text == name).map(|key| key.span)
            }
            Kind::Map(entries) => {
                entries.iter().find(|entry| entry.key.as_name() == Some(name)).map(|entry| entry.key.span)
            }
            _ => None,
        }
    }

    /// What it is, in a word, for messages.
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Word(word) if word == "inf" || word == "NaN" => "a number",
            Kind::Word(word) if word == "None" => "nothing",
            Kind::Word(_) => "a name",
            Kind::Bool(_) => "true or false",
            Kind::Number(_) => "a number",
            Kind::Str(_) => "a string",
            Kind::Char(_) => "a character",
            Kind::Call(Some(_), _) => "a call",
            Kind::Call(None, _) => "a group in parentheses",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
            Kind::Bad => "unreadable text",
        }
    }
}
