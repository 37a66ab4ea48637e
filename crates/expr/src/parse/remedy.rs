//! What was probably meant.

/// What to write for a character that mathematics has and formulas have not.
pub(super) fn plain(c: char) -> String {
    let written = match c {
        '=' => return "write `==` to compare".to_owned(),
        '\u{d7}' | '\u{b7}' | '\u{22c5}' | '\u{2217}' | '\u{2022}' => "*",
        '\u{2010}'..='\u{2015}' | '\u{2212}' => "-",
        '\u{f7}' | '\u{2215}' | '\u{2044}' => "/",
        '\u{b2}' => "^2",
        '\u{b3}' => "^3",
        '\u{221a}' => "sqrt(x)",
        '\u{2264}' => "<=",
        '\u{2265}' => ">=",
        '\u{2260}' => "!=",
        '%' => "x - y * floor(x / y)",
        '|' => "abs(x)",
        '[' | '{' => "(",
        ']' | '}' => ")",
        _ if c.is_alphabetic() => return "names have letters from a to z, digits and `_`".to_owned(),
        _ => return "delete it; operators are + - * / ^ and comparisons".to_owned(),
    };
    format!("write `{written}`")
}

/// The known name nearest to `name`, case apart, when it is near enough to be a slip.
pub(super) fn suggest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    let near = |distance: usize, other: &str| distance < name.len().max(other.len()) && distance <= 1 + name.len() / 4;
    let low = name.to_ascii_lowercase();
    // The lengths differ by no more than the names: what is far too long is not compared letter by letter.
    let alike = known.filter(|other| near(other.len().abs_diff(name.len()), other));
    let nearest = alike.map(|other| (strsim::levenshtein(&low, &other.to_ascii_lowercase()), other)).min()?;
    near(nearest.0, nearest.1).then(|| format!("did you mean `{}`?", nearest.1))
}
