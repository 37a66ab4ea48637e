//! Settings from outside the file: `train.optimizer.rate=0.01`.

use graphrun_load::diagnostics::{Code, Diagnostic, Diagnostics};
use graphrun_load::syntax::{Arg, Entry, Kind, Name, Value, parse};

/// Puts the value of `setting`, which reads `PATH=VALUE`, into the section at the path below `train`. A field
/// that is not there is added; whether it may be there is found when the section is read.
pub fn override_setting(section: &mut Value, setting: &str, diagnostics: &mut Diagnostics) {
    let (path, text) = setting.split_once('=').unwrap_or((setting, ""));
    let file = diagnostics.sources.add(format!("--with {path}"), text.trim());
    let before = diagnostics.list.len();
    let value = parse(file, diagnostics).root;
    if diagnostics.list.len() > before {
        return;
    }
    let mut steps = path.trim().split('.');
    if steps.next() != Some("train") {
        let message = format!("`{path}` does not begin with `train.`");
        let help = "settings are given as in `--with train.epochs=5`";
        diagnostics.push(Diagnostic::new(Code::Setting, value.span, message, "for this value").help(help));
        return;
    }
    let steps: Vec<&str> = steps.collect();
    if let Err(stop) = put(section, &steps, value.clone()) {
        let message = format!("`{path}` leads through `{stop}`, which has no parts");
        diagnostics.push(Diagnostic::new(Code::Setting, value.span, message, "for this value"));
    }
}

/// Descends by the names in `steps` and replaces or adds what is there.
fn put(at: &mut Value, steps: &[&str], value: Value) -> Result<(), String> {
    let [step, rest @ ..] = steps else {
        *at = value;
        return Ok(());
    };
    let fresh = Value { span: value.span, kind: Kind::Call(None, Vec::new()) };
    // `Adam` alone becomes `Adam()`, so that options can be put in.
    if let Kind::Word(word) = &at.kind {
        at.kind = Kind::Call(Some(Name { text: word.clone(), span: at.span }), Vec::new());
    }
    match &mut at.kind {
        Kind::Call(_, args) => {
            let found = args.iter().position(|arg| arg.name.as_ref().is_some_and(|n| n.text == *step));
            let k = found.unwrap_or_else(|| {
                let name = Some(Name { text: (*step).into(), span: value.span });
                args.push(Arg { name, value: fresh });
                args.len() - 1
            });
            put(&mut args[k].value, rest, value)
        }
        Kind::Map(entries) => {
            // The keys of a map may have dots themselves: the longest that fits is meant.
            for n in (1..=steps.len()).rev() {
                let key = steps[..n].join(".");
                if let Some(entry) = entries.iter_mut().find(|e| e.key.as_name() == Some(&key)) {
                    return put(&mut entry.value, &steps[n..], value);
                }
            }
            let key = Value { span: value.span, kind: Kind::Str((*step).into()) };
            entries.push(Entry { key, value: fresh });
            let last = entries.len() - 1;
            put(&mut entries[last].value, rest, value)
        }
        _ => Err((*step).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put_into(section: &str, setting: &str) -> (Value, Vec<String>) {
        let mut diagnostics = Diagnostics::default();
        let file = diagnostics.sources.add("m", section);
        let mut root = parse(file, &mut diagnostics).root;
        override_setting(&mut root, setting, &mut diagnostics);
        let messages = diagnostics.list.iter().map(|d| d.message.clone()).collect();
        (root, messages)
    }

    #[test]
    fn values_are_replaced_or_added_at_their_paths() {
        let (root, _) = put_into("(epochs: 3)", "train.epochs=5");
        assert_eq!(root.field("epochs").and_then(Value::as_int), Some(5));
        let (root, _) = put_into("(optimizer: Adam)", "train.optimizer.rate=0.5");
        assert_eq!(root.field("optimizer").and_then(|o| o.field("rate")).and_then(Value::as_real), Some(0.5));
        let (root, _) = put_into("(params: {\"h.bias\": (decay: 1)})", "train.params.h.bias.decay=0");
        let bias = root.field("params").and_then(|p| p.field("h.bias"));
        assert_eq!(bias.and_then(|b| b.field("decay")).and_then(Value::as_int), Some(0));
        let (root, _) = put_into("()", "train.data.test=0.1");
        assert_eq!(root.field("data").and_then(|d| d.field("test")).and_then(Value::as_real), Some(0.1));
        let (root, _) = put_into("(optimizer: Adam)", "train.optimizer=Sgd(rate: 1)");
        assert_eq!(root.field("optimizer").and_then(Value::head).map(|h| h.0), Some("Sgd"));
    }

    #[test]
    fn what_leads_nowhere_is_an_error() {
        assert!(put_into("(epochs: 3)", "train.epochs.x=5").1[0].contains("leads through `x`"));
        assert!(put_into("(epochs: 3)", "epochs=5").1[0].contains("begin with `train.`"));
        assert!(!put_into("(epochs: 3)", "train.epochs=").1.is_empty());
    }
}
