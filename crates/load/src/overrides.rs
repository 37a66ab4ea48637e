//! Values of a file replaced by path, as the command line does.

use std::path::Path;

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::syntax::{Kind, Span, Value, is_identifier, parse, quote};

/// The text with every override put in.
pub(crate) fn override_text(path: &Path, text: &str, overrides: &[(String, String)]) -> Result<String, Diagnostics> {
    let mut text = text.to_owned();
    for (at, value) in overrides {
        text = override_one(path, &text, at, value)?;
    }
    Ok(text)
}

fn override_one(path: &Path, text: &str, at: &str, value: &str) -> Result<String, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let given = diagnostics.sources.add(format!("{at}={value}"), value);
    let value_span = parse(given, &mut diagnostics).root.span;
    let file = diagnostics.sources.add(path.display().to_string(), text);
    let root = parse(file, &mut diagnostics).root;
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    // What stands around the value, such as a comment, would swallow what follows it in the file.
    let value = &value[value_span.range()];
    let mut target = &root;
    let mut rest = at;
    let refuse = |message: String, place: Span, known: &[String], wrong: &str, mut diagnostics: Diagnostics| {
        let found = Diagnostic::new(Code::UnknownField, place, message, "looked up here");
        diagnostics.push(found.suggest(wrong, known.iter().map(String::as_str)));
        Err(diagnostics)
    };
    if parts(at).is_none() {
        let message = format!("`{at}` is no path: it has an empty part");
        return refuse(message, diagnostics.sources.whole(given), &[], "", diagnostics);
    }
    while !rest.is_empty() {
        if let Some((next, inner)) = step(target, rest) {
            (target, rest) = (inner, next);
            continue;
        }
        let names = parts(rest).unwrap_or_default();
        if let Some((at, insert)) = insertion(target, &names, value) {
            return Ok(format!("{}{insert}{}", &text[..at], &text[at..]));
        }
        let first = names.first().copied().unwrap_or(rest);
        let message = format!("`{at}` leads nowhere: there is no `{first}` here");
        let place = Span { end: target.span.start + 1, ..target.span };
        return refuse(message, place, &keys(target), first, diagnostics);
    }
    Ok(format!("{}{value}{}", &text[..target.span.start as usize], &text[target.span.end as usize..]))
}

/// The parts of a path, which points separate and quotes hold together; nothing when one is empty.
fn parts(path: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let mut rest = path;
    loop {
        let (part, behind) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => rest.split_at(rest.find('.').unwrap_or(rest.len())),
        };
        if part.is_empty() {
            return None;
        }
        parts.push(part);
        if behind.is_empty() {
            return Some(parts);
        }
        rest = behind.strip_prefix('.')?;
    }
}

/// What the first part of a path leads to, longest key first, with the rest of the path.
fn step<'t, 'p>(value: &'t Value, path: &'p str) -> Option<(&'p str, &'t Value)> {
    let quoted = path.strip_prefix('"').and_then(|rest| rest.split_once('"'));
    let mut ways: Vec<(&str, &str)> = match quoted {
        Some(way) => vec![way],
        None => path.match_indices('.').map(|(at, _)| at).chain([path.len()]).map(|at| path.split_at(at)).collect(),
    };
    ways.reverse();
    ways.into_iter().find_map(|(part, rest)| {
        let ordinal = || part.parse::<usize>().ok();
        let inner = match &value.kind {
            Kind::List(items) => items.get(ordinal()?),
            Kind::Call(_, args) if args.first().is_some_and(|arg| arg.name.is_none()) => {
                args.get(ordinal()?).map(|arg| &arg.value)
            }
            _ => value.field(part),
        };
        inner.map(|inner| (rest.strip_prefix('.').unwrap_or(rest), inner))
    })
}

/// The fields that hold maps, not groups.
const MAPS: [&str; 7] = ["blocks", "feeds", "inputs", "metrics", "nodes", "params", "sizes"];

/// The byte at which a new field goes, and its text, with the groups and maps that the names lead through.
fn insertion(value: &Value, names: &[&str], text: &str) -> Option<(usize, String)> {
    let (name, inner) = names.split_first()?;
    let key = |name: &str| if is_identifier(name) { name.to_owned() } else { quote(name) };
    let mut made = text.to_owned();
    for (k, inner) in inner.iter().enumerate().rev() {
        let holder = names[k];
        made = match MAPS.contains(&holder) {
            true => format!("{{ {}: {made} }}", key(inner)),
            false => format!("({}: {made})", key(inner)),
        };
    }
    let key = key(name);
    let last = match &value.kind {
        Kind::Word(_) => return Some((value.span.end as usize, format!("({key}: {made})"))),
        Kind::Call(_, args) if args.iter().all(|arg| arg.name.is_some()) => args.last().map(|arg| &arg.value),
        Kind::Map(entries) => entries.last().map(|entry| &entry.value),
        _ => return None,
    };
    Some(match last {
        Some(last) => (last.span.end as usize, format!(", {key}: {made}")),
        None => (value.span.end as usize - 1, format!("{key}: {made}")),
    })
}

fn keys(value: &Value) -> Vec<String> {
    match &value.kind {
        Kind::Call(_, args) => args.iter().filter_map(|arg| Some(arg.name.as_ref()?.text.clone())).collect(),
        Kind::Map(entries) => entries.iter().filter_map(|entry| Some(entry.key.as_name()?.to_owned())).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "Model(graphrun: 1, train: (epochs: 3, optimizer: Adam, params: { \"*.bias\": (decay: 0) }, l: [1, 2]))";

    fn check(at: &str, value: &str, expect: Result<(&str, &str), &str>) {
        let got = override_text(Path::new("m.ron"), TEXT, &[(at.into(), value.into())]);
        match (got, expect) {
            (Ok(text), Ok((from, to))) => assert_eq!(text, TEXT.replacen(from, to, 1)),
            (Err(found), Err(message)) => assert!(found.records()[0].message.contains(message), "{found}"),
            (got, _) => panic!("{at}={value} gives {got:?}"),
        }
    }

    #[test]
    fn paths_lead_to_values() {
        check("train.epochs", "5", Ok(("epochs: 3", "epochs: 5")));
        check("train.optimizer.rate", "0.1", Ok(("Adam", "Adam(rate: 0.1)")));
        check("train.params.*.bias.decay", "1", Ok(("decay: 0", "decay: 1")));
        check("train.batch", "Full", Ok(("[1, 2])", "[1, 2], batch: Full)")));
        check("train.l.1", "7", Ok(("[1, 2]", "[1, 7]")));
        check("train.params.\"*.bias\".decay", "1", Ok(("decay: 0", "decay: 1")));
        check("train.params.\"*.g\".decay", "1", Ok(("(decay: 0) }", "(decay: 0), \"*.g\": (decay: 1) }")));
        check("train.early_stopping.patience", "3", Ok(("[1, 2])", "[1, 2], early_stopping: (patience: 3))")));
        check("sizes.N", "3", Ok(("[1, 2]))", "[1, 2]), sizes: { N: 3 })")));
        check("train.epochs", "5 // more", Ok(("epochs: 3", "epochs: 5")));
        check("train.l.x", "1", Err("there is no `x` here"));
        check("", "3", Err("empty part"));
        check("train..epochs", "3", Err("empty part"));
        check("train.epochs", "(", Err("never closed"));
    }
}
