//! Files that are replaced whole or not at all: temporary file in the same directory, fsync, rename, fsync of the
//! directory. What is written, and when, is decided by the callers.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use tempfile::NamedTempFile;

/// What a temporary file of ours starts and ends with; nothing that looks like this is ever taken for data.
const PREFIX: &str = ".glue-";
const SUFFIX: &str = ".tmp";

/// How long nobody may have written to a temporary file before it counts as left behind by a crash.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// An empty temporary file (0600) in `dir`, removed when it is dropped without [`replace_with`].
pub(crate) fn temp_in(dir: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).tempfile_in(dir)
}

/// Makes `content` the content of `path`.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut temp = temp_in(parent(path))?;
    temp.write_all(content)?;
    replace_with(temp, path)
}

/// Moves a temporary file of the same file system to `path`, durably.
pub(crate) fn replace_with(temp: NamedTempFile, path: &Path) -> io::Result<()> {
    temp.as_file().sync_all()?;
    temp.persist(path).map_err(|e| e.error)?;
    sync_dir(parent(path))
}

/// Renames `from` to `to`, durably, replacing `to`.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_dir(parent(to))
}

/// Removes `path`; that it is not there is fine.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Makes `dir` with the store's mode 0700; its parents must exist.
pub(crate) fn create_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Gives an existing directory the store's mode 0700.
pub(crate) fn make_private(dir: &Path) -> io::Result<()> {
    #[cfg(unix)]
    fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    let _ = dir;
    Ok(())
}

/// Whether a file has the name of a temporary one of ours.
pub(crate) fn is_temporary(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX))
}

/// Removes what a crash left behind in `dir`. Best effort: a file that cannot be removed hurts nobody.
pub(crate) fn sweep(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let idle = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
        if is_temporary(&entry.file_name()) && idle().is_some_and(|idle| idle > ABANDONED) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Runs `work` while no other process of ours runs one on the same directory.
///
/// The kernel's lock on the directory itself goes away with the process that holds it and leaves no file behind. Where
/// the file system has no such locks, `work` runs all the same: every caller stays correct, only less tidy.
pub(crate) fn exclusively<T>(dir: &Path, work: impl FnOnce() -> T) -> T {
    let handle = File::open(dir).ok();
    if let Some(handle) = &handle {
        let _ = handle.lock();
    }
    work()
}

/// Runs `work` while no other process of ours is inside [`exclusively`] on the same directory.
pub(crate) fn undisturbed<T>(dir: &Path, work: impl FnOnce() -> T) -> T {
    let handle = File::open(dir).ok();
    if let Some(handle) = &handle {
        let _ = handle.lock_shared();
    }
    work()
}

/// The directory that a path is in.
pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Some file systems refuse to sync a directory; the rename has happened nevertheless.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    if let Ok(handle) = File::open(dir) {
        let _ = handle.sync_all();
    }
    Ok(())
}

/// What tells one file from another that took its name.
#[cfg(unix)]
pub(crate) fn identity(about: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (about.dev(), about.ino())
}

/// What tells one file from another that took its name: not known here.
#[cfg(not(unix))]
pub(crate) fn identity(_about: &fs::Metadata) -> (u64, u64) {
    (0, 0)
}

/// Opens a file of a session for adding to it, or begins one. It is not looked for elsewhere: a link could lead anywhere.
pub(crate) fn open_to_add(path: &Path) -> io::Result<File> {
    if path.symlink_metadata().is_ok_and(|about| !about.is_file()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
