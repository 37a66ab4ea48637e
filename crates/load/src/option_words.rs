//! Options in words: what is wrong with them, what they hold, how they are written.

use graphrun_graph::{OpDef, OptionDoc};

/// The name of the field that a message of serde or ron calls unknown.
pub(crate) fn unknown_field(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("unknown field `").or_else(|| message.strip_prefix("Unexpected field named `"))?;
    rest.split('`').next()
}

/// A message that an op or initialiser made itself; those of serde and ron speak of Rust and are put in our words.
pub(crate) fn own_words(message: &str) -> Option<String> {
    if let Some(rest) =
        message.strip_prefix("unknown variant `").or_else(|| message.strip_prefix("Unexpected enum variant named `"))
    {
        let (name, rest) = rest.split_once('`')?;
        let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
        return Some(format!("`{name}` is not one of {}", known.join(", ")));
    }
    if let Some(name) = unknown_field(message) {
        return Some(format!("there is no option `{name}`"));
    }
    let foreign = [
        "invalid ",
        "missing ",
        "duplicate ",
        "unknown ",
        "Expected ",
        "Unexpected ",
        "expected ",
        "Integer ",
        "Float ",
        "Unclosed ",
    ];
    let theirs =
        foreign.iter().any(|start| message.starts_with(start)) || message.chars().next().is_none_or(char::is_uppercase);
    (!theirs).then(|| message.to_owned())
}

/// A text on one line of at most 40 characters.
pub(crate) fn shortened(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= 40 { line } else { line.chars().take(37).chain("...".chars()).collect() }
}

/// How an option is written, and what it does.
pub(crate) fn option_help(def: &OpDef, name: &str) -> String {
    match def.options.iter().find(|option| option.name == name) {
        Some(option) => {
            format!("write {} such as `{name}: {}`: {}", article(option.kind), example(option), option.doc)
        }
        None => format!("`graphrun ops {}` shows its options", def.name),
    }
}

/// A value of an option, as it is written.
fn example(option: &OptionDoc) -> &'static str {
    match option.kind {
        "integer" | "size" => "8",
        "axis" => "1",
        "axis list" => "[1]",
        "integer list" | "size list" => "[1, 2]",
        "integer or list" | "integer or [height, width]" => "3",
        "shape" => "[N, 8]",
        "bool" => "true",
        "string" | "text" => "\"...\"",
        _ => option.default.unwrap_or("0.5"),
    }
}

/// A kind of value with its article: `an integer`.
pub(crate) fn article(kind: &str) -> String {
    match kind {
        "bool" => return "true or false".to_owned(),
        "real" => return "a number".to_owned(),
        OptionDoc::REAL_OR_INF => return "a number or inf".to_owned(),
        _ => {}
    }
    if kind.starts_with("a ") || kind.starts_with("an ") || kind.contains(" or ") {
        return kind.to_owned();
    }
    let an = kind.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {kind}", if an { "an" } else { "a" })
}
