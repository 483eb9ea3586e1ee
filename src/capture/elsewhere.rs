//! Work that is in the repository but not in HEAD, the index or the work tree: other branches, stashes, what was begun and
//! not finished.

use bstr::{BString, ByteSlice};

use super::submodules::is_dirty;
use super::{Bootstrap, Findings, Workspace};
use crate::git::Error;
use crate::session::counted;

/// Looks for it, and says what is there.
pub(super) fn look(workspace: &Workspace, bootstrap: &Bootstrap, findings: &mut Findings) -> Result<(), Error> {
    let repo = &workspace.repo;
    if let Some(state) = repo.in_progress() {
        let command = state.command();
        findings.note(
            format!("unfinished-{command}").as_str(),
            format!("a {command} was begun and not finished: the files are captured as they are, its state is not"),
        );
    }
    if repo.git_dir.join("index.lock").exists() {
        findings.note(
            "index-lock",
            "there is an index.lock: a git is at work here, or was killed; the index is captured as it was before",
        );
    }
    stashes(workspace, findings)?;
    branches(workspace, bootstrap, findings)?;
    other_work_trees(workspace, findings)
}

fn stashes(workspace: &Workspace, findings: &mut Findings) -> Result<(), Error> {
    let repo = &workspace.repo;
    if repo.resolve("refs/stash")?.is_none() {
        return Ok(());
    }
    let log = std::fs::read(repo.common_dir.join("logs/refs/stash")).unwrap_or_default();
    let count = log.lines().count().max(1);
    let what = counted(count, "stash is", "stashes are");
    findings.note("stash", format!("{what} not captured: `git stash branch <name>` makes a branch of one"));
    Ok(())
}

/// Local branches with commits that neither HEAD, nor the bootstrap, nor a remote has. (What a remote has is not lost with
/// the sandbox.)
fn branches(workspace: &Workspace, bootstrap: &Bootstrap, findings: &mut Findings) -> Result<(), Error> {
    let repo = &workspace.repo;
    let mut known: String = repo.refs_at("refs/remotes")?.iter().map(|(_, id)| format!("^{id}\n")).collect();
    let local = repo.refs_at("refs/heads")?;
    let snapshot = bootstrap.snapshot.as_ref().map(|(id, _)| id);
    for id in workspace.head.iter().chain(&bootstrap.commit).chain(snapshot) {
        known += &format!("^{id}\n");
    }
    let mut named = Vec::new();
    for (name, id) in local.into_iter().filter(|(_, id)| workspace.head.as_ref() != Some(id)) {
        let command = workspace.desk.git_without_files("rev-list").args(["--count", "--ignore-missing", "--stdin"]);
        let count: usize = command.input(format!("{id}\n{known}")).line()?.to_str_lossy().parse().unwrap_or(0);
        if count > 0 {
            let name = name.trim_start_matches("refs/heads/");
            named.push(BString::from(format!("{name} ({})", counted(count, "commit", "commits"))));
        }
    }
    findings.about("other-branches", &named, |names| {
        format!("only the branch of HEAD is captured; commits are left on {names}")
    });
    Ok(())
}

/// Other work trees of the repository with uncommitted work: they are captured by running it there.
fn other_work_trees(workspace: &Workspace, findings: &mut Findings) -> Result<(), Error> {
    let is_alone = !workspace.repo.is_linked() && !workspace.repo.common_dir.join("worktrees").exists();
    if is_alone {
        return Ok(());
    }
    let answer = workspace.repo.git("worktree").args(["list", "--porcelain"]).output()?;
    let here = workspace.top.canonicalize().unwrap_or_else(|_| workspace.top.clone());
    let others: Vec<BString> = answer
        .lines()
        .filter_map(|line| line.strip_prefix(b"worktree "))
        .filter(|path| path.to_path_lossy().canonicalize().is_ok_and(|path| path != here && path.join(".git").exists()))
        .filter(|path| is_dirty(&path.to_path_lossy()).unwrap_or(true))
        .map(BString::from)
        .collect();
    findings.about("other-work-trees", &others, |names| {
        format!("another work tree of this repository has uncommitted work, which is not captured: {names} (`git glue-capture -C` does)")
    });
    Ok(())
}
