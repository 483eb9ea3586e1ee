//! What git does not list at all: empty directories, pipes and sockets; and what it lists but does not look into:
//! ignored files and repositories inside the work tree.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use bstr::{BString, ByteSlice, ByteVec};

use super::worktree::others;
use super::{Findings, IndexState, Selection, Workspace};
use crate::git::{Error, Repo};
use crate::session::counted;

/// The kind of the warning about ignored files.
pub const IGNORED: &str = "ignored-files";

/// Looks for what the capture cannot carry; what is neither file nor symbolic link goes to `special`.
pub(super) fn look(
    workspace: &Workspace,
    index: &IndexState,
    selection: &Selection,
    special: &mut Vec<BString>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let ignored = others(workspace, &["--ignored", "--directory"], Vec::new())?;
    let taken = match selection.include_ignored.as_slice() {
        [] => Vec::new(),
        wanted => others(workspace, &["--ignored", "--directory"], wanted.to_vec())?,
    };
    let left_out: Vec<BString> = ignored.iter().filter(|path| !taken.contains(path)).cloned().collect();
    tell_ignored(&left_out, findings);
    let mut walk = Walk { passed_over: ignored.iter().map(trimmed).collect(), empty: Vec::new(), special };
    walk.passed_over.extend(workspace.own_files());
    walk.passed_over.extend(index.submodules.iter().map(|(path, _)| path.clone()));
    walk.directory(&workspace.top, BString::default());
    let mut empty = std::mem::take(&mut walk.empty);
    empty.sort();
    special.sort();
    tell_empty(&empty, findings);
    Ok(())
}

/// Says which repositories lie inside this one, with what they hold.
pub(super) fn tell_nested(workspace: &Workspace, nested: &[BString], findings: &mut Findings) {
    let names: Vec<BString> = nested.iter().map(trimmed).collect();
    let about: Vec<String> = names.iter().take(3).map(|path| held(&workspace.file(path.as_bstr()))).collect();
    findings.about("nested-repository", &names, |list| {
        format!("a repository of its own, so not captured: {list} ({})", about.join("; "))
    });
}

/// Says which folders have nothing in them.
pub(super) fn tell_empty(empty: &[BString], findings: &mut Findings) {
    findings.about("empty-directory", empty, |names| {
        format!("git does not keep empty directories, so not captured: {names}")
    });
}

/// Says which files are ignored.
pub(super) fn tell_ignored(left_out: &[BString], findings: &mut Findings) {
    findings.about(IGNORED, left_out, |names| {
        let count = counted(left_out.len(), "ignored file or directory", "ignored files and directories");
        format!("{count} left out: {names}")
    });
}

struct Walk<'a> {
    passed_over: HashSet<BString>,
    empty: Vec<BString>,
    special: &'a mut Vec<BString>,
}

impl Walk<'_> {
    /// What cannot be read is git's to complain about.
    fn directory(&mut self, directory: &Path, path: BString) {
        let Ok(entries) = fs::read_dir(directory) else { return };
        let mut is_empty = true;
        for entry in entries.flatten() {
            is_empty = false;
            let name = entry.file_name();
            let (Ok(kind), false) = (entry.file_type(), name == ".git") else { continue };
            let mut below = path.clone();
            if !below.is_empty() {
                below.push(b'/');
            }
            below.push_str(name.as_encoded_bytes());
            if self.passed_over.contains(&below) {
                continue;
            }
            if kind.is_dir() {
                let inside = entry.path();
                if inside.join(".git").symlink_metadata().is_err() {
                    self.directory(&inside, below);
                }
            } else if !kind.is_file() && !kind.is_symlink() {
                self.special.push(below);
            }
        }
        if is_empty && !path.is_empty() {
            self.empty.push(path);
        }
    }
}

fn trimmed(path: &BString) -> BString {
    path.strip_suffix(b"/").unwrap_or(path).into()
}

/// The commits and files of a repository, as far as it can be asked.
fn held(directory: &Path) -> String {
    let ask = || -> Option<String> {
        let repo = Repo::discover_foreign_at(directory).ok()??;
        let commits = match repo.resolve("HEAD^{commit}").ok()? {
            Some(_) => repo.git("rev-list").args(["--count", "HEAD", "--"]).line().ok()?.to_str_lossy().parse().ok()?,
            None => 0,
        };
        // Not --exclude-standard: that opens whatever file its configuration names, be it a pipe.
        let rules = ["-z", "--cached", "--others", "--exclude-per-directory=.gitignore"];
        let files = repo.git("ls-files").args(rules).output().ok()?;
        let files = files.iter().filter(|&&byte| byte == 0).count();
        Some(format!("{}, {}", counted(commits, "commit", "commits"), counted(files, "file", "files")))
    };
    ask().unwrap_or_else(|| "cannot be read as a repository".to_owned())
}
