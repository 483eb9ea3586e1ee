//! What an apply did, kept in the repository so that it can be undone, continued, and recognised when asked for again.
//!
//! A commit under `refs/glue/undo/`, which keeps everything that it names from being collected: its tree holds, as folders,
//! what the person's tracked files were before and the index and work tree that landed; its parents are HEAD before and the
//! tip. The body of its message is the record as JSON.

use bstr::{BString, ByteSlice};
use serde::{Deserialize, Serialize};

use super::{Error, target};
use crate::git::{Commit, Isolated, Repo};

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
        let Some(id) = repo.resolve(&format!("{name}^{{commit}}"))? else { return Ok(None) };
        let bytes = repo.git("cat-file").args(["commit", &id]).output()?;
        let mut parts = bytes.splitn_str(3, "\n\n");
        let json = parts.nth(2).unwrap_or_default();
        // One that cannot be read is none of ours.
        Ok(serde_json::from_slice(json).ok())
    }

    /// Writes the record as a commit; its id.
    pub fn write(&self, isolated: &Isolated) -> Result<String, Error> {
        let folders = [("before", &self.before_tree), ("index", &self.index_tree), ("worktree", &self.worktree_tree)];
        let listing: String = folders.iter().map(|(name, tree)| format!("040000 tree {tree}\t{name}\n")).collect();
        let tree = isolated.git("mktree").input(listing).line()?.to_string();
        let json = serde_json::to_string_pretty(self).unwrap_or_default();
        let nobody = BString::from("git-glue <> 0 +0000");
        let commit = Commit {
            tree,
            parents: vec![self.head.clone(), self.tip.clone()],
            author: nobody.clone(),
            committer: nobody,
            encoding: None,
            message: format!("glue-apply: what it takes to undo {}\n\n{json}\n", self.session).into(),
        };
        Ok(isolated.objects()?.write_commit(&commit)?)
    }
}
