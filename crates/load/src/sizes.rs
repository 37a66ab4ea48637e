//! Sizes and types as the file writes them.

use std::collections::BTreeMap;

use graphrun_graph::{Size, Type};

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::fields::wrong_kind;
use crate::syntax::{Kind, Span, Value, is_name};

/// The largest integer that a file may write as a size.
const MAX_SIZE: i64 = 1 << 48;

/// The symbols that the input shapes declare, each with its first place.
pub(crate) type Symbols = BTreeMap<String, Span>;

/// Adds the symbols that a shape declares: its bare names.
pub(crate) fn declare(shape: &Value, symbols: &mut Symbols) {
    if let Kind::List(items) = &shape.kind {
        for item in items {
            if let Some(word) = item.as_word().filter(|word| is_name(word)) {
                symbols.entry(word.to_owned()).or_insert(item.span);
            }
        }
    }
}

/// Reads one size, not `_`; nothing when it is wrong, which is reported.
pub(crate) fn size(value: &Value, symbols: &Symbols, diagnostics: &mut Diagnostics) -> Option<Size> {
    match &value.kind {
        Kind::Number(text) => match value.as_int() {
            Some(n) if (0..=MAX_SIZE).contains(&n) => Some(Size::from(n as usize)),
            _ => {
                let message = format!("`{text}` is not a size: a size is a whole number from 0 to {MAX_SIZE}");
                let found = Diagnostic::new(Code::BadValue, value.span, message, "not a size");
                diagnostics.push(found.help("write a whole number, or a symbol such as `N` for a size that is fed"));
                None
            }
        },
        Kind::Word(word) if word == "_" => {
            diagnostics.push(
                Diagnostic::new(
                    Code::BadValue,
                    value.span,
                    "only the shape of a parameter may leave a size open",
                    "open",
                )
                .help("write a number or a symbol such as `N`"),
            );
            None
        }
        Kind::Word(word) if !is_name(word) => {
            let message = format!("`{word}` cannot be the name of a size");
            diagnostics.push(Diagnostic::new(Code::BadName, value.span, message, "not a name"));
            None
        }
        Kind::Word(word) => known_symbol(word, value.span, symbols, diagnostics).then(|| Size::symbol(word)),
        Kind::Str(text) => match Size::parse(text) {
            Ok(size) => {
                let mut known = true;
                size.symbols(&mut |name| known &= known_symbol(name, value.span, symbols, diagnostics));
                known.then_some(size)
            }
            Err(message) => {
                let found = Diagnostic::new(Code::BadValue, value.span, message, "not a size");
                diagnostics.push(
                    found.help("write a short sum, product or quotient of numbers and symbols, as in \"2*N + 1\""),
                );
                None
            }
        },
        _ => {
            let form = "a number, a symbol such as `N`, or in quotes a sum or product of them, as in \"2*N\"";
            wrong_kind(value, "a size is a whole number or a symbol", form, diagnostics);
            None
        }
    }
}

/// Reports a symbol that no input declares.
pub(crate) fn known_symbol(name: &str, at: Span, symbols: &Symbols, diagnostics: &mut Diagnostics) -> bool {
    let known = symbols.contains_key(name);
    if !known {
        let message = format!("the size `{name}` is not declared");
        diagnostics.push(
            Diagnostic::new(Code::UnknownSymbol, at, message, "not in the shape of any input")
                .suggest(name, symbols.keys().map(String::as_str)),
        );
    }
    known
}

/// Reads a list of sizes.
pub(crate) fn shape(value: &Value, symbols: &Symbols, diagnostics: &mut Diagnostics) -> Option<Vec<Size>> {
    let Kind::List(items) = &value.kind else {
        wrong_kind(value, "a shape is a list of sizes", "it as in `[N, 64]`, and `[]` for a scalar", diagnostics);
        return None;
    };
    let sizes: Vec<Option<Size>> = items.iter().map(|item| size(item, symbols, diagnostics)).collect();
    sizes.into_iter().collect()
}

/// Reads the type of an input: a bare shape, or `Index(shape, below)`.
pub(crate) fn input_type(value: &Value, symbols: &Symbols, diagnostics: &mut Diagnostics) -> Option<Type> {
    match &value.kind {
        Kind::List(_) => Some(Type::real(shape(value, symbols, diagnostics)?)),
        Kind::Call(Some(name), args) if name.text == "Index" => {
            let [axes, below] = args.as_slice() else {
                let message = format!("`Index(shape, below)` takes a shape and a bound, and {} are given", args.len());
                diagnostics.push(
                    Diagnostic::new(Code::BadStructure, value.span, message, "not an integer input")
                        .help("write `Index([N], 10)` for one class of ten a row"),
                );
                return None;
            };
            let axes = shape(&axes.value, symbols, diagnostics);
            let below = size(&below.value, symbols, diagnostics);
            if below.as_ref().is_some_and(|below| below.known() == Some(0)) {
                let message = "an integer input below 0 has no values";
                let found = Diagnostic::new(Code::BadValue, args[1].value.span, message, "no bound");
                diagnostics.push(found.help("the bound is one above the greatest value"));
                return None;
            }
            Some(Type::index(axes?, below?))
        }
        _ => {
            let form = "`[N, 64]`, `[]` for a scalar, or `Index([N], 10)` for integers";
            wrong_kind(value, "an input is declared by its shape", form, diagnostics);
            None
        }
    }
}

/// The shape of an input's declaration as a tree: the list of sizes.
pub(crate) fn shape_of_input(value: &Value) -> &Value {
    match &value.kind {
        Kind::Call(_, args) => args.first().map_or(value, |arg| &arg.value),
        _ => value,
    }
}
