//! The file of a model and the files that it includes, each read once.

use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use crate::diagnostics::{Code, Diagnostic, Diagnostics, nearest};
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
        Err(unread) => unreadable(path, unread, None, reader.diagnostics),
    }
    reader.files
}

/// The text of a file, without the mark that may stand before it.
///
/// # Errors
/// Why there is none.
pub fn read_source(path: &Path) -> Result<String, Diagnostics> {
    read(path).map_err(|unread| {
        let mut diagnostics = Diagnostics::default();
        unreadable(path, unread, None, &mut diagnostics);
        diagnostics
    })
}

/// Why there is no text of a file.
struct Unread {
    reason: String,
    help: Option<String>,
    /// What can be shown of it, and the bytes at fault in that.
    shown: (String, Range<usize>),
}

impl Unread {
    /// A file of which nothing can be shown.
    fn closed(reason: impl Into<String>) -> Unread {
        Unread { reason: reason.into(), help: None, shown: (String::new(), 0..0) }
    }

    /// A file that holds something else than text in UTF-8, which ends at the byte `at`.
    fn foreign(bytes: &[u8], at: usize) -> Unread {
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            let help = Some("save it as UTF-8".to_owned());
            return Unread { help, ..Unread::closed("it is text in UTF-16, and a model file is text in UTF-8") };
        }
        let line = bytes[at + 1..].split(|byte| *byte == b'\n').next().unwrap_or_default();
        let rest = String::from_utf8_lossy(&line[..line.len().min(200)]);
        let text = String::from_utf8_lossy(&bytes[..at]) + "\u{fffd}" + &*rest;
        let reason = format!("it is not text in UTF-8: the byte 0x{:02x} is not part of a character", bytes[at]);
        let help = Some("save it as UTF-8".to_owned());
        Unread { reason, help, shown: (text.into_owned(), at..at + '\u{fffd}'.len_utf8()) }
    }
}

/// Reports a file of which there is no text, and the place that includes it.
fn unreadable(path: &Path, unread: Unread, included: Option<Span>, diagnostics: &mut Diagnostics) {
    let Unread { reason, help, shown: (text, at) } = unread;
    let message = format!("cannot read `{}`: {reason}", path.display());
    let relative = "the path of an include is relative to the file that includes it";
    let found = match included {
        Some(span) if text.is_empty() => {
            Diagnostic::new(Code::Unreadable, span, message, "included here").help(relative)
        }
        _ => {
            let label = if text.is_empty() { "" } else { "not text" };
            let file = diagnostics.sources.add(path.display().to_string(), text);
            let at = Span { file, start: at.start as u32, end: at.end as u32 };
            let found = Diagnostic::new(Code::Unreadable, at, message, label);
            included.into_iter().fold(found, |found, span| found.second(span, "included here"))
        }
    };
    diagnostics.push(found.help_if(help));
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
                return self.diagnostics.push(Diagnostic::new(
                    Code::IncludeCycle,
                    span,
                    message,
                    "closes a circle of includes",
                ));
            }
            None => {}
        }
        if self.known.iter().filter(|known| known.open).count() >= MAX_CHAIN {
            let message = format!("includes nest deeper than {MAX_CHAIN}");
            let found = Diagnostic::new(Code::TooDeep, span, message, "one too many");
            return self.diagnostics.push(found.help("include the files that are needed from one place"));
        }
        match read(&path) {
            Ok(text) => {
                let id = self.diagnostics.sources.add(path.display().to_string(), text);
                self.add(id, &path);
            }
            Err(unread) => unreadable(&path, unread, Some(span), self.diagnostics),
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
            Some(path) if path.trim().is_empty() => {
                let found = Diagnostic::new(Code::WrongKind, item.span, "the path of an include is empty", "no path");
                diagnostics.push(found.help("name a file, as in `include: [\"blocks.ron\"]`, or delete this"));
            }
            Some(path) => paths.push((path.to_owned(), item.span)),
            None if item.kind == Kind::Bad => {}
            None => {
                let message = format!("an include is a path in quotes, and this is {}", item.describe());
                let found = Diagnostic::new(Code::WrongKind, item.span, message, "not a path");
                let name = item.as_word().unwrap_or("blocks");
                diagnostics.push(found.help(format!("write `include: [\"{name}.ron\"]`")));
            }
        }
    }
    paths
}

/// The text of a file, or why there is none.
fn read(path: &Path) -> Result<String, Unread> {
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Unread { help: beside(path), ..Unread::closed("there is no such file") },
        std::io::ErrorKind::PermissionDenied => {
            Unread { help: Some("allow it, as by `chmod +r`".to_owned()), ..Unread::closed("permission is denied") }
        }
        _ if path.is_dir() => Unread { help: Some("name a file in it".to_owned()), ..Unread::closed("it is a folder") },
        _ => Unread::closed(error.to_string()),
    })?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(without_mark(&text).to_owned()),
        Err(error) => Err(Unread::foreign(error.as_bytes(), error.utf8_error().valid_up_to())),
    }
}

/// What may have been meant by a path that leads nowhere: a model file in the same folder.
fn beside(path: &Path) -> Option<String> {
    const LOOKED_AT: usize = 1_000;
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).ok()?.take(LOOKED_AT).flatten();
    let names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    // The endings, which all have, make no two names alike.
    let models = names.iter().filter_map(|name| name.strip_suffix(".ron"));
    let near = nearest(path.file_stem()?.to_str()?, models)?;
    Some(format!("did you mean `{}`?", path.with_file_name(format!("{near}.ron")).display()))
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
    if out.as_os_str().is_empty() { PathBuf::from(".") } else { out }
}
