//! What a refusal means for the user: the one table from the errors of apply to words, hints and exit statuses.

use super::exact;
use crate::apply::Error;
use crate::cli::{Exit, Failure};

const INTRODUCE: &str = "git config --global user.name \"Your Name\" && git config --global user.email you@example.com";
const SIGN_LATER: &str = "apply with --no-gpg-sign and sign later: git rebase --exec 'git commit --amend --no-edit -S'";
const CONTRADICTORY: &str = "the capture contradicts itself; do not trust it, capture again";
const NOT_ATOMIC: &str = "without --atomic, what fits lands and the conflict is left for you to resolve";

/// What a refusal means for the user: exit status, a word for programs, what to type next.
pub(in crate::cli) fn failure(error: Error, id: &str) -> Failure {
    let message = error.to_string();
    let make = |kind: &'static str| Failure::new(Exit::Failed, kind, message.clone());
    match error {
        Error::Git(error) => error.into(),
        Error::Session(error) => error.into(),
        Error::Mbox(_) | Error::Patch { .. } | Error::Incomplete { .. } => {
            make("corrupt").hint("capture it again, or copy it again as a binary file")
        }
        Error::Corrupt { .. } | Error::Objects { .. } => make("corrupt").hint(CONTRADICTORY),
        Error::HostilePath { .. } | Error::ThroughLink { .. } => {
            make("hostile-path").hint("nothing of this capture was applied; look at it with: git glue-diff")
        }
        Error::Inflates { limit, .. } => make("too-large").hint(format!(
            "look at it with: git glue-show {id}; if you expect files of that size: git config glue.maxInflated {}",
            limit.saturating_mul(4)
        )),
        Error::Io { .. } => make("io"),
        Error::ObjectFormat { .. } => make("object-format").hint("apply in a repository of the same object format"),
        Error::NoWorkTree { .. } => make("no-work-tree").hint(format!("git glue-apply --no-checkout {id}")),
        Error::UnbornHead => make("unborn-head").hint("make a first commit, or switch to a branch that has one"),
        Error::NoSuchCommit { .. } => make("no-such-commit"),
        Error::EarlierCapture { id: earlier, .. } => make("branch-taken").hint(format!(
            "git glue-apply --undo {earlier}, then apply again; or: git glue-apply --branch <name> {id}"
        )),
        Error::BranchTaken { .. } | Error::BranchBlocked { .. } => {
            make("branch-taken").hint(format!("git glue-apply --branch <another name> {id}"))
        }
        Error::Begun { id: begun, .. } => make("begun").hint(format!(
            "finish it (git glue-apply --continue {id}), or take it back: git glue-apply --undo {begun}"
        )),
        Error::BranchName { .. } => make("branch-name"),
        Error::NoIdentity { .. } => make("no-identity").hint(INTRODUCE),
        Error::Busy(what) => make("in-progress").hint(format!(
            "finish it first ({}), or land elsewhere: git glue-apply --worktree <path> {id}",
            ending(what.command())
        )),
        Error::IndexLocked { .. } => make("index-locked").hint("if no other git is running here, remove that file"),
        Error::Staged { .. } => {
            make("staged").hint(format!("commit or stash them, or: git glue-apply --worktree <path> {id}"))
        }
        Error::InTheWay(_) => {
            make("in-the-way").hint(format!("commit, stash or move them, or: git glue-apply --worktree <path> {id}"))
        }
        Error::WorktreeExists { .. } => make("worktree-exists").hint("name a path that does not exist yet"),
        Error::UncommittedNeedsWorkTree => make("needs-work-tree")
            .hint(format!("add --commit-worktree, or land it elsewhere: git glue-apply --worktree <path> {id}")),
        Error::Conflicts { .. } => make("conflict").hint(NOT_ATOMIC),
        Error::Exact(refusal) => exact::failure(&refusal, id),
        Error::CannotSign { .. } => make("cannot-sign").hint(SIGN_LATER),
        Error::Unresolved { .. } => {
            make("unresolved").hint(format!("resolve and git add them, then: git glue-apply --continue {id}"))
        }
        Error::NothingResolved { .. } => make("nothing-resolved")
            .hint(format!("to leave it out: git am --skip, then: git glue-apply --continue {id}")),
        Error::NoRecord { .. } => make("not-applied"),
        Error::ChangedSince(_) => make("changed-since").hint("git reflog shows where you were"),
    }
}

/// The same for a refusal of undo, which has other ways out.
pub(super) fn undo_failure(error: Error, id: &str) -> Failure {
    let message = error.to_string();
    let make = |kind: &'static str| Failure::new(Exit::Failed, kind, message.clone());
    match error {
        Error::InTheWay(_) | Error::Staged { .. } => {
            make("in-the-way").hint(format!("git stash or restore them, then: git glue-apply --undo {id}"))
        }
        Error::Busy(what) if what.command() == "am" => {
            make("in-progress").hint(format!("git am --abort && git glue-apply --undo {id}"))
        }
        Error::Busy(what) => make("in-progress")
            .hint(format!("finish it first ({}), then: git glue-apply --undo {id}", ending(what.command()))),
        error => failure(error, id),
    }
}

/// How something that is in progress is brought to its end.
fn ending(command: &str) -> String {
    match command {
        "bisect" => "git bisect reset".to_owned(),
        other => format!("git {other} --continue or --abort"),
    }
}
