//! Our reading of RON against ron's own.

use graphrun_load::diagnostics::Diagnostics;
use graphrun_load::syntax::{Kind, Value, parse};
use proptest::prelude::*;

use crate::model_files;

/// Our reading, or nothing when we refuse the text.
fn ours(text: &str) -> Option<Value> {
    let mut diagnostics = Diagnostics::default();
    let file = diagnostics.sources.add("a.ron", text);
    let parsed = parse(file, &mut diagnostics);
    (!diagnostics.has_errors()).then_some(parsed.root)
}

/// What ron's `Value` keeps of ours: it drops names, and the last of repeated keys wins.
fn as_ron(value: &Value) -> ron::Value {
    match &value.kind {
        Kind::Word(word) if word == "None" => ron::Value::Option(None),
        Kind::Word(_) => value.as_real().map_or(ron::Value::Unit, number),
        Kind::Bool(value) => ron::Value::Bool(*value),
        Kind::Number(_) => number(value.as_real().expect("a number")),
        Kind::Str(text) => ron::Value::String(text.clone()),
        Kind::Char(c) => ron::Value::Char(*c),
        Kind::List(items) => ron::Value::Seq(items.iter().map(as_ron).collect()),
        Kind::Map(entries) => {
            ron::Value::Map(entries.iter().map(|entry| (as_ron(&entry.key), as_ron(&entry.value))).collect())
        }
        Kind::Call(Some(name), args) if name.text == "Some" => {
            ron::Value::Option(args.first().map(|arg| Box::new(as_ron(&arg.value))))
        }
        Kind::Call(None, args) if args.is_empty() => ron::Value::Unit,
        Kind::Call(_, args) if args.iter().any(|arg| arg.name.is_some()) => {
            let named = args.iter().filter_map(|arg| Some((arg.name.as_ref()?, &arg.value)));
            ron::Value::Map(named.map(|(name, value)| (ron::Value::String(name.text.clone()), as_ron(value))).collect())
        }
        Kind::Call(_, args) => ron::Value::Seq(args.iter().map(|arg| as_ron(&arg.value)).collect()),
        Kind::Bad => unreachable!("a text without errors has no bad part"),
    }
}

fn number(value: f64) -> ron::Value {
    ron::Value::Number(value.into())
}

/// ron's reading with every number as f64: it distinguishes widths, models do not.
fn read(text: &str) -> ron::error::SpannedResult<ron::Value> {
    fn plain(value: ron::Value) -> ron::Value {
        match value {
            ron::Value::Number(value) => number(value.into_f64()),
            ron::Value::Seq(items) => ron::Value::Seq(items.into_iter().map(plain).collect()),
            ron::Value::Option(inner) => ron::Value::Option(inner.map(|value| Box::new(plain(*value)))),
            ron::Value::Map(map) => {
                ron::Value::Map(map.into_iter().map(|(key, value)| (plain(key), plain(value))).collect())
            }
            other => other,
        }
    }
    ron::from_str(text).map(plain)
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z_][a-zA-Z0-9_]{0,4}"
        .prop_filter("reserved", |name| !["true", "false", "None", "Some", "inf", "NaN"].contains(&name.as_str()))
        .prop_filter("a literal's prefix", |name| !["b", "r", "br"].contains(&name.as_str()))
}

fn blank() -> impl Strategy<Value = String> {
    prop_oneof![4 => Just(String::new()), 2 => Just(" ".into()), 1 => Just("\n".into()), 1 => Just("/* c /* d */ */".into()), 1 => Just("// c\n".into())]
}

fn text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        name(),
        any::<i32>().prop_map(|value| value.to_string()),
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(|value| format!("{value:?}")),
        prop_oneof![
            Just("true"),
            Just("None"),
            Just("inf"),
            Just("-inf"),
            Just("0x1f"),
            Just("1_000"),
            Just(".5"),
            Just("'x'"),
            Just("()")
        ]
        .prop_map(String::from),
        "\"([a-zα]|\\\\n|\\\\u\\{3b1\\}|\\\\x41){0,6}\"",
        Just("r#\"a\\\"b\"#".to_string()),
    ];
    leaf.prop_recursive(5, 60, 5, |inner| {
        let item = (blank(), inner.clone(), blank()).prop_map(|(a, value, b)| format!("{a}{value}{b}")).boxed();
        let items = prop::collection::vec(item.clone(), 1..5);
        let fields = prop::collection::vec((name(), blank(), item), 1..5).boxed();
        prop_oneof![
            items.clone().prop_map(|items| format!("[{}]", items.join(","))),
            (name(), items).prop_map(|(name, items)| format!("{name}({},)", items.join(","))),
            (prop_oneof![Just(String::new()), name()], fields.clone()).prop_map(|(name, fields)| {
                let fields: Vec<_> = fields.iter().map(|(key, blank, value)| format!("{key}{blank}:{value}")).collect();
                format!("{name}({})", fields.join(","))
            }),
            fields.prop_map(|fields| {
                let fields: Vec<_> = fields.iter().map(|(key, _, value)| format!("\"{key}\":{value}")).collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

#[test]
fn every_model_file_is_ron() {
    for path in model_files(&["graphs"]) {
        let text = std::fs::read_to_string(&path).expect("a text");
        let expect = read(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(ours(&text).as_ref().map(as_ron), Some(expect), "{}", path.display());
    }
}

#[test]
fn whole_values_are_not_called() {
    for text in ["a([true()])", "a([false(1)])", "a([inf()])", "a([NaN()])", "a([None()])"] {
        assert!(read(text).is_err(), "{text}");
        assert!(ours(text).is_none(), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn we_read_what_ron_reads(text in text()) {
        let expect = read(&text).expect("the generator writes RON");
        prop_assert_eq!(ours(&text).as_ref().map(as_ron), Some(expect), "{}", text);
    }

    #[test]
    fn what_we_accept_is_ron(text in text(), at in any::<prop::sample::Index>(), with in "[\\[\\](){},:\"'a1. -]{0,2}") {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let start = places[at.index(places.len())];
        let length = text[start..].chars().next().map_or(0, char::len_utf8);
        let mutated = format!("{}{with}{}", &text[..start], &text[start + length..]);
        if let Some(value) = ours(&mutated) {
            let expect = read(&mutated);
            prop_assert_eq!(expect.as_ref().ok(), Some(&as_ron(&value)), "{}: {:?}", mutated, expect);
        }
    }

    #[test]
    fn formatting_keeps_the_values_and_the_comments(text in text()) {
        let once = graphrun_load::fmt_source("a.ron", &text).expect("the generator writes RON");
        let twice = graphrun_load::fmt_source("a.ron", &once).expect("the canonical form is RON");
        prop_assert_eq!(&twice, &once, "not idempotent: {}", text);
        prop_assert_eq!(ours(&once).as_ref().map(as_ron), ours(&text).as_ref().map(as_ron), "{}", text);
        let comments = |text: &str| (text.matches("// c").count(), text.matches("/* c /* d */ */").count());
        prop_assert_eq!(comments(&once), comments(&text));
    }
}
