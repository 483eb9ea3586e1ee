//! What building a series came to: the commits, the trees, and where it stopped.

use bstr::BString;

use super::place::{Reject, Stage};
use super::proof::Proof;
use crate::audit::Secret;
use crate::mbox::Kind;

/// Everything that was built, and where it stopped.
#[derive(Debug)]
pub struct Built {
    /// The commits, oldest first.
    pub commits: Vec<BuiltCommit>,
    /// Subjects of commit entries whose changes were there already.
    pub already: Vec<BString>,
    /// The commit that the branch gets.
    pub tip: String,
    /// What is committed.
    pub tip_tree: String,
    /// What is staged.
    pub index_tree: String,
    /// What is in the work tree.
    pub worktree_tree: String,
    /// Secrets in lines that the entries add.
    pub secrets: Vec<Secret>,
    /// Work tree paths whose bytes land as they are, without line-ending or encoding conversion.
    pub verbatim: Vec<BString>,
    /// Paths that are marked as to be added later.
    pub intent_to_add: Vec<BString>,
    /// Uncommitted files of the person's that are the capture's own preimages, and so may be replaced.
    pub replaces: Vec<BString>,
    /// Commit entries, from 0, of which nothing fitted, so that there is no commit of them.
    pub left_out: Vec<usize>,
    /// Hunks that were left out, because that was asked for.
    pub rejects: Vec<Reject>,
    /// The entry that does not fit.
    pub stop: Option<Stop>,
    /// What was proved.
    pub proof: Proof,
}

/// A commit that was made.
#[derive(Debug, Clone)]
pub struct BuiltCommit {
    /// Its hex id here.
    pub id: String,
    /// Its hex id in the sandbox.
    pub sandbox_id: Option<String>,
    /// The first line of its message.
    pub subject: BString,
    /// The author's name and mail.
    pub author: BString,
    /// Whether it took a three-way merge.
    pub merged: bool,
    /// Whether the sandbox's commit was a merge, of which this is the first-parent side.
    pub was_merge: bool,
}

/// The entry at which it stopped.
#[derive(Debug, Clone)]
pub struct Stop {
    /// Which entry, from 0.
    pub entry: usize,
    /// What it is.
    pub kind: Kind,
    /// Its subject.
    pub subject: BString,
    /// The paths in conflict.
    pub paths: Vec<BString>,
    /// The index entries of those paths.
    pub stages: Vec<Stage>,
    /// Hunks that could not be placed at all.
    pub rejects: Vec<Reject>,
}
