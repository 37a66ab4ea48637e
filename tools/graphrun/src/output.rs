//! Files that verbs write: never over what the same command reads, and never over a file of another kind.

use std::io::Read;
use std::path::Path;

use graphrun::train::write_atomically;

use crate::failure::Failure;

/// A kind of file that verbs write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format {
    /// What messages call it.
    name: &'static str,
    /// How the names of such files end.
    ending: &'static str,
    /// What such files start with.
    start: &'static [u8],
}

/// An array of numbers for NumPy.
pub(crate) const NPY: Format = Format { name: "NumPy file", ending: ".npy", start: b"\x93NUMPY" };
/// A drawing.
pub(crate) const SVG: Format = Format { name: "SVG file", ending: ".svg", start: b"<svg" };

/// A file that a flag of the command names for a result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output<'a> {
    path: &'a Path,
}

impl<'a> Output<'a> {
    /// The file `path`, which `flag` names, for a result of a format. What is there already may be such a file, and
    /// none of `inputs`, which the command reads.
    pub(crate) fn new<P: AsRef<Path>>(
        flag: &str,
        path: &'a Path,
        format: Format,
        inputs: impl IntoIterator<Item = P>,
    ) -> Result<Output<'a>, Failure> {
        let Format { name, ending, start } = format;
        let shown = path.display();
        let help = format!("name another file, one that ends in `{ending}`");
        if inputs.into_iter().any(|input| is_same(input.as_ref(), path)) {
            let message = format!("`{flag} {shown}` would write over what this command reads");
            return Err(Failure::new(message, help));
        }
        if path.is_dir() {
            return Err(Failure::new(format!("`{flag} {shown}` names a folder"), help));
        }
        // A terminal or a pipe holds nothing that could be lost.
        if path.is_file() {
            let mut there = Vec::new();
            let file = std::fs::File::open(path).map_err(|e| Failure::file(path, "read", &e))?;
            file.take(start.len() as u64).read_to_end(&mut there).map_err(|e| Failure::file(path, "read", &e))?;
            if !there.is_empty() && there != start {
                let message = format!("`{flag} {shown}` would write over a file that is no {name}");
                return Err(Failure::new(message, help));
            }
        }
        Ok(Output { path })
    }

    /// Writes the file, whole or not at all.
    pub(crate) fn write(self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(write_atomically(self.path, bytes)?)
    }

    /// Where the file is.
    pub(crate) fn path(self) -> &'a Path {
        self.path
    }
}

/// Whether two paths lead to one file.
pub(crate) fn is_same(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
