//! Files that make whoever opens them wait: pipes and devices under names that git reads.
//!
//! git opens `HEAD`, refs, the index, excludes and attributes without a look at what they are, and an open of a pipe
//! that nobody writes into never returns. So a repository that somebody else had in hand is walked first. Nothing here
//! opens a file.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use super::Error;

/// Refuses a git directory, found from `directory` as git finds it, that has such a file; without `environment`
/// GIT_DIR does not count. Where there is none it is git's to say so.
pub(super) fn refuse_in_repository(directory: &Path, environment: bool) -> Result<(), Error> {
    let named = std::env::var_os("GIT_DIR").filter(|value| environment && !value.is_empty());
    let found = match named {
        Some(git_dir) => Some(directory.join(git_dir)),
        None => {
            let start = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
            let above = start.ancestors().map(|parent| parent.join(".git"));
            above.into_iter().find(|path| path.symlink_metadata().is_ok())
        }
    };
    // Inside a git directory, or nowhere.
    match found {
        Some(found) => refuse_git_dir(&found),
        None => refuse_below(directory, 0),
    }
}

/// As git finds it: the directory itself, or a file that names it.
fn refuse_git_dir(found: &Path) -> Result<(), Error> {
    regular(found)?;
    if !found.is_file() {
        return refuse_below(found, 0);
    }
    let Some(git_dir) = named_in(found, "gitdir:") else { return Ok(()) };
    refuse_below(&git_dir, 0)?;
    match named_in(&git_dir.join("commondir"), "") {
        Some(common_dir) => refuse_below(&common_dir, 0),
        None => Ok(()),
    }
}

/// Refuses a work tree in which a file of rules is such a file: git reads those of every directory it looks into. It also
/// asks every repository inside for its HEAD.
pub(super) fn refuse_in_work_tree(top: &Path) -> Result<(), Error> {
    refuse_rules(top, true)
}

fn refuse_rules(directory: &Path, is_top: bool) -> Result<(), Error> {
    const RULES: [&str; 3] = [".gitignore", ".gitattributes", ".gitmodules"];
    // What cannot be read is git's to complain about.
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        let name = entry.file_name();
        if name == ".git" {
            if !is_top {
                refuse_git_dir(&entry.path())?;
            }
        } else if kind.is_dir() {
            refuse_rules(&entry.path(), false)?;
        } else if !kind.is_file() && !kind.is_dir() && RULES.iter().any(|rules| name == *rules) {
            regular(&entry.path())?;
        }
    }
    Ok(())
}

/// Refuses one file, if opening it or what it links to could take forever.
pub(super) fn regular(path: &Path) -> Result<(), Error> {
    match path.metadata() {
        Ok(metadata) if blocks(&metadata) => Err(refused(path)),
        _ => Ok(()),
    }
}

/// The folders of a git directory that may be links into another one, as in those that `git-new-workdir` makes.
const LINKED: [&str; 5] = ["refs", "logs", "info", "objects", "worktrees"];

fn refuse_below(directory: &Path, depth: usize) -> Result<(), Error> {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        let (path, name) = (entry.path(), entry.file_name());
        let is_linked = depth == 0 && kind.is_symlink() && LINKED.iter().any(|folder| name == *folder);
        // The repositories of submodules are walked when they are asked for.
        if kind.is_dir() && (depth > 0 || name != "modules") || is_linked && path.is_dir() {
            refuse_below(&path, depth + 1)?;
        } else if !kind.is_file() && !kind.is_dir() {
            regular(&path)?;
        }
    }
    Ok(())
}

/// The path that a small file names, from where the file lies.
fn named_in(file: &Path, prefix: &str) -> Option<PathBuf> {
    const LONGEST: u64 = 64 * 1024;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > LONGEST {
        return None;
    }
    let bytes = fs::read(file).ok()?;
    let path = bytes.strip_prefix(prefix.as_bytes())?.trim_ascii();
    Some(file.parent()?.join(bstr::ByteSlice::to_os_str(path).ok()?))
}

#[cfg(unix)]
fn blocks(metadata: &Metadata) -> bool {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let kind = metadata.file_type();
    // A link to /dev/null is a customary way to say "nothing"; a socket cannot be opened, so nobody waits for it.
    let is_null = || fs::metadata("/dev/null").is_ok_and(|null| null.rdev() == metadata.rdev());
    kind.is_fifo() || kind.is_block_device() || (kind.is_char_device() && !is_null())
}

#[cfg(not(unix))]
fn blocks(_: &Metadata) -> bool {
    false
}

fn refused(path: &Path) -> Error {
    let why = std::io::Error::other("it is a pipe or a device, where git expects a file");
    Error::io("cannot read", path)(why)
}
