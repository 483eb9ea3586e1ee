//! Keeping a history out of commits without a change to any file that is committed: one line of the repository's own
//! `info/exclude`.
//!
//! Only the directory that is given is looked at, never a repository around it. Ignore files are bytes, as they are for git. No
//! git is run: where the file lies is told by a `.git` directory, or by the small files of a linked work tree or submodule.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use super::text;

/// The directory of a history, as a line of an ignore file names it.
const NAME: &str = ".agent-history";

/// Whether a line of the root's `.gitignore` or of its repository's `info/exclude` is the history's name and nothing else. Patterns
/// that match it all the same, and negations, do not count; a file that cannot be read has no lines.
pub fn is_ignored(root: &Path) -> bool {
    // A link at `.git` is followed here, where nothing is written.
    let git_dir = git_dir(root).unwrap_or_else(|| root.join(".git"));
    [root.join(".gitignore"), git_dir.join("info/exclude")].iter().any(|file| names_history(file))
}

/// Adds the history to `info/exclude` unless it is ignored already. True when a line was added. Nothing is done, and nothing said,
/// where that cannot be: no repository, no `info` directory, a link in the way, an error of the system.
pub fn register(root: &Path) -> bool {
    !is_ignored(root) && git_dir(root).is_some_and(|git_dir| add_line(&git_dir).unwrap_or(false))
}

fn names_history(file: &Path) -> bool {
    let Ok(bytes) = read(file) else { return false };
    // What is not UTF-8 never is the name.
    let content = bytes.to_str_lossy();
    text::lines(&content).any(|line| text::trim(line).trim_matches('/') == NAME)
}

/// The git directory whose `info/exclude` counts for this root.
fn git_dir(root: &Path) -> Option<PathBuf> {
    let dot_git = root.join(".git");
    let kind = dot_git.symlink_metadata().ok()?;
    if kind.is_dir() {
        return Some(dot_git);
    }
    let git_dir = kind.is_file().then(|| named_in(&dot_git, b"gitdir:")).flatten()?;
    // What has no HEAD is no git directory, and none of our business.
    git_dir.join("HEAD").symlink_metadata().ok()?;
    Some(named_in(&git_dir.join("commondir"), b"").unwrap_or(git_dir))
}

/// The path that a small file names, from where the file lies.
fn named_in(file: &Path, prefix: &[u8]) -> Option<PathBuf> {
    let bytes = read(file).ok()?;
    let path =
        bytes.strip_prefix(prefix)?.trim_start_with(|ch| ch == ' ').trim_end_with(|ch| matches!(ch, '\n' | '\r'));
    let is_path = !path.is_empty() && !path.contains(&0);
    Some(file.parent()?.join(path.to_path().ok().filter(|_| is_path)?))
}

/// The bytes of a file, and of nothing that could block.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    if file.metadata()?.is_file() { fs::read(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

/// Appends the line in one write, so that whoever appends at the same time loses nothing.
fn add_line(git_dir: &Path) -> io::Result<bool> {
    let info = git_dir.join("info");
    let file = info.join("exclude");
    let is_in_the_way = file.symlink_metadata().is_ok_and(|kind| !kind.is_file());
    if is_in_the_way || !info.symlink_metadata()?.is_dir() {
        return Ok(false);
    }
    let mut file = open(&file)?;
    let line = format!("{}{NAME}/\n", if ends_a_line(&mut file)? { "" } else { "\n" });
    file.write_all(line.as_bytes())?;
    Ok(true)
}

fn open(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // A link that was put there a moment ago is not followed either.
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    options.open(file)
}

/// Whether what is appended begins a line. For git, only a line feed ends one.
fn ends_a_line(file: &mut File) -> io::Result<bool> {
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    Ok(last == *b"\n")
}

#[cfg(all(test, unix))]
mod tests;
