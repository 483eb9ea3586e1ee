//! The place that is captured: the repository, the private git directory over it, and where HEAD stands.

use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};

use super::own;
use crate::git::{Error, Isolated, Objects, Outside, Repo};

/// A work tree and the desk to look at it from.
pub(super) struct Workspace {
    /// The sandbox's repository. Only asked, never changed, but for `--begin`.
    pub(super) repo: Repo,
    /// The private git directory, in which everything is computed.
    pub(super) desk: Isolated,
    /// The objects of both.
    pub(super) objects: Objects,
    /// The top of the work tree.
    pub(super) top: PathBuf,
    /// The commit that HEAD is at; `None` on a branch that has none yet.
    pub(super) head: Option<String>,
    /// The short name of the branch; `None` when HEAD is detached.
    pub(super) branch: Option<String>,
    /// What lies below the top and is ours, from the top: files, and directories with all that is in them.
    pub(super) ours: Vec<BString>,
}

impl Workspace {
    /// The work tree that `directory` lies in, or a sentence that says why there is none. Who owns it does not matter:
    /// nothing of its configuration is run.
    pub(super) fn open(directory: &Path) -> Result<Result<Workspace, String>, Error> {
        let shown = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
        let Some(mut repo) = Repo::discover_foreign(directory)? else {
            return Ok(Err(format!("{} is not in a git repository", shown.display())));
        };
        if let (Some(top), true) = (around(&repo, &shown), repo.work_tree.is_some()) {
            repo.work_tree = Some(top);
        }
        let Some(top) = repo.work_tree.clone() else {
            return Ok(Err(format!(
                "{} is in a bare repository or a git directory, not in a work tree",
                shown.display()
            )));
        };
        let desk = Isolated::over(&repo, Outside::WorkTree, None)?;
        let objects = desk.objects()?.clone();
        let head = repo.resolve("HEAD")?;
        if let Some(head) = &head
            && !objects.has(head)
        {
            return Err(Error::Object { id: head.clone(), reason: "HEAD names it, but it is missing".into() });
        }
        let branch = repo.head_branch()?;
        let branch = branch.map(|branch| branch.trim_start_matches("refs/heads/").to_owned());
        Ok(Ok(Workspace { desk, objects, top, head, branch, ours: Vec::new(), repo }))
    }

    /// For a capture: what is computed here is not to last.
    pub(super) fn dry(self) -> Workspace {
        Workspace { desk: self.desk.dry(), ..self }
    }

    /// What lies below the top and is ours, our temporary files too; from the top.
    pub(super) fn own_files(&self) -> Vec<BString> {
        let desk = self.desk.existing_path().map(|path| own::below(&self.top, path));
        self.ours.iter().cloned().chain(desk.into_iter().flatten()).collect()
    }

    /// Where a path of the index lies on disk.
    pub(super) fn file(&self, path: &BStr) -> PathBuf {
        self.top.join(path.to_path_lossy())
    }

    /// The tree of a commit.
    pub(super) fn tree_of(&self, commit: &str) -> Result<String, Error> {
        Ok(self.objects.commit(commit)?.tree)
    }
}

/// The directory that the git directory lies in as `.git`, when `directory` is below it: that is where somebody looks for
/// the work, whatever `core.worktree` says.
fn around(repo: &Repo, directory: &Path) -> Option<PathBuf> {
    let asked = ["GIT_DIR", "GIT_WORK_TREE"].iter().any(|name| std::env::var_os(name).is_some());
    let parent = repo.git_dir.parent().filter(|_| !asked && repo.git_dir.ends_with(".git"))?;
    let is_inside = directory.starts_with(parent.canonicalize().ok()?) && !directory.starts_with(&repo.git_dir);
    is_inside.then(|| parent.to_owned())
}
