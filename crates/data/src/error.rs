//! The one error of this crate.

use std::fmt;
use std::path::{Path, PathBuf};

/// What is wrong with a data set, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct DataError {
    /// The file at fault; `None` for data written in the model file and for settings.
    pub path: Option<PathBuf>,
    /// Line in the file from 1, where the file is text.
    pub line: Option<usize>,
    /// Column in the line from 1, counted in bytes.
    pub column: Option<usize>,
    /// The names that lead from the data section to the setting at fault: `["feeds", "x", "names", "0"]`.
    pub setting: Vec<String>,
    /// Whether the last of these names is at fault itself, not what it holds.
    pub on_key: bool,
    /// The column and the indices in it of the number at fault.
    pub(crate) element: Option<(String, Vec<usize>)>,
    /// The fault, lower case, without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// The result of everything that can fail here.
pub type Result<T> = std::result::Result<T, DataError>;

impl DataError {
    /// An error without a place, and what to do about it.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        let (message, help, setting) = (message.into(), help.into(), Vec::new());
        Self { path: None, line: None, column: None, setting, on_key: false, element: None, message, help }
    }

    /// The same error of the setting that these names lead to, unless it has one already.
    #[must_use]
    pub fn setting<S: ToString>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        if self.setting.is_empty() {
            self.setting = names.into_iter().map(|name| name.to_string()).collect();
        }
        self
    }

    /// The same error, blaming the last name of the setting and not what it holds.
    #[must_use]
    pub fn key(mut self) -> Self {
        self.on_key = true;
        self
    }

    /// The same error in the file `path`, unless it names a file already.
    #[must_use]
    pub fn at(mut self, path: &Path) -> Self {
        self.path.get_or_insert_with(|| path.to_path_buf());
        self
    }

    /// The same error at a line and column, both from 1.
    #[must_use]
    pub fn place(mut self, line: usize, column: usize) -> Self {
        (self.line, self.column) = (Some(line), Some(column));
        self
    }

    /// "`name` is not a `kind`", with the nearest of `known` or the list of them.
    pub(crate) fn unknown<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Self {
        let near = |distance: usize, k: &str| {
            let length = k.len().max(name.len());
            distance < length && distance <= 1 + length / 4
        };
        // The lengths differ by no more than the names: what is far too long is not compared letter by letter.
        let alike = known.clone().filter(|k| near(k.len().abs_diff(name.len()), k));
        let nearest = alike.map(|k| (strsim::damerau_levenshtein(k, name), k)).min();
        let nearest = nearest.filter(|(distance, k)| near(*distance, k));
        let help = match nearest {
            Some((_, near)) => format!("did you mean `{near}`?"),
            None => format!("known: {}", abridge(known)),
        };
        Self::new(format!("there is no {kind} `{name}`"), help)
    }
}

/// The first names of a list, and how many more there are.
fn abridge<'a>(names: impl Iterator<Item = &'a str> + Clone) -> String {
    const SHOWN: usize = 8;
    let total = names.clone().count();
    let mut text = names.take(SHOWN).collect::<Vec<_>>().join(", ");
    match total {
        0 => text.push_str("none"),
        n if n > SHOWN => text.push_str(&format!(" and {} more", n - SHOWN)),
        _ => {}
    }
    text
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}", path.display())?;
            for place in [self.line, self.column].into_iter().flatten() {
                write!(f, ":{place}")?;
            }
            write!(f, ": ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for DataError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_place_and_message() {
        let error = DataError::new("cell is not a number", "write 0").at(Path::new("a.csv")).place(3, 5);
        assert_eq!(error.to_string(), "a.csv:3:5: cell is not a number");
    }

    #[test]
    fn unknown_names_suggest_the_nearest_or_list_the_known() {
        let known = ["digit", "pixel_0"];
        let near = DataError::unknown("column", "digti", known.into_iter());
        assert_eq!(near.help, "did you mean `digit`?");
        let far = DataError::unknown("column", "species", known.into_iter());
        assert_eq!(far.help, "known: digit, pixel_0");
        let many: Vec<String> = (0..20).map(|i| format!("pixel_{i}")).collect();
        let far = DataError::unknown("column", "species", many.iter().map(String::as_str));
        assert!(far.help.ends_with("pixel_7 and 12 more"));
    }
}
