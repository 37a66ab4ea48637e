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
    let failed = |e: io::Error| {
        let error = DataError::new(format!("cannot be read: {e}")).at(path);
        match e.kind() {
            io::ErrorKind::NotFound => error.help("paths in a model file are relative to the folder of that file"),
            _ => error,
        }
    };
    let mut file = File::open(path).map_err(failed)?;
    let mut head = Vec::new();
    file.by_ref().take(2).read_to_end(&mut head).map_err(failed)?;
    let packed = head == GZIP;
    let whole = io::Cursor::new(head).chain(file);
    let bytes =
        if packed { read_limited(MultiGzDecoder::new(whole), max_bytes) } else { read_limited(whole, max_bytes) };
    bytes.map_err(failed)?.ok_or_else(|| too_large(max_bytes).at(path))
}

/// Everything `reader` yields, or `None` when that is more than `max_bytes`.
pub(crate) fn read_limited(reader: impl Read, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= max_bytes).then_some(bytes))
}

/// The error for data beyond the limit.
pub(crate) fn too_large(max_bytes: u64) -> DataError {
    DataError::new(format!("is larger than {max_bytes} bytes once unpacked"))
        .help("raise `max_bytes` in the data section if the file is to be trusted")
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
        assert!(error.help.unwrap().contains("max_bytes"));
    }

    #[test]
    fn missing_and_damaged_files_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.gz");
        assert!(read_file(&path, 10).unwrap_err().help.unwrap().contains("relative"));
        std::fs::write(&path, [0x1f, 0x8b, 1, 2, 3]).unwrap();
        assert!(read_file(&path, 10).unwrap_err().message.starts_with("cannot be read"));
        std::fs::write(&path, b"a").unwrap();
        assert_eq!(read_file(&path, 10).unwrap(), b"a");
    }
}
