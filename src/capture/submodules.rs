//! Submodules: their commits and files belong to another repository, and do not travel with this one.

use std::fs;
use std::path::Path;

use bstr::{BString, ByteSlice};

use super::{Findings, IndexState, Workspace, index, worktree};
use crate::git::{Error, Isolated, Outside, Repo};
use crate::session::counted;

/// Says which submodules hold uncommitted work. They are looked at as the work tree itself is: not with their
/// configuration. Where the index has a submodule and the work tree has none (nobody populated it, or its repository is
/// gone), whatever files are there belong to nobody: git lists them nowhere, and a tree cannot hold them beside the
/// submodule.
pub(super) fn look(workspace: &Workspace, index: &IndexState, findings: &mut Findings) -> Result<(), Error> {
    let (mut dirty, mut stray, mut held) = (Vec::new(), Vec::new(), Vec::new());
    for (path, _) in &index.submodules {
        let directory = workspace.file(path.as_bstr());
        if !directory.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
            continue;
        }
        match own_repository(workspace, &directory) {
            // One that cannot be read is no reason to lose the rest; its own capture will say why.
            Ok(Some(repo)) => {
                if is_dirty_in(repo).unwrap_or(true) {
                    dirty.push(path.clone());
                }
            }
            Err(_) => dirty.push(path.clone()),
            Ok(None) => {
                let (mut files, mut bytes) = (0, 0);
                count(&directory, &mut files, &mut bytes);
                if files > 0 {
                    stray.push(path.clone());
                    held.push(format!("{}, {bytes} bytes", counted(files, "file", "files")));
                }
            }
        }
    }
    findings.about("dirty-submodule", &dirty, |names| {
        format!(
            "a submodule with uncommitted work, which is not captured: {names} (`git glue-capture -C <submodule>` does)"
        )
    });
    held.truncate(3);
    findings.about("submodule-files", &stray, |names| {
        format!(
            "files where the index has a submodule but no repository is: LOST unless moved elsewhere, not captured: \
             {names} ({})",
            held.join("; ")
        )
    });
    Ok(())
}

/// The repository that has its work tree at `directory`, whatever its configuration says of that; not the one around it.
fn own_repository(workspace: &Workspace, directory: &Path) -> Result<Option<Repo>, Error> {
    if directory.join(".git").symlink_metadata().is_err() {
        return Ok(None);
    }
    let found = Repo::discover_foreign_at(directory)?;
    Ok(found.filter(|repo| repo.git_dir != workspace.repo.git_dir).map(|mut repo| {
        repo.work_tree = Some(directory.to_owned());
        repo
    }))
}

/// Counts all that is no directory, and the bytes of the files.
fn count(directory: &Path, files: &mut usize, bytes: &mut u64) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.path().symlink_metadata() else { continue };
        if metadata.is_dir() {
            count(&entry.path(), files, bytes);
        } else if entry.file_name() != ".git" {
            *files += 1;
            *bytes += metadata.len();
        }
    }
}

/// Whether a work tree holds uncommitted work.
pub(super) fn is_dirty(directory: &Path) -> Result<bool, Error> {
    Repo::discover_foreign_at(directory)?.map_or(Ok(false), is_dirty_in)
}

fn is_dirty_in(repo: Repo) -> Result<bool, Error> {
    let Some(top) = repo.work_tree.clone() else { return Ok(false) };
    let desk = Isolated::over(&repo, Outside::WorkTree, None)?;
    let objects = desk.objects()?.clone();
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
