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
    parse(given, &mut diagnostics);
    let file = diagnostics.sources.add(path.display().to_string(), text);
    let root = parse(file, &mut diagnostics).root;
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    let mut target = &root;
    let mut rest = at;
    while !rest.is_empty() {
        if let Some((next, inner)) = step(target, rest) {
            (target, rest) = (inner, next);
            continue;
        }
        if let Some((at, insert)) = insertion(target, rest, value).filter(|_| !rest.contains('.')) {
            return Ok(format!("{}{insert}{}", &text[..at], &text[at..]));
        }
        let first = rest.split('.').next().unwrap_or(rest);
        let message = format!("`{at}` leads nowhere: there is no `{first}` here");
        let known = keys(target);
        let place = Span { end: target.span.start + 1, ..target.span };
        let found = Diagnostic::new(Code::UnknownField, place, message, "looked up here");
        diagnostics.push(found.suggest(first, known.iter().map(String::as_str)));
        return Err(diagnostics);
    }
    Ok(format!("{}{value}{}", &text[..target.span.start as usize], &text[target.span.end as usize..]))
}

/// What the first part of a path leads to, longest key first, with the rest of the path.
fn step<'t, 'p>(value: &'t Value, path: &'p str) -> Option<(&'p str, &'t Value)> {
    let mut ends: Vec<usize> = path.match_indices('.').map(|(at, _)| at).chain([path.len()]).collect();
    ends.reverse();
    ends.into_iter().find_map(|end| {
        let (part, rest) = (&path[..end], path[end..].trim_start_matches('.'));
        let ordinal = || part.parse::<usize>().ok();
        let inner = match &value.kind {
            Kind::List(items) => items.get(ordinal()?),
            Kind::Call(_, args) if args.first().is_some_and(|arg| arg.name.is_none()) => {
                args.get(ordinal()?).map(|arg| &arg.value)
            }
            _ => value.field(part),
        };
        inner.map(|inner| (rest, inner))
    })
}

/// The byte at which a new field goes, and its text.
fn insertion(value: &Value, name: &str, text: &str) -> Option<(usize, String)> {
    let key = if is_identifier(name) { name.to_owned() } else { quote(name) };
    let last = match &value.kind {
        Kind::Word(_) => return Some((value.span.end as usize, format!("({key}: {text})"))),
        Kind::Call(_, args) if args.iter().all(|arg| arg.name.is_some()) => args.last().map(|arg| &arg.value),
        Kind::Map(entries) => entries.last().map(|entry| &entry.value),
        _ => return None,
    };
    Some(match last {
        Some(last) => (last.span.end as usize, format!(", {key}: {text}")),
        None => (value.span.end as usize - 1, format!("{key}: {text}")),
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
        check("train.data.test", "0.2", Err("there is no `data` here"));
        check("train.epochs", "(", Err("never closed"));
    }
}
