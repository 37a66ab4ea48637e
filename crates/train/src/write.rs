//! Writing files so that they are complete or not there.

use std::fs::{Metadata, Permissions};
use std::io::{Error, ErrorKind, Result, Write};
use std::path::Path;

use crate::error::TrainError;

/// Writes a file so that it is complete or not there. A file that is there keeps its permissions, and one that is
/// read-only is not replaced; what a symbolic link leads to is replaced, not the link.
///
/// # Errors
/// When the folder cannot be written to, or the file is read-only.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> std::result::Result<(), TrainError> {
    write(path, bytes).map_err(|e| TrainError::file(path, "written", &e))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let there = std::fs::metadata(&path).ok();
    if there.as_ref().is_some_and(|there| !there.is_file()) {
        // A terminal or a pipe takes bytes and cannot be replaced; a folder refuses them.
        return std::fs::write(&path, bytes);
    }
    if there.as_ref().is_some_and(|there| there.permissions().readonly()) {
        return Err(Error::new(ErrorKind::PermissionDenied, "it is read-only"));
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    let fresh = fresh();
    if let Some(permissions) = &fresh {
        builder.permissions(permissions.clone());
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    if let Some(permissions) = there.as_ref().map(Metadata::permissions) {
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}

/// The permissions to ask for a new file, of which the system takes away what the user keeps from others.
#[cfg(unix)]
fn fresh() -> Option<Permissions> {
    Some(std::os::unix::fs::PermissionsExt::from_mode(0o666))
}

#[cfg(not(unix))]
fn fresh() -> Option<Permissions> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_file_has_the_permissions_of_any_other_and_an_old_one_keeps_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let [plain, ours, link] = ["plain", "ours", "link"].map(|name| folder.path().join(name));
        std::fs::write(&plain, "").unwrap();
        write_atomically(&ours, b"1").unwrap();
        assert_eq!(mode(&ours), mode(&plain));
        std::fs::set_permissions(&ours, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&ours, &link).unwrap();
        write_atomically(&link, b"2").unwrap();
        assert_eq!((mode(&ours), std::fs::read(&ours).unwrap()), (0o640, b"2".to_vec()));
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        std::fs::set_permissions(&ours, Permissions::from_mode(0o444)).unwrap();
        assert!(write_atomically(&ours, b"3").unwrap_err().message.ends_with("it is read-only"));
        assert_eq!(std::fs::read(&ours).unwrap(), b"2");
        write_atomically(Path::new("/dev/null"), b"4").unwrap();
        assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
    }
}
