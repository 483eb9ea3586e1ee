//! Work that was uncommitted already when the agent began, and so is not the agent's.
//!
//! Where the agent left such a file alone, it must not be a part of the capture; where the agent worked on it further, the
//! dirty file is the preimage. Both follow from one rule: a dirty path that is now as it was before it got dirty in the
//! tree below has not been taken up by that tree, so the dirty state still lies above it.

use std::collections::HashSet;

use bstr::{BStr, ByteSlice};

use super::Workspace;
use crate::git::{Error, TreeChange};

/// The state at the beginning.
#[derive(Debug, Clone)]
pub(super) struct Baseline {
    /// The tree of HEAD.
    pub(super) head_tree: String,
    /// The tree of the index.
    pub(super) index_tree: String,
    /// The tree of the work tree, untracked files included.
    pub(super) worktree_tree: String,
}

/// `now`, with those differences between `below` and `dirty` put on top whose paths have not changed between `below` and
/// `now`.
pub(super) fn carried(workspace: &Workspace, below: &str, dirty: &str, now: &str) -> Result<String, Error> {
    let dirt = workspace.desk.changes(below, dirty)?;
    let since = workspace.desk.changes(below, now)?;
    let since: HashSet<&BStr> = since.iter().map(|change| change.path.as_bstr()).collect();
    let left_alone: Vec<&TreeChange> = dirt.iter().filter(|change| !since.contains(change.path.as_bstr())).collect();
    overlaid(workspace, now, &left_alone)
}

/// `tree` with the new sides of these changes.
pub(super) fn overlaid(workspace: &Workspace, tree: &str, changes: &[&TreeChange]) -> Result<String, Error> {
    if changes.is_empty() {
        return Ok(tree.to_owned());
    }
    workspace.desk.read_tree(tree)?;
    workspace.desk.set_entries(changes.iter().map(|change| (change.path.as_bstr(), change.new.as_ref())))?;
    workspace.desk.write_tree()
}
