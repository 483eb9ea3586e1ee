//! Why nothing was applied. Every variant leaves the repository as it was.

use std::path::PathBuf;

use bstr::BString;

use crate::audit::PathProblem;
use crate::git::InProgress;

/// A refusal or a failure; nothing of the user's was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// git itself failed.
    #[error(transparent)]
    Git(#[from] crate::git::Error),
    /// The capture cannot be read.
    #[error("the capture cannot be read: {0}")]
    Mbox(#[from] crate::mbox::Error),
    /// The capture cannot be opened.
    #[error(transparent)]
    Session(#[from] crate::session::Error),
    /// A diff in the capture is not one.
    #[error("entry {entry} of the capture: {source}")]
    Patch {
        /// Which entry, from 1.
        entry: usize,
        /// What is wrong with it.
        source: crate::patch::Error,
    },
    /// What the capture brings along for merges is nothing that a capture writes.
    #[error("the capture's X-Glue-Objects {reason}")]
    Objects {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// What a few bytes of the capture make of themselves would fill memory.
    #[error(
        "the binary files of the capture inflate to {bytes} bytes and more by entry {entry}, of which '{path}' has {file}; {limit} are allowed, and half of that for one file"
    )]
    Inflates {
        /// Which entry, from 1.
        entry: usize,
        /// The file that was too much.
        path: BString,
        /// What it inflates to, in bytes.
        file: u64,
        /// What all files up to it inflate to, in bytes.
        bytes: u64,
        /// What is allowed for all, in bytes.
        limit: u64,
    },
    /// A file could not be read or written.
    #[error("{what} {}: {source}", .path.display())]
    Io {
        /// "cannot read", "cannot write"
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The capture announces more entries than it holds.
    #[error("the capture is incomplete: it announces {announced} entries and holds {found}")]
    Incomplete {
        /// How many there should be.
        announced: u64,
        /// How many there are.
        found: usize,
    },
    /// The repository's object ids are of another kind.
    #[error("the capture's object ids are {capture}, this repository's are {repository}")]
    ObjectFormat {
        /// sha1 or sha256
        capture: String,
        /// sha1 or sha256
        repository: &'static str,
    },
    /// The capture contradicts itself: a change of the right file does not have the result that it names.
    #[error("the capture is corrupt: entry {entry} ({subject}) {reason}")]
    Corrupt {
        /// Which entry, from 1.
        entry: usize,
        /// Its subject.
        subject: BString,
        /// What does not fit together.
        reason: String,
    },
    /// The capture names a path that no repository may hold.
    #[error("entry {entry} of the capture names the path '{path}', which {}", .problem)]
    HostilePath {
        /// Which entry, from 1.
        entry: usize,
        /// The path.
        path: BString,
        /// What is wrong with it.
        problem: PathProblem,
    },
    /// The capture writes through a symbolic link that it makes itself.
    #[error("entry {entry} of the capture names the path '{path}', which leads through its own symbolic link '{link}'")]
    ThroughLink {
        /// Which entry, from 1.
        entry: usize,
        /// The path.
        path: BString,
        /// The link.
        link: BString,
    },
    /// There is no work tree to land in.
    #[error("{} has no work tree to land in", .git_dir.display())]
    NoWorkTree {
        /// The git directory.
        git_dir: PathBuf,
    },
    /// HEAD has no commit yet.
    #[error("this repository has no commit yet to apply onto")]
    UnbornHead,
    /// `--onto` names no commit.
    #[error("'{revision}' does not name a commit here")]
    NoSuchCommit {
        /// What was asked for.
        revision: String,
    },
    /// The branch is there.
    #[error("a branch named '{branch}' exists already, and it does not hold this capture")]
    BranchTaken {
        /// Its short name.
        branch: String,
    },
    /// The branch is there, from an earlier capture of the session.
    #[error("{branch} holds an earlier capture of this session")]
    EarlierCapture {
        /// Its short name.
        branch: String,
        /// The session.
        id: String,
    },
    /// git keeps branches as files and folders: `x` and `x/y` exclude each other.
    #[error("a branch named '{by}' exists, beside which there cannot be one named '{branch}'")]
    BranchBlocked {
        /// The short name of the branch to make.
        branch: String,
        /// The short name of the one that is there.
        by: String,
    },
    /// An earlier apply of this capture is on the branch, and is not finished.
    #[error("this capture was applied on '{branch}' before, up to a conflict")]
    Begun {
        /// The short name of the branch.
        branch: String,
        /// The session.
        id: String,
    },
    /// git does not take the branch's name.
    #[error("'{branch}' is not a name for a branch")]
    BranchName {
        /// The short name.
        branch: String,
    },
    /// Who commits is not known.
    #[error("git does not know who you are: {reason}")]
    NoIdentity {
        /// git's words.
        reason: String,
    },
    /// The user is in the middle of something.
    #[error("a `git {}` is in progress here", .0.command())]
    Busy(InProgress),
    /// Another git, or one that died, holds the index.
    #[error("the index is locked: {} exists", .lock.display())]
    IndexLocked {
        /// The lock file.
        lock: PathBuf,
    },
    /// Changes are staged.
    #[error("you have staged changes, which would mix with what lands:\n{}", list(.paths))]
    Staged {
        /// Their paths.
        paths: Vec<BString>,
    },
    /// Files of the user's are where files of the capture must go.
    #[error("your files are in the way:\n{}", obstacles(.0))]
    InTheWay(Vec<Obstacle>),
    /// The new work tree's folder is not free.
    #[error("{} exists already", .path.display())]
    WorktreeExists {
        /// The folder.
        path: PathBuf,
    },
    /// Uncommitted work needs a work tree.
    #[error("the capture holds uncommitted work, which a branch alone cannot hold")]
    UncommittedNeedsWorkTree,
    /// It does not fit, and nothing but all of it was wanted.
    #[error("entry {entry} ({subject}) does not fit:\n{}", list(.paths))]
    Conflicts {
        /// Which entry, from 1.
        entry: usize,
        /// Its subject.
        subject: BString,
        /// Where.
        paths: Vec<BString>,
    },
    /// The commits cannot have the sandbox's ids, or there is nothing to prove them against.
    #[error(transparent)]
    Exact(#[from] super::exact::Refusal),
    /// `commit.gpgSign` is set and this commit cannot be signed as it is.
    #[error("`commit.gpgSign` is set, and the commit '{subject}' cannot be signed without changing it: {reason}")]
    CannotSign {
        /// The commit's subject.
        subject: BString,
        /// Why.
        reason: String,
    },
    /// The conflict is not resolved yet.
    #[error("these files are still in conflict:\n{}", list(.paths))]
    Unresolved {
        /// Their paths.
        paths: Vec<BString>,
    },
    /// The conflict was resolved to what was there before, so that there is nothing to commit.
    #[error("nothing is left of the commit '{subject}': the index is what it was before it")]
    NothingResolved {
        /// The commit's subject.
        subject: BString,
    },
    /// There is nothing to undo or to continue.
    #[error("nothing of {id} was applied here that could be {verb}")]
    NoRecord {
        /// The session.
        id: String,
        /// "undone" or "continued"
        verb: &'static str,
    },
    /// What was applied has been worked on since.
    #[error("{0}")]
    ChangedSince(String),
}

/// A file of the user's where one of the capture must go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// Its path.
    pub path: BString,
    /// What it is: "has changes that are not committed", "is not tracked".
    pub what: &'static str,
}

/// Paths, one a line, and a count of those beyond the first twenty.
fn list(paths: &[BString]) -> String {
    lines(paths.iter().map(|path| path.to_string()), paths.len())
}

fn obstacles(obstacles: &[Obstacle]) -> String {
    lines(obstacles.iter().map(|obstacle| format!("{} ({})", obstacle.path, obstacle.what)), obstacles.len())
}

fn lines(items: impl Iterator<Item = String>, count: usize) -> String {
    const SHOWN: usize = 20;
    let mut lines: Vec<String> = items.take(SHOWN).map(|item| format!("  {item}")).collect();
    if count > SHOWN {
        lines.push(format!("  and {} more", count - SHOWN));
    }
    lines.join("\n")
}
