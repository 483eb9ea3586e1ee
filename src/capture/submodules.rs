//! Submodules: their commits and files belong to another repository, and do not travel with this one.

use std::path::Path;

use bstr::{BString, ByteSlice};

use super::{Findings, IndexState, Workspace, index, worktree};
use crate::git::{Error, Isolated, Outside, Repo};

/// Says which submodules hold uncommitted work. They are looked at as the work tree itself is: not with their
/// configuration.
pub(super) fn look(workspace: &Workspace, index: &IndexState, findings: &mut Findings) -> Result<(), Error> {
    let mut dirty = Vec::new();
    for (path, _) in &index.submodules {
        let directory = workspace.file(path.as_bstr());
        if directory.join(".git").symlink_metadata().is_err() {
            continue;
        }
        // One that cannot be read is no reason to lose the rest; its own capture will say why.
        if is_dirty(&directory).unwrap_or(true) {
            dirty.push(path.clone());
        }
    }
    findings.about("dirty-submodule", &dirty, |names| {
        format!(
            "a submodule with uncommitted work, which is not captured: {names} (`git glue-capture -C <submodule>` does)"
        )
    });
    Ok(())
}

/// Whether a work tree holds uncommitted work.
pub(super) fn is_dirty(directory: &Path) -> Result<bool, Error> {
    let Some(repo) = Repo::discover_foreign_at(directory)? else { return Ok(false) };
    let Some(top) = repo.work_tree.clone() else { return Ok(false) };
    let desk = Isolated::over(&repo, Outside::WorkTree, None)?;
    let objects = desk.objects()?;
    let head = repo.resolve("HEAD")?;
    let inside = Workspace { repo, desk, objects, top, head, branch: None, ours: Vec::new() };
    let state = index::snapshot(&inside, &mut Findings::default())?;
    let head_tree = match &inside.head {
        Some(head) => inside.tree_of(head)?,
        None => inside.desk.format().empty_tree().to_owned(),
    };
    if state.tree != head_tree {
        return Ok(true);
    }
    inside.desk.git("update-index").args(["-q", "--refresh"]).finish()?;
    let changed = inside.desk.git("diff-files").args(["--raw", "-z", "--ignore-submodules=dirty"]).output()?;
    let untracked: Vec<BString> = worktree::others(&inside, &["--directory", "--no-empty-directory"], Vec::new())?;
    Ok(!changed.is_empty() || !untracked.is_empty())
}
