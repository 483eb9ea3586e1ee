//! What would run on this machine once the resulting tree is checked out.
//!
//! Judged from names, modes and, where the caller hands them in, contents of the tree's changed files, never from the patch's text.
//! `names` knows which files programs run unasked, `content` reads the few whose bytes decide. Nothing is forbidden here: most of what
//! is found is honest work, the person should only see it before it runs.

mod content;
mod names;

pub use content::looks_into;

use std::collections::HashSet;

use bstr::{BStr, BString, ByteSlice};

use super::path::SYMLINK;

/// Git's mode of an executable file.
const EXECUTABLE: u32 = 0o100755;
/// Git's mode of a submodule's commit.
const GITLINK: u32 = 0o160000;

/// One path of the tree that differs from the person's own.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// Relative to the top of the tree, separated by slashes.
    pub path: &'a BStr,
    /// Git's mode before; `None` for a new path.
    pub old_mode: Option<u32>,
    /// Git's mode after; `None` for a deleted path, which is never a finding.
    pub new_mode: Option<u32>,
    /// The blob's bytes before, when small enough to look at: what was there already is not reported again.
    pub old: Option<&'a [u8]>,
    /// The blob's bytes after, when small enough to look at; a symbolic link's are its target.
    pub new: Option<&'a [u8]>,
}

/// What makes the file run, the most dangerous first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Git runs it at its next commit, checkout or push.
    GitHook,
    /// Git runs a filter, diff or merge driver of this name, if the person's configuration has one.
    GitDriver,
    /// Git fetches or follows another repository.
    Submodule,
    /// Writing or reading there leaves the tree.
    SymlinkOutside,
    /// A coding agent obeys it or starts programs named in it.
    Agent,
    /// An editor reads it when the folder is opened.
    Editor,
    /// A shell or version manager reads it when the directory is entered.
    Environment,
    /// A package manager runs or obeys it on install.
    Package,
    /// A build or test runs it.
    Build,
    /// A server runs it once it is pushed, with the repository's secrets at hand.
    Ci,
    /// It became executable.
    Executable,
}

/// One thing that would run, or decides what runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What makes it run.
    pub category: Category,
    /// The file, as it is in the tree: to be escaped before it is shown.
    pub path: BString,
    /// Why it is listed, in plain words; what it quotes from the file is escaped already.
    pub reason: String,
}

/// Everything among `changes` that would run here, the most dangerous first, then by path. `hooks_path` is the value of
/// `core.hooksPath` relative to the top of the tree, where that is set and lies inside.
///
/// Names are compared without regard to case, as file systems may. Links are followed by their text alone: a link that leaves the
/// tree through another link is found as soon as that other one is part of `changes`.
pub fn runs_here<'a>(changes: impl IntoIterator<Item = Change<'a>>, hooks_path: Option<&BStr>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut repositories = Repositories::default();
    for change in changes {
        let Some(mode) = change.new_mode else { continue };
        repositories.note(change.path);
        let before = found.len();
        let mut add = |category, reason| {
            found.push(Finding { category, path: change.path.to_owned(), reason });
        };
        match mode {
            GITLINK => add(Category::Submodule, "points at a commit of another repository".into()),
            SYMLINK => link_leaves(&change).into_iter().for_each(|why| add(Category::SymlinkOutside, why)),
            _ => content::look(&change, &mut add),
        }
        if let Some((category, reason)) = names::of(change.path, hooks_path) {
            add(category, reason.into());
        }
        if mode == EXECUTABLE && change.old_mode != Some(EXECUTABLE) && found.len() == before {
            let reason = "became executable".into();
            found.push(Finding { category: Category::Executable, path: change.path.to_owned(), reason });
        }
    }
    found.extend(repositories.findings());
    found.sort();
    found
}

/// Where a symbolic link leads, when that is out of the tree, into `.git`, or unknown.
fn link_leaves(change: &Change<'_>) -> Option<String> {
    let Some(target) = change.new else {
        return Some("is a symbolic link whose target was not looked at".into());
    };
    let shown = content::quote(target);
    if target.starts_with(b"/") || target.starts_with(b"\\") || target.get(1) == Some(&b':') {
        return Some(format!("is a symbolic link to the absolute path {shown}"));
    }
    let mut depth = change.path.find_iter("/").count();
    for name in target.split(|byte| matches!(byte, b'/' | b'\\')) {
        match name {
            b"" | b"." => {}
            b".." if depth == 0 => {
                return Some(format!("is a symbolic link out of the tree, to {shown}"));
            }
            b".." => depth -= 1,
            name if is_git_directory(name) => {
                return Some(format!("is a symbolic link into a git directory, to {shown}"));
            }
            _ => depth += 1,
        }
    }
    None
}

fn is_git_directory(name: &[u8]) -> bool {
    super::path_problem(name.as_bstr(), None) == Some(super::PathProblem::DotGit)
}

/// Directories that git would take for a bare repository, and obey, when it is run inside them (`safe.bareRepository` of git-config(1)).
#[derive(Default)]
struct Repositories {
    heads: HashSet<BString>,
    configs: HashSet<BString>,
}

impl Repositories {
    fn note(&mut self, path: &BStr) {
        let lower = path.to_ascii_lowercase();
        let (directory, name) = lower.rsplit_once_str("/").unwrap_or((b"", &lower));
        match name {
            b"head" => self.heads.insert(directory.into()),
            b"config" => self.configs.insert(directory.into()),
            _ => false,
        };
    }

    fn findings(&self) -> impl Iterator<Item = Finding> {
        self.heads.intersection(&self.configs).map(|directory| Finding {
            category: Category::GitHook,
            path: directory.clone(),
            reason: "looks like a bare git repository, whose configuration git obeys inside it".into(),
        })
    }
}

#[cfg(test)]
mod tests;
