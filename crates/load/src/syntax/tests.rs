use super::{Kind, MAX_BYTES, MAX_TOKENS, Parsed, parse};
use crate::diagnostics::Diagnostics;

fn read(text: &str) -> (Parsed, Vec<String>) {
    let mut diagnostics = Diagnostics::default();
    let file = diagnostics.sources.add("a", text);
    let parsed = parse(file, &mut diagnostics);
    let found = diagnostics.records();
    (parsed, found.iter().map(|it| format!("{}:{} {} {}", it.line, it.column, it.code, it.message)).collect())
}

fn check(text: &str, expect: &[&str]) {
    assert_eq!(read(text).1, expect, "{text}");
}

#[test]
fn reads_every_kind() {
    let (parsed, errors) = read("M(a: [1, -2.5, inf], b: {x: Relu, \"y.z\": (1, 'c')}, c: true, d: Some(r\"\\\"),)");
    assert!(errors.is_empty(), "{errors:?}");
    let root = parsed.root;
    assert_eq!(root.head().map(|head| head.0), Some("M"));
    let Some(Kind::List(items)) = root.field("a").map(|value| &value.kind) else { panic!("{root:?}") };
    assert_eq!(items[0].as_int(), Some(1));
    assert_eq!(items[2].as_real(), Some(f64::INFINITY));
    let group = root.field("b").and_then(|map| map.field("y.z")).expect("a field");
    assert_eq!(group.args()[1].value.kind, Kind::Char('c'));
    assert_eq!(root.field("d").map(|value| value.args()[0].value.kind.clone()), Some(Kind::Str("\\".into())));
}

#[test]
fn every_error_of_a_file_in_one_pass() {
    check(
        "M(a: 1f3, b: \"\\q\" c: {x 2, y: ?}, d: [1 2])",
        &[
            "1:6 GR0107 `1f3` is not a number",
            "1:15 GR0108 `\\q` is no escape; a backslash itself is written `\\\\`",
            "1:19 GR0104 expected `,` or `)`, found `c`",
            "1:25 GR0104 expected `:` behind the key, found `2`",
            "1:31 GR0104 unexpected character `?`",
            "1:41 GR0104 expected `,` or `]`, found `2`",
        ],
    );
    check("M(a, b: 1)", &["1:6 GR0106 named and positional arguments are mixed"]);
}

#[test]
fn brackets() {
    check("M(a: [1)", &["1:6 GR0105 `[` is never closed: found `)` instead"]);
    check("M(a: 1", &["1:2 GR0105 `(` is never closed: found the end of the file instead"]);
    check("M(a: 1])", &["1:7 GR0104 `]` closes nothing"]);
    check("M() 1", &["1:5 GR0104 expected the end of the file, found `1`"]);
    check("M(a: \"x)", &["1:6 GR0105 this string is never closed"]);
    check("", &["1:1 GR0104 the file is empty"]);
}

#[test]
fn a_slip_is_one_error() {
    check("M(a-b: 1, c: [a-b], d: f(a-b))", &["1:3 GR0205 `a-b` is no name"]);
    check("M(a: f(h.s, \"h.s\"))", &["1:8 GR0205 the address `h.s` of a member stands in quotes"]);
    check("M(a: \u{201c}x, y\u{201d}, b: 1)", &["1:6 GR0104 `\u{201c}` and `\u{201d}` are no quotes of a model file"]);
    check(
        "M(\u{a0}a:\u{a0}1,\u{0} b: 1)",
        &[
            "1:3 GR0104 the character U+00A0, which nobody sees, has no meaning in a model file",
            "1:9 GR0104 the character U+0000, which nobody sees, has no meaning in a model file",
        ],
    );
    check("M(a: \"x,\n b: [\"y*\", \"z\"])", &["1:6 GR0105 this string seems to lack its closing quote"]);
    check(
        "M(a = 1; b: {c = 2; d = 3})",
        &["1:5 GR0104 `=` does not join a name and its value", "1:8 GR0104 `;` does not part what stands side by side"],
    );
    check("M(a: \"two\nlines\", b: 1)", &[]);
    let (parsed, _) = read("M(a-b: c-d(1), e: [N, a-b])");
    assert_eq!(parsed.root.field("a_b").and_then(|value| value.head()).map(|head| head.0), Some("c_d"));
}

#[test]
fn limits_hold() {
    let deep = read(&"[".repeat(1_000_000)).1;
    assert_eq!(deep, ["1:129 GR0103 brackets nest deeper than 128"]);
    assert!(read(&"?".repeat(1_000_000)).1.len() <= 50);
    assert!(read(&" ".repeat(MAX_BYTES + 1)).1[0].contains("GR0102"));
    assert!(read(&format!("[{}]", "1,".repeat(MAX_TOKENS))).1[0].contains("GR0102"));
}
