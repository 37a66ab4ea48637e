//! Every error in a value that serde reads: what is wrong is cut out, and the rest is read again.

use graphrun_load::syntax::{Kind, Span, Value};
use serde::de::DeserializeOwned;

use crate::de::{Error, from_value};

/// Errors of one value beyond which the rest is left unread.
const MAX_ERRORS: usize = 50;

/// Reads a value, or answers everything that is wrong with it, in no order.
pub(crate) fn read_all<T: DeserializeOwned>(value: &Value) -> Result<T, Vec<Error>> {
    let mut errors: Vec<Error> = Vec::new();
    let mut cut: Vec<Span> = Vec::new();
    let mut rest = value.clone();
    while errors.len() < MAX_ERRORS {
        let error = match from_value::<T>(&rest) {
            Ok(read) if errors.is_empty() => return Ok(read),
            Ok(_) => break,
            Err(error) => error,
        };
        let span = error.span.unwrap_or(value.span);
        // What was cut out of a value is not missing from it.
        if !(error.missing && cut.iter().any(|part| span.contains(*part))) {
            errors.push(error);
        }
        match cut_out(&mut rest, span) {
            Some(part) => cut.push(part),
            None => break,
        }
    }
    Err(errors)
}

/// Takes the innermost argument, entry or item that holds `at` out of a value; answers its place.
fn cut_out(value: &mut Value, at: Span) -> Option<Span> {
    let holds = |value: &Value| value.span.contains(at);
    match &mut value.kind {
        Kind::Call(_, args) => {
            let whole = |name: Option<Span>, value: Span| name.map_or(value, |name| name.to(value));
            let place = |k: usize| whole(args[k].name.as_ref().map(|name| name.span), args[k].value.span);
            let k = (0..args.len()).find(|&k| place(k).contains(at))?;
            let place = place(k);
            cut_out(&mut args[k].value, at).or_else(|| {
                args.remove(k);
                Some(place)
            })
        }
        Kind::Map(entries) => {
            let k = entries.iter().position(|entry| entry.key.span.to(entry.value.span).contains(at))?;
            let place = entries[k].key.span.to(entries[k].value.span);
            cut_out(&mut entries[k].value, at).or_else(|| {
                entries.remove(k);
                Some(place)
            })
        }
        Kind::List(items) => {
            let k = items.iter().position(holds)?;
            let place = items[k].span;
            cut_out(&mut items[k], at).or_else(|| {
                items.remove(k);
                Some(place)
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use graphrun_data::DataSpec;
    use graphrun_load::diagnostics::Diagnostics;
    use graphrun_load::syntax::parse;

    use super::read_all;

    #[test]
    fn one_reading_tells_every_error() {
        let text =
            "(source: Moons(n: -3, nois: 2), tets: 3, feeds: { x: Colum(name: 3), y: Column(nam: 4) }, seed: -1)";
        let mut diagnostics = Diagnostics::default();
        let file = diagnostics.sources.add("m", text);
        let root = parse(file, &mut diagnostics).root;
        let errors = read_all::<DataSpec>(&root).unwrap_err();
        let places: Vec<&str> = errors.iter().map(|e| diagnostics.sources.slice(e.span.unwrap())).collect();
        assert_eq!(places, ["-3", "nois", "tets", "Colum", "nam", "-1"]);
    }
}
