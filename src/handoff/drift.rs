//! Whether the repository is still where a handoff left it: the same branch, the same commit.

use std::path::Path;

use super::text;
use crate::git::{Error, Repo};

/// What is to be said about `branch` and `commit`, as a handoff recorded them, and the repository that `root` lies in: nothing when it
/// is there. The commit may be recorded short.
pub fn drift(root: &Path, branch: &str, commit: &str) -> Vec<String> {
    let Some(Head { branch: actual_branch, commit: Some(actual_commit) }) = head(root) else {
        return vec!["--git: git unavailable or not a repository".to_owned()];
    };
    let (branch, commit) = (text::trim(branch), text::trim(commit));
    let mut messages = Vec::new();
    if !is_known(branch) {
        messages.push("--git: recorded current_branch is missing/unknown — skipping branch check".to_owned());
    }
    if !is_known(commit) {
        messages.push("--git: recorded head_commit is missing/unknown — skipping commit check".to_owned());
    }
    let length = if commit.is_empty() { SHORT } else { commit.chars().count() };
    let short = actual_commit.get(..length).unwrap_or(&actual_commit);
    let is_other_branch = is_known(branch) && branch != actual_branch;
    if is_other_branch || is_known(commit) && !short.eq_ignore_ascii_case(commit) {
        messages.push(format!(
            "drift: handoff recorded {}@{} but repo is at {actual_branch}@{short}",
            or_unknown(branch),
            or_unknown(commit)
        ));
    }
    messages
}

/// Where a repository is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The branch as `git rev-parse --abbrev-ref HEAD` names it; `HEAD` when detached.
    pub(super) branch: String,
    /// The commit's full id in hex; `None` before the first one.
    pub(super) commit: Option<String>,
}

/// Where the repository is that a directory lies in, as `git -C` finds it. `None` without one, and where git would fail.
pub(super) fn head(directory: &Path) -> Option<Head> {
    read_head(directory).ok().flatten()
}

fn read_head(directory: &Path) -> Result<Option<Head>, Error> {
    let Some(repo) = Repo::discover(directory)? else { return Ok(None) };
    let branch = match repo.head_branch()? {
        Some(name) => branch_name(&repo, &name)?,
        None => "HEAD".to_owned(),
    };
    Ok(Some(Head { branch, commit: repo.resolve("HEAD")? }))
}

/// As many digits of a commit are shown where none are recorded.
const SHORT: usize = 7;

fn is_known(recorded: &str) -> bool {
    !["", "unknown", "(unknown)", "none"].iter().any(|word| recorded.eq_ignore_ascii_case(word))
}

fn or_unknown(recorded: &str) -> &str {
    if recorded.is_empty() { "(unknown)" } else { recorded }
}

/// The short name of the branch with this full name: longer than usual where another ref could be meant by it.
fn branch_name(repo: &Repo, full: &str) -> Result<String, Error> {
    if let Some(short) = full.strip_prefix("refs/heads/") {
        let others = ["refs/", "refs/tags/", "refs/remotes/"].map(|place| format!("{place}{short}"));
        let mut is_clear = !repo.git_dir.join(short).exists();
        for other in others.iter().chain([&format!("refs/remotes/{short}/HEAD")]) {
            is_clear &= repo.resolve(other)?.is_none();
        }
        if is_clear {
            return Ok(short.to_owned());
        }
    }
    repo.git("rev-parse").args(["--abbrev-ref", "HEAD"]).line().map(|name| name.to_string())
}

#[cfg(all(test, unix))]
mod tests;
