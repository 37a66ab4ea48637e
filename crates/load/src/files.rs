//! The file of a model and the files that it includes, each read once.

use std::path::{Component, Path, PathBuf};

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::syntax::{FileId, Kind, Span, Value, parse, without_mark};

/// The longest chain of includes.
const MAX_CHAIN: usize = 64;

/// A file, read; its tokens are gone.
pub(crate) struct SourceFile {
    pub(crate) root: Value,
    /// Whether what was read is where its author put it.
    pub(crate) intact: bool,
}

/// Reads `path` and everything that it includes; the first of the list is the file itself.
pub(crate) fn read_files(path: &Path, diagnostics: &mut Diagnostics) -> Vec<SourceFile> {
    let mut reader = Reader { files: Vec::new(), known: Vec::new(), diagnostics };
    let name = path.display().to_string();
    match read(path) {
        Ok(text) => {
            let id = reader.diagnostics.sources.add(name, text);
            reader.add(id, path);
        }
        Err(reason) => unreadable(path, &reason, reader.diagnostics),
    }
    reader.files
}

/// The text of a file, without the mark that may stand before it.
///
/// # Errors
/// Why there is none.
pub fn read_source(path: &Path) -> Result<String, Diagnostics> {
    read(path).map_err(|reason| {
        let mut diagnostics = Diagnostics::default();
        unreadable(path, &reason, &mut diagnostics);
        diagnostics
    })
}

/// Reports a file of which there is no text.
fn unreadable(path: &Path, reason: &str, diagnostics: &mut Diagnostics) {
    let id = diagnostics.sources.add(path.display().to_string(), "");
    let at = diagnostics.sources.whole(id);
    let message = format!("cannot read `{}`: {reason}", path.display());
    diagnostics.push(Diagnostic::new(Code::Unreadable, at, message, ""));
}

/// Reads a text as if it were the file `path`, which need not exist, and everything that it includes.
pub(crate) fn read_text(path: &Path, text: &str, diagnostics: &mut Diagnostics) -> Vec<SourceFile> {
    let id = diagnostics.sources.add(path.display().to_string(), text);
    let mut reader = Reader { files: Vec::new(), known: Vec::new(), diagnostics };
    reader.add(id, path);
    reader.files
}

struct Reader<'a> {
    files: Vec<SourceFile>,
    /// The files met so far; open ones are still being read.
    known: Vec<Known>,
    diagnostics: &'a mut Diagnostics,
}

struct Known {
    real: PathBuf,
    shown: String,
    open: bool,
}

impl Reader<'_> {
    fn add(&mut self, id: FileId, path: &Path) {
        let at = self.known.len();
        self.known.push(Known { real: real(path), shown: path.display().to_string(), open: true });
        let parsed = parse(id, self.diagnostics);
        let includes = includes(&parsed.root, self.diagnostics);
        self.files.push(SourceFile { root: parsed.root, intact: parsed.intact });
        for (target, span) in includes {
            self.include(&path.parent().unwrap_or(Path::new("")).join(&target), span);
        }
        self.known[at].open = false;
    }

    fn include(&mut self, path: &Path, span: Span) {
        let path = tidy(path);
        let real = real(&path);
        match self.known.iter().position(|known| known.real == real) {
            Some(at) if !self.known[at].open => return,
            Some(at) => {
                let open = self.known[at..].iter().filter(|known| known.open).map(|known| known.shown.as_str());
                let circle: Vec<&str> = open.chain([self.known[at].shown.as_str()]).collect();
                let message = match circle.as_slice() {
                    [own, _] => format!("`{own}` includes itself"),
                    _ => format!("files include one another: {}", circle.join(" -> ")),
                };
                return self.diagnostics.push(
                    Diagnostic::new(Code::IncludeCycle, span, message, "closes a circle of includes")
                        .help("move the blocks that both files need into a third"),
                );
            }
            None => {}
        }
        if self.known.iter().filter(|known| known.open).count() >= MAX_CHAIN {
            let message = format!("includes nest deeper than {MAX_CHAIN}");
            return self.diagnostics.push(Diagnostic::new(Code::TooDeep, span, message, "one too many"));
        }
        match read(&path) {
            Ok(text) => {
                let id = self.diagnostics.sources.add(path.display().to_string(), text);
                self.add(id, &path);
            }
            Err(reason) => {
                let message = format!("cannot read `{}`: {reason}", path.display());
                self.diagnostics.push(
                    Diagnostic::new(Code::Unreadable, span, message, "included here")
                        .help("the path of an include is relative to the file that includes it"),
                );
            }
        }
    }
}

/// The paths of the `include` field.
fn includes(root: &Value, diagnostics: &mut Diagnostics) -> Vec<(String, Span)> {
    let Some(list) = root.field("include") else { return Vec::new() };
    let Kind::List(items) = &list.kind else {
        let message = format!("`include` is a list of paths, and this is {}", list.describe());
        diagnostics.push(
            Diagnostic::new(Code::WrongKind, list.span, message, "not a list")
                .help("write `include: [\"blocks.ron\"]`"),
        );
        return Vec::new();
    };
    let mut paths = Vec::new();
    for item in items {
        match item.as_str() {
            Some(path) => paths.push((path.to_owned(), item.span)),
            None if item.kind == Kind::Bad => {}
            None => {
                let message = format!("an include is a path in quotes, and this is {}", item.describe());
                diagnostics.push(Diagnostic::new(Code::WrongKind, item.span, message, "not a path"));
            }
        }
    }
    paths
}

/// The text of a file, or why there is none.
fn read(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ if path.is_dir() => "it is a folder".to_owned(),
        _ => error.to_string(),
    })?;
    String::from_utf8(bytes).map(|text| without_mark(&text).to_owned()).map_err(|error| {
        format!("it is not UTF-8 text (byte {} is not part of a character)", error.utf8_error().valid_up_to())
    })
}

/// One path for one file, however it is written.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| tidy(path))
}

/// The path without `.` and with `..` taken back where that is possible.
fn tidy(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}
