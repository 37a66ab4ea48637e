//! What was probably meant.

/// What to write for a character that mathematics has and formulas have not.
pub(super) fn plain(c: char) -> Option<String> {
    let written = match c {
        '=' => return Some("write `==` to compare".to_owned()),
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
        _ if c.is_alphabetic() => return Some("names have letters from a to z, digits and `_`".to_owned()),
        _ => return None,
    };
    Some(format!("write `{written}`"))
}

/// The known name nearest to `name`, when it is near enough to be a slip.
pub(super) fn suggest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    let alike = known.filter(|other| other.len().abs_diff(name.len()) <= 1 + name.len() / 4);
    let near = alike.map(|other| (distance(name, other), other)).min()?;
    (near.0 < name.len().max(near.1.len()) && near.0 <= 1 + name.len() / 4)
        .then(|| format!("did you mean `{}`?", near.1))
}

/// The number of single-character edits between two words (Levenshtein), case apart.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let cost = usize::from(!x.eq_ignore_ascii_case(&y));
            let best = (diagonal + cost).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], best);
        }
    }
    row[b.len()]
}
