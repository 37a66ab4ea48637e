use super::*;

fn parse(text: &str) -> Result<Expr, ParseError> {
    Expr::parse(text, &["x", "y", "beta"], &More)
}

struct More;

impl Functions for More {
    fn find(&self, name: &str) -> Option<Function> {
        match name {
            "leaky" => Some(Function {
                body: Expr::binary(Binary::Max, Expr::var(0) * Expr::var(1), Expr::var(0)),
                required: 1,
                defaults: vec![0.5],
                variadic: false,
            }),
            "add" => Some(Function { variadic: true, ..Function::plain(1, Expr::var(0) + Expr::var(1)) }),
            _ => None,
        }
    }
    fn names(&self) -> Vec<String> {
        vec!["leaky".into()]
    }
}

#[test]
fn operators_bind_as_in_mathematics() {
    let cases = [
        ("-x^2", -4.0),
        ("2^3^2", 512.0),
        ("2^-x", 0.25),
        ("x - 3 - 4", -5.0),
        ("12 / 3 / x", 2.0),
        ("1 + x * 3", 7.0),
        ("-x * -3", 6.0),
        ("x < 3", 1.0),
        ("1 + x >= 3", 1.0),
        ("2.5e-1 * x", 0.5),
        (".5", 0.5),
        ("if(x == 2, 7, 8)", 7.0),
        ("leaky(-x, 0.25)", -0.5),
        ("leaky(-x)", -1.0),
        ("add(x, y, 1)", 6.0),
        ("(x != y) + 2 * (x != 2)", 1.0),
        ("maximum(x, y) + pow(x, 3)", 11.0),
    ];
    for (text, expect) in cases {
        assert_eq!(parse(text).unwrap().eval(&[2.0, 3.0]), expect, "{text}");
    }
}

#[test]
fn errors_name_the_place_and_the_remedy() {
    let cases = [
        (
            "",
            0..0,
            "the formula ends where a number, a variable, a call or `(` is expected",
            "write what is missing before this place",
        ),
        (
            "x +",
            3..3,
            "the formula ends where a number, a variable, a call or `(` is expected",
            "write what is missing before this place",
        ),
        ("x y", 2..3, "found `y` where an operator or the end is expected", "a product is written `x * y`"),
        ("(x", 2..2, "the formula ends where `)` is expected", "close the parenthesis by `)`"),
        ("exp(x", 5..5, "the formula ends where `,` or `)` is expected", "close the call by `)`"),
        ("x $ y", 2..3, "`$` has no meaning in a formula", "delete it; operators are + - * / ^ and comparisons"),
        ("x = y", 2..3, "`=` has no meaning in a formula", "write `==` to compare"),
        ("x × y", 2..4, "`×` has no meaning in a formula", "write `*`"),
        ("x − y", 2..5, "`−` has no meaning in a formula", "write `-`"),
        ("x²", 1..3, "`²` has no meaning in a formula", "write `^2`"),
        ("x ** 2", 2..4, "`**` has no meaning in a formula", "a power is written `x ^ 2`"),
        (
            "x * * 2",
            4..5,
            "found `*` where a number, a variable, a call or `(` is expected",
            "write what is missing before this place",
        ),
        ("betta", 0..5, "unknown variable `betta`", "did you mean `beta`?"),
        ("2 * sigm(x)", 4..8, "unknown function `sigm`", "did you mean `sign`?"),
        ("laeky(x, 2)", 0..5, "unknown function `laeky`", "did you mean `leaky`?"),
        (
            "wholly_other(x)",
            0..12,
            "unknown function `wholly_other`",
            "write a pointwise operation in snake case, as `sigmoid(x)` or `max(x, y)`",
        ),
        ("tanh(x, y)", 0..4, "`tanh` takes 1 argument, not 2", "write `tanh(x)`"),
        ("if(x)", 0..2, "`if` takes 3 arguments, not 1", "write `if(x, y, z)`"),
        ("x < y < 3", 6..7, "comparisons do not chain", "compare in pairs and multiply, as in (a < b) * (b < c)"),
        ("1e400", 0..5, "the number is too large", "write a number up to about 1.8e308"),
        ("1.2.3", 3..5, "found `.3` where an operator or the end is expected", "a product is written `x * y`"),
        (".", 0..1, "`.` is not a number", "write digits with a point and an exponent, as in 1.5e-3"),
    ];
    for (text, span, message, help) in cases {
        let error = parse(text).unwrap_err();
        assert_eq!((error.span, error.message.as_str(), error.help.as_str()), (span, message, help), "{text}");
    }
}

#[test]
fn hostile_text_is_refused() {
    let cases = [
        "(".repeat(60_000),
        "-".repeat(60_000),
        "2^".repeat(30_000),
        "exp(".repeat(10_000),
        "x".repeat(10_000_000),
        "leaky(".repeat(150) + "x" + &",2)".repeat(150),
    ];
    for text in cases {
        assert!(parse(&text).is_err(), "{} bytes", text.len());
    }
    assert!(parse(&("x".to_owned() + &" + x".repeat(2_000))).is_ok());
}

#[test]
fn any_text_is_read_or_refused() {
    // Every string of four of these pieces.
    let pieces = ["x", "1", "(", ")", ",", "-", "^", "<", "exp", "if(", "é", " "];
    for number in 0..pieces.len().pow(4) {
        let text: String = (0..4).map(|k| pieces[number / pieces.len().pow(k) % pieces.len()]).collect();
        if let Err(error) = parse(&text) {
            assert!(text.get(error.span.clone()).is_some(), "{text}: {error}");
        }
    }
}
