//! The commits since the bootstrap, and what is to be said when HEAD is not on top of it.

use bstr::ByteSlice;

use super::{Bootstrap, Findings, Workspace};
use crate::git::{Commit, Error};

/// The ids of the commits of HEAD since the bootstrap, by first parents, oldest first, where the way from HEAD leads straight
/// to it; `None` where git has to be asked.
pub(super) fn straight(workspace: &Workspace, bootstrap: &Bootstrap) -> Result<Option<Vec<String>>, Error> {
    /// Whoever is further away has another history, most likely.
    const MOST: usize = 10_000;
    let (Some(head), Some(start)) = (&workspace.head, &bootstrap.commit) else { return Ok(None) };
    // There git knows where history ends.
    if workspace.repo.common_dir.join("shallow").exists() {
        return Ok(None);
    }
    let (mut list, mut next) = (Vec::new(), head.clone());
    while next != *start {
        let object = workspace.objects.commit_object(&next)?;
        let parent = Commit::parse(&object).and_then(|commit| commit.parents.into_iter().next());
        match parent {
            Some(parent) if list.len() < MOST => list.push(std::mem::replace(&mut next, parent)),
            _ => return Ok(None),
        }
    }
    list.reverse();
    Ok(Some(list))
}

/// As [`straight`], whatever the history is like; says so when it was rewritten.
pub(super) fn asked(
    workspace: &Workspace,
    bootstrap: &Bootstrap,
    findings: &mut Findings,
) -> Result<Vec<String>, Error> {
    tell_of_rewritten(workspace, bootstrap, findings)?;
    let Some(head) = &workspace.head else { return Ok(Vec::new()) };
    let command = workspace.desk.git_without_files("rev-list").args(["--first-parent", "--reverse", head]);
    let command = match &bootstrap.commit {
        Some(commit) => command.arg(format!("^{commit}")),
        None => command,
    };
    let list = command.arg("--").output()?;
    Ok(list.lines().map(|line| line.to_str_lossy().into_owned()).collect())
}

fn tell_of_rewritten(workspace: &Workspace, bootstrap: &Bootstrap, findings: &mut Findings) -> Result<(), Error> {
    let Some(commit) = &bootstrap.commit else { return Ok(()) };
    let short = |id: &str| id.chars().take(12).collect::<String>();
    let Some(head) = &workspace.head else {
        findings.note(
            "history-rewritten",
            format!("HEAD is on a branch without commits, not on top of the bootstrap {}", short(commit)),
        );
        return Ok(());
    };
    let answer = workspace.desk.git_without_files("merge-base").args([commit, head]).finish()?;
    let base = answer.stdout.trim().to_str_lossy().into_owned();
    if base == *commit {
        return Ok(());
    }
    let relation = match base.as_str() {
        "" => "they are unrelated".to_owned(),
        base if base == head => "HEAD was reset to before it".to_owned(),
        base => format!("both come from {}", short(base)),
    };
    findings.note(
        "history-rewritten",
        format!(
            "HEAD ({}) is not on top of the bootstrap ({}): {relation}. Everything is captured; the first entry also holds what \
             differs between the bootstrap and where the agent's history begins",
            short(head),
            short(commit)
        ),
    );
    Ok(())
}
