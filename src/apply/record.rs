//! What an apply did, kept in the repository so that it can be undone, continued, and recognised when asked for again.
//!
//! A tree under `refs/glue/undo/`, which keeps everything that it names from being collected: folders of what the person's
//! tracked files were before and of the index and work tree that landed, and the record as JSON. (A commit would show up in
//! everybody's `git log --all`.)

use serde::{Deserialize, Serialize};

use super::{Error, target};
use crate::git::{Error as GitError, Isolated, Kind, ObjectId, Repo};

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
        let json = repo.file_of(&Record::ref_name(session), FILE)?;
        // One that cannot be read is none of ours.
        Ok(json.and_then(|json| serde_json::from_slice(&json).ok()))
    }

    /// Writes the record as a tree; its id.
    pub fn write(&self, isolated: &Isolated) -> Result<String, Error> {
        let objects = isolated.objects()?;
        let json = serde_json::to_vec_pretty(self).unwrap_or_default();
        let file = objects.write_blob(&json)?;
        // By name, as a tree must be.
        let entries = [
            ("40000 before", Some(&self.before_tree)),
            ("40000 index", Some(&self.index_tree)),
            (FILE_ENTRY, Some(&file)),
            ("40000 rejects", self.rejects.as_ref()),
            ("40000 worktree", Some(&self.worktree_tree)),
        ];
        let mut tree = Vec::new();
        for (entry, id) in entries {
            let Some(id) = id else { continue };
            let nonsense = |reason: String| GitError::Object { id: id.clone(), reason };
            let id = ObjectId::from_hex(id.as_bytes()).map_err(|error| nonsense(error.to_string()))?;
            tree.extend_from_slice(entry.as_bytes());
            tree.push(0);
            tree.extend_from_slice(id.as_bytes());
        }
        Ok(objects.add(Kind::Tree, tree, None)?.to_string())
    }
}

/// Where in the tree the record itself is.
const FILE: &str = "record.json";
const FILE_ENTRY: &str = "100644 record.json";
