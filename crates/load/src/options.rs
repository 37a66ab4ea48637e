//! The options of an op and the initialisers of parameters, read by ron from the text that arguments were put into.

use std::fmt::Write;
use std::rc::Rc;

use graphrun_graph::{OpDef, OptionDoc, Options};
use ron::extensions::Extensions;

use crate::diagnostics::{Code, Diagnostic};
use crate::document::ArgKind;
use crate::expand::Expander;
use crate::option_words::{article, option_help, own_words, shortened};
use crate::scope::{Binding, Scope};
use crate::sizes::known_symbol;
use crate::syntax::{Kind, Name, Span, Value, quote};

/// Text for ron, and where each piece of it stands in the file.
#[derive(Default)]
pub(crate) struct Rewritten {
    pub(crate) text: String,
    /// First byte of a piece, its place, and what it is.
    pieces: Vec<(usize, Span, &'static str)>,
    /// Whole numbers with their places.
    numbers: Vec<(usize, Span)>,
    /// Whether what cannot be written is reported already.
    quiet: bool,
}

impl Rewritten {
    /// Writes the name of a field.
    pub(crate) fn name(&mut self, name: &Name) {
        self.pieces.push((self.text.len(), name.span, "a name"));
        let _ = write!(self.text, "{}: ", name.text);
    }

    /// The piece at a byte: the last that starts there or before.
    pub(crate) fn at(&self, offset: usize) -> Option<&(usize, Span, &'static str)> {
        self.pieces.iter().rev().find(|(start, ..)| *start <= offset).or(self.pieces.first())
    }
}

/// The options of one call as they are written.
pub(crate) struct Given<'a, 't, 'r> {
    pub(crate) def: &'r OpDef,
    /// Where the op is named.
    pub(crate) head: Span,
    pub(crate) options: Vec<(&'t Name, &'t Value)>,
    /// Whether an option of another name is reported already, so that a missing one is no news.
    pub(crate) misnamed: bool,
    pub(crate) scope: &'a Rc<Scope<'t>>,
}

impl<'t, 'r> Expander<'t, 'r> {
    /// Reads the options of a call; nothing when they are wrong, which is reported.
    pub(crate) fn read_options(&mut self, given: &Given<'_, 't, 'r>) -> Option<(Options, Vec<(usize, Span)>)> {
        let Given { def, head, misnamed, scope, .. } = *given;
        let mut out = Rewritten::default();
        let mut written = true;
        out.text.push('(');
        for (name, value) in &given.options {
            out.name(name);
            written &= self.rewrite(value, scope, &mut out).is_some();
            out.text.push_str(", ");
        }
        out.text.push(')');
        if !written {
            self.wrong_options(given);
            return None;
        }
        if !self.all_finite(given) {
            return None;
        }
        out.numbers.shrink_to_fit();
        self.written += out.text.len();
        let key = (def.name, out.text);
        if let Some(options) = self.options.get(&key) {
            return Some((options.clone(), out.numbers));
        }
        out.text = key.1;
        match read_ron(&out.text, |from| def.parse(from)) {
            Ok(options) => {
                self.options.insert((def.name, out.text), options.clone());
                Some((options, out.numbers))
            }
            Err(error) => {
                if !self.wrong_options(given) && !misnamed {
                    let message = own_words(&error.message).unwrap_or_else(|| "its options cannot be read".to_owned());
                    let found = Diagnostic::new(Code::BadOption, head, format!("{}: {message}", def.name), "this call");
                    self.report(scope, found.help(format!("`graphrun ops {}` shows its options", def.name)));
                }
                None
            }
        }
    }

    /// Refuses `inf` where an op needs a number to compute with, and `NaN` everywhere.
    fn all_finite(&mut self, given: &Given<'_, 't, 'r>) -> bool {
        let Given { def, scope, .. } = *given;
        let before = self.diagnostics.list.len();
        for (name, value) in &given.options {
            let Some(option) = def.options.iter().find(|option| option.name == name.text) else { continue };
            let Some(number) = scope.follow(value).and_then(|(value, _)| value.as_real()) else { continue };
            if number.is_finite() || number.is_infinite() && option.kind == OptionDoc::REAL_OR_INF {
                continue;
            }
            let kind = if option.kind == OptionDoc::REAL_OR_INF { "number" } else { "finite number" };
            let message = format!("`{}` of {} is a {kind}, and `{number}` is none", name.text, def.name);
            let found = Diagnostic::new(Code::BadOption, value.span, message, format!("not a {kind}"));
            self.report(scope, found.help(option_help(def, &name.text)));
        }
        self.diagnostics.list.len() == before
    }

    /// Reports every option that is wrong by itself and every one that is missing; answers whether there are any.
    fn wrong_options(&mut self, given: &Given<'_, 't, 'r>) -> bool {
        let Given { def, head, scope, .. } = *given;
        let mut any = false;
        for (name, value) in &given.options {
            let mut one = Rewritten { quiet: true, ..Rewritten::default() };
            one.text.push('(');
            one.name(name);
            if self.rewrite(value, scope, &mut one).is_none() {
                any = true;
                continue;
            }
            one.text.push_str(", )");
            let Err(error) = read_ron(&one.text, |from| def.parse(from)) else { continue };
            if !error.message.contains("missing field") {
                any = true;
                self.wrong_option(given, (name, value), &error, &one);
            }
        }
        let is_given = |option: &str| given.options.iter().any(|(name, _)| name.text == option);
        for option in def.options.iter().filter(|option| option.default.is_none() && !given.misnamed) {
            if !is_given(option.name) {
                any = true;
                let message = format!("{} lacks its option `{}`", def.name, option.name);
                let found = Diagnostic::new(Code::BadOption, head, message, "not given here");
                self.report(scope, found.help(option_help(def, option.name)));
            }
        }
        any
    }

    /// Reports what is wrong with one option that was read by itself.
    fn wrong_option(
        &mut self,
        given: &Given<'_, 't, 'r>,
        (name, value): (&Name, &'t Value),
        error: &RonError,
        out: &Rewritten,
    ) {
        let Given { def, scope, .. } = *given;
        let option = def.options.iter().find(|option| option.name == name.text);
        if option.is_some_and(|option| option.kind.contains("size") || option.kind.contains("shape")) {
            let before = self.diagnostics.list.len();
            let mut words = Vec::new();
            unknown_words(value, scope, &mut words);
            for (word, at) in words {
                known_symbol(word, at, &self.symbols, self.diagnostics);
            }
            if self.diagnostics.list.len() > before {
                return;
            }
        }
        let piece = out.at(error.offset).filter(|(_, span, _)| value.span.contains(*span));
        let (at, label) = piece.map_or((value.span, value.describe()), |(_, span, what)| (*span, *what));
        let found = match (own_words(&error.message), option) {
            (Some(message), _) => {
                Diagnostic::new(Code::BadOption, at, format!("{}: {message}", def.name), "this value")
            }
            (None, option) => {
                let text = shortened(self.diagnostics.sources.slice(value.span));
                let kind = option.map_or_else(|| "another kind of value".to_owned(), |option| article(option.kind));
                let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let fault = match text.strip_prefix('-') {
                    Some(rest) if kind == "an integer" && digits(rest) => "is below 0",
                    None if kind == "an integer" && digits(&text) => "is too large",
                    _ => "is not",
                };
                let message = format!("`{}` of {} is {kind}, and `{text}` {fault}", name.text, def.name);
                Diagnostic::new(Code::BadOption, at, message, label)
            }
        };
        let listed = option.is_some_and(|option| option.kind.ends_with("list")) && value.as_int().is_some();
        let help = match listed {
            true => format!("write `{}: [{}]`", name.text, self.diagnostics.sources.slice(value.span)),
            false => option_help(def, &name.text),
        };
        self.report(scope, found.help(help));
    }

    /// Writes a value with the arguments of the block put in and the symbols quoted.
    pub(crate) fn rewrite(&mut self, value: &'t Value, scope: &Rc<Scope<'t>>, out: &mut Rewritten) -> Option<()> {
        let put = |out: &mut Rewritten, text: &str| {
            out.pieces.push((out.text.len(), value.span, value.describe()));
            out.text.push_str(text);
        };
        match &value.kind {
            Kind::Word(word) => match scope.vars.get(word.as_str()) {
                Some(Binding::Value(ArgKind::Int | ArgKind::Real | ArgKind::Str, meant, outer)) => {
                    let outer = outer.clone();
                    return self.rewrite(meant, &outer, out);
                }
                Some(Binding::Missing) => return None,
                _ if matches!(word.as_str(), "None" | "Some") => {
                    return self.meaningless(value.span, word, "an option without a value is left out", scope, out);
                }
                _ if self.symbols.contains_key(word) => put(out, &quote(word)),
                _ => put(out, word),
            },
            Kind::Bool(flag) => put(out, if *flag { "true" } else { "false" }),
            Kind::Number(text) => {
                if let Some(number) = value.as_int().and_then(|number| usize::try_from(number).ok()) {
                    out.numbers.push((number, value.span));
                }
                put(out, text);
            }
            Kind::Str(text) => put(out, &quote(text)),
            Kind::Char(c) => put(out, &format!("{c:?}")),
            Kind::Bad => return None,
            Kind::Call(Some(name), _) => {
                let help = "write the value by itself: a number, a name, or a list `[...]`";
                return self.meaningless(value.span, &name.text, help, scope, out);
            }
            Kind::Call(None, args) => {
                put(out, "");
                out.text.push('(');
                for arg in args {
                    if let Some(name) = &arg.name {
                        out.name(name);
                    }
                    self.rewrite(&arg.value, scope, out)?;
                    out.text.push(',');
                }
                out.text.push(')');
            }
            Kind::List(items) => {
                put(out, "[");
                for item in items {
                    self.rewrite(item, scope, out)?;
                    out.text.push(',');
                }
                out.text.push(']');
            }
            Kind::Map(entries) => {
                put(out, "{");
                for entry in entries {
                    self.rewrite(&entry.key, scope, out)?;
                    out.text.push(':');
                    self.rewrite(&entry.value, scope, out)?;
                    out.text.push(',');
                }
                out.text.push('}');
            }
        }
        Some(())
    }

    /// Reports a word or call that RON has for programs and a model has no use for.
    fn meaningless(
        &mut self,
        span: Span,
        name: &str,
        help: &str,
        scope: &Rc<Scope<'t>>,
        out: &Rewritten,
    ) -> Option<()> {
        if !out.quiet {
            let found = Diagnostic::new(Code::BadOption, span, format!("`{name}` is no value"), "not a value");
            self.report(scope, found.help(help));
        }
        None
    }
}

/// Every bare name within a value that is no argument of a block.
fn unknown_words<'t>(value: &'t Value, scope: &Scope<'t>, out: &mut Vec<(&'t str, Span)>) {
    match &value.kind {
        Kind::Word(word) if !scope.vars.contains_key(word.as_str()) => out.push((word, value.span)),
        Kind::List(items) => items.iter().for_each(|item| unknown_words(item, scope, out)),
        _ => {}
    }
}

/// What ron could not read.
pub(crate) struct RonError {
    pub(crate) message: String,
    /// The byte of the text at which it stopped.
    pub(crate) offset: usize,
}

pub(crate) fn read_ron<T>(
    text: &str,
    parse: impl FnOnce(&mut dyn erased_serde::Deserializer<'_>) -> Result<T, erased_serde::Error>,
) -> Result<T, RonError> {
    let options = ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
    let offset = |at: ron::error::Position| {
        let line: usize = text.split_inclusive('\n').take(at.line.saturating_sub(1)).map(str::len).sum();
        let column = text[line..].char_indices().nth(at.col.saturating_sub(1)).map_or(text.len() - line, |(at, _)| at);
        line + column
    };
    let wrong = |error: ron::error::SpannedError| RonError {
        message: error.code.to_string(),
        offset: offset(error.span.start),
    };
    let mut from = ron::Deserializer::from_str_with_options(text, &options).map_err(wrong)?;
    let result = parse(&mut <dyn erased_serde::Deserializer<'_>>::erase(&mut from));
    let value = result.map_err(|error| wrong(from.span_error(ron::Error::Message(error.to_string()))))?;
    from.end().map_err(|error| wrong(from.span_error(error)))?;
    Ok(value)
}
