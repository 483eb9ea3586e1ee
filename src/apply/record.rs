//! What an apply did, kept in the repository so that it can be undone, continued, and recognised when asked for again.
//!
//! A tree under `refs/glue/undo/`, which keeps everything that it names from being collected: folders of what the person's
//! tracked files were before and of the index and work tree that landed, and the record as JSON. (A commit would show up in
//! everybody's `git log --all`.)

use serde::{Deserialize, Serialize};

use super::{Error, target};
use crate::git::{Isolated, Repo};

/// What an apply did. Ids are hex, branches full ref names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The session's id.
    pub session: String,
    /// What was applied; see [`Series::fingerprint`](super::Series::fingerprint).
    pub fingerprint: String,
    /// HEAD's commit before.
    pub head: String,
    /// HEAD's branch before; none when it was detached.
    pub head_branch: Option<String>,
    /// The branch that got the commits; none for a detached HEAD.
    pub branch: Option<String>,
    /// Whether that branch was made.
    pub branch_is_new: bool,
    /// The branch's commit afterwards.
    pub tip: String,
    /// What the person's tracked files were before.
    pub before_tree: String,
    /// The index afterwards.
    pub index_tree: String,
    /// The work tree afterwards.
    pub worktree_tree: String,
    /// The `.rej` files that were written, as a tree.
    #[serde(default)]
    pub rejects: Option<String>,
    /// The first entry, from 0, that was not dealt with.
    pub next: usize,
    /// Whether all of it landed in the work tree of the branch.
    pub complete: bool,
}

impl Record {
    /// The ref that holds the record of a session.
    pub fn ref_name(session: &str) -> String {
        format!("refs/glue/undo/{}", target::branch_part(session))
    }

    /// The record of a session, if it was applied here.
    pub fn read(repo: &Repo, session: &str) -> Result<Option<Record>, Error> {
        let name = Record::ref_name(session);
        if repo.resolve(&name)?.is_none() {
            return Ok(None);
        }
        let json = repo.git("cat-file").args(["blob", &format!("{name}:{FILE}")]).finish()?;
        // One that cannot be read is none of ours.
        Ok(serde_json::from_slice(&json.stdout).ok())
    }

    /// Writes the record as a tree; its id.
    pub fn write(&self, isolated: &Isolated) -> Result<String, Error> {
        let json = serde_json::to_vec_pretty(self).unwrap_or_default();
        let file = isolated.objects()?.write_blob(&json)?;
        let folders = [("before", &self.before_tree), ("index", &self.index_tree), ("worktree", &self.worktree_tree)];
        let mut listing: String = folders.iter().map(|(name, tree)| format!("040000 tree {tree}\t{name}\n")).collect();
        if let Some(tree) = &self.rejects {
            listing += &format!("040000 tree {tree}\trejects\n");
        }
        listing += &format!("100644 blob {file}\t{FILE}\n");
        Ok(isolated.git("mktree").input(listing).line()?.to_string())
    }
}

/// Where in the tree the record itself is.
const FILE: &str = "record.json";
