use super::*;

fn size(text: &str) -> Size {
    Size::parse(text).unwrap()
}

#[test]
fn equal_sizes_are_equal() {
    let check = |a: &str, b: &str| assert_eq!(size(a), size(b), "{a} and {b}");
    check("N + N", "2*N");
    check("N*M", "M*N");
    check("(N + 1)*(N - 1)", "N*N - 1");
    check("6*N*C/(2*C)", "3*N");
    check("7/2", "3");
    check("(H - 2)/2 + 1", "H/2");
    check("(H + 2*1 - 3)/2 + 1", "(H + 1)/2");
    check("(N*H + 5)/H", "5/H + N");
}

#[test]
fn text_reads_back() {
    for text in ["0", "3", "N", "2*N + 1", "N*N - 4", "((H + 2)/3)*W", "0 - H/2", "2*(H/2)", "N - H/2"] {
        assert_eq!(size(&size(text).to_string()), size(text), "{text}");
    }
    assert_eq!(size("(H - 3)/2 + 1").to_string(), "(H + 1)/2 - 1");
    assert_eq!(size("W*((H + 1)/2)").to_string(), "W*((H + 1)/2)");
}

#[test]
fn sizes_of_many_terms_are_refused_without_being_written_out() {
    let sum = |n: usize| (0..n).map(|k| format!("S{k}")).collect::<Vec<_>>().join("+");
    assert!(Size::parse(&sum(Size::MAX_TERMS)).is_ok());
    assert!(Size::parse(&sum(Size::MAX_TERMS + 1)).is_err());
    assert!(Size::parse(&sum(16_000)).is_err());
    let product = (0..20).map(|k| format!("(S{k} + 1)")).collect::<Vec<_>>().join("*");
    assert!(Size::parse(&product).unwrap_err().contains("256 terms"));
    let grown = (0..20).fold(Size::from(1), |n, k| &n * &size(&format!("S{k} + 1")));
    assert!(grown.is_too_long());
}

#[test]
fn values_are_checked() {
    let sizes = Sizes::from([("N".into(), 5), ("Z".into(), 0)]);
    assert_eq!(size("(N + 4)/2").eval(&sizes), Ok(4));
    assert!(size("M").eval(&sizes).unwrap_err().contains("`M` has no value"));
    assert!(size("N - 6").eval(&sizes).is_err());
    assert!(size("N/Z").eval(&sizes).is_err());
    assert!(size("9223372036854775807*N").eval(&sizes).is_err());
    assert!(Size::parse("N +").is_err());
    assert!(Size::parse("N/0").is_err() && Size::parse("N/(2 - 2)").is_err());
    assert!(Size::parse(&"(".repeat(100_000)).is_err());
}
