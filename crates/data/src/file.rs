//! Reading files whole, unpacked when gzipped, never beyond a limit.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::error::{DataError, Result};

/// The bytes that one file may have after unpacking, unless the model says otherwise: 1 GiB.
pub const DEFAULT_MAX_BYTES: u64 = 1 << 30;

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The contents of `path`, unpacked if they are gzip (told by the content, not by the name).
///
/// # Errors
/// When the file cannot be read, is damaged, or is larger than `max_bytes` once unpacked.
pub fn read_file(path: &Path, max_bytes: u64) -> Result<Vec<u8>> {
    let (bytes, whole) = read_start(path, max_bytes)?;
    if whole { Ok(bytes) } else { Err(too_large(max_bytes).at(path)) }
}

/// At most the first `most` bytes of `path`, unpacked if they are gzip, and whether that is all of it.
pub(crate) fn read_start(path: &Path, most: u64) -> Result<(Vec<u8>, bool)> {
    let failed = |e: io::Error| unreadable(&e).at(path);
    if path.is_dir() {
        return Err(DataError::new("is a folder", "name a file in it").at(path));
    }
    let mut file = File::open(path).map_err(failed)?;
    let mut head = Vec::new();
    file.by_ref().take(2).read_to_end(&mut head).map_err(failed)?;
    let packed = head == GZIP;
    let file = io::Cursor::new(head).chain(file).take(if packed { u64::MAX } else { most.saturating_add(1) });
    let mut bytes = Vec::new();
    match packed {
        true => MultiGzDecoder::new(file).take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?,
        false => { file }.read_to_end(&mut bytes).map_err(failed)?,
    };
    let whole = bytes.len() as u64 <= most;
    bytes.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    Ok((bytes, whole))
}

/// Why a file cannot be read, in our words where there are any.
fn unreadable(error: &io::Error) -> DataError {
    match error.kind() {
        io::ErrorKind::NotFound => DataError::new(
            "cannot be read: there is no such file",
            "paths in a model file are relative to the folder of that file",
        ),
        io::ErrorKind::PermissionDenied => {
            DataError::new("cannot be read: permission is denied", "allow it, as by `chmod +r`, or name another file")
        }
        io::ErrorKind::UnexpectedEof => {
            DataError::new("cannot be read: the packed file is cut short", "pack it again, or fetch it again")
        }
        _ => {
            let text = error.to_string();
            let words = text.split(" (os error").next().unwrap_or_default();
            DataError::new(format!("cannot be read: {words}"), "write the file again, or name another")
        }
    }
}

/// Everything `reader` yields, or `None` when that is more than `max_bytes`.
pub(crate) fn read_limited(reader: impl Read, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= max_bytes).then_some(bytes))
}

/// The error for data beyond the limit.
pub(crate) fn too_large(max_bytes: u64) -> DataError {
    let help = "raise `max_bytes` in the data section if the file is to be trusted";
    DataError::new(format!("is larger than {max_bytes} bytes once unpacked"), help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn gzip_bombs_stop_at_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.gz");
        let mut packer = flate2::write::GzEncoder::new(File::create(&path).unwrap(), flate2::Compression::best());
        packer.write_all(&vec![0; 1 << 20]).unwrap();
        packer.finish().unwrap();
        assert_eq!(read_file(&path, 1 << 20).unwrap().len(), 1 << 20);
        let error = read_file(&path, 1000).unwrap_err();
        assert_eq!(error.message, "is larger than 1000 bytes once unpacked");
        assert!(error.help.contains("max_bytes"));
    }

    #[test]
    fn missing_and_damaged_files_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.gz");
        assert!(read_file(&path, 10).unwrap_err().help.contains("relative"));
        std::fs::write(&path, [0x1f, 0x8b, 1, 2, 3]).unwrap();
        assert!(read_file(&path, 10).unwrap_err().message.starts_with("cannot be read"));
        std::fs::write(&path, b"a").unwrap();
        assert_eq!(read_file(&path, 10).unwrap(), b"a");
    }
}
