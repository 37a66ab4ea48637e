//! The nearest name.

/// The most names among which a near one is looked for.
const MAX_KNOWN: usize = 10_000;

/// The one of `known` that is nearest to `wrong`, when it is near enough to be what was meant.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (wrong_low, count) = (wrong.to_lowercase(), wrong.chars().count());
    let near = |distance: usize, name: &str| {
        let length = count.max(name.chars().count());
        distance < length && distance <= length.div_ceil(3)
    };
    known
        .into_iter()
        // The lengths differ by no more than the names: what is far too long is not compared letter by letter.
        .filter(|name| *name != wrong && near(count.abs_diff(name.chars().count()), name))
        .map(|name| (strsim::damerau_levenshtein(&wrong_low, &name.to_lowercase()), name))
        .filter(|(distance, name)| near(*distance, name))
        .min_by_key(|(distance, name)| {
            let prefix = common_prefix(&wrong_low, &name.to_lowercase());
            // Letters that changed places are likelier than one too many.
            let is_moved = letters(name) == letters(wrong);
            (*distance, std::cmp::Reverse(prefix), !is_moved, *name)
        })
        .map(|(_, name)| name)
}

/// The letters of a name in order, in lower case.
fn letters(name: &str) -> Vec<char> {
    let mut letters: Vec<char> = name.to_lowercase().chars().collect();
    letters.sort_unstable();
    letters
}

fn common_prefix(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count()
}

/// "did you mean", or what there is when there is little of it.
pub(super) fn sentence<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut known: Vec<&str> = known.into_iter().take(MAX_KNOWN + 1).collect();
    if known.len() > MAX_KNOWN {
        return None;
    }
    known.sort_unstable();
    known.dedup();
    if let Some(name) = nearest(wrong, known.iter().copied()) {
        return Some(format!("did you mean `{name}`?"));
    }
    match known.len() {
        0 => None,
        1..=12 => Some(format!("known here: {}", known.join(", "))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let known = ["Relu", "Linear", "Sigmoid"];
        assert_eq!(nearest("ReLU", known), Some("Relu"));
        assert_eq!(nearest("Liner", known), Some("Linear"));
        assert_eq!(nearest("Convolution", known), None);
        assert_eq!(nearest("x", ["x1"]), Some("x1"));
        assert_eq!(nearest("unit", ["init", "units"]), Some("units"));
        assert_eq!(nearest("M", ["N"]), None);
        assert_eq!(sentence("qqq", ["units", "init"]).as_deref(), Some("known here: init, units"));
    }
}
