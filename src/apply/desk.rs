//! The person's index and work tree, locked, and brought from one tree to another without losing anything of theirs.
//!
//! All index work is done on the private copy; it replaces the real index with one rename at the end, under git's own
//! lock. Files are written by `git read-tree -m -u` in the private git directory, so that no filter, hook or attribute of
//! anybody's configuration takes part, after every file that it would touch was seen to be as git knows it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};

use super::place::Stage;
use super::{Error, Obstacle};
use crate::git::{Error as GitError, Isolated, Objects, Repo, TreeChange, TreeItem, raw_changes};

/// The locked index and work tree. Dropped without [`Desk::finish`], the index stays as it was.
pub struct Desk<'a> {
    isolated: &'a Isolated,
    objects: Objects,
    index: PathBuf,
    lock: IndexLock,
}

impl<'a> Desk<'a> {
    /// Locks the index of `repo` and takes a fresh copy of it into `isolated`.
    pub fn open(repo: &Repo, isolated: &'a Isolated) -> Result<Desk<'a>, Error> {
        let lock = IndexLock::take(&repo.index)?;
        isolated.copy_index(repo)?;
        // The person's own settings say which of their files are unchanged: line endings, filters, all theirs. Changed
        // files make it exit with 1, which is no failure.
        repo.git("update-index").args(["-q", "--refresh"]).env("GIT_INDEX_FILE", isolated.index()).finish()?;
        if repo.config_bool("core.splitIndex")?.is_some() || isolated.has_shared_index() {
            isolated.git("update-index").arg("--no-split-index").run()?;
        }
        Ok(Desk { isolated, objects: isolated.objects()?, index: repo.index.clone(), lock })
    }

    /// The paths at which the index differs from `commit`.
    pub fn staged(&self, commit: &str) -> Result<Vec<BString>, Error> {
        let diff = self.isolated.git("diff-index").args([
            "--cached",
            "--ita-invisible-in-index",
            "--raw",
            "-z",
            "--no-renames",
            "--full-index",
            commit,
        ]);
        Ok(raw_changes(diff)?.into_iter().map(|change| change.path).collect())
    }

    /// The tracked paths that are not what the index says.
    pub fn dirty(&self) -> Result<HashSet<BString>, Error> {
        let diff = self.isolated.git("diff-files").args(["--raw", "-z", "--no-renames", "--ignore-submodules=dirty"]);
        Ok(raw_changes(diff)?.into_iter().map(|change| change.path).collect())
    }

    /// Sees whether the work tree can go from `from` to `to`: nothing of the person's may be in the way. Files that are as
    /// they will be already, and those that `replaces` names, are no obstacle. The tree to start from, which is `from` with
    /// those files as they are now.
    pub fn prepare(&self, from: &str, to: &str, replaces: &[BString]) -> Result<String, Error> {
        let changes = self.isolated.changes(from, to)?;
        let dirty = self.dirty()?;
        let by_path: HashMap<&BStr, &TreeChange> =
            changes.iter().map(|change| (change.path.as_bstr(), change)).collect();
        let mut adjusted: Vec<(&BStr, Option<TreeItem>)> = Vec::new();
        let mut obstacles = Vec::new();
        for change in &changes {
            let path = change.path.as_bstr();
            let touched = change.old.is_none() || dirty.contains(&change.path);
            if !touched || change.new.as_ref().is_some_and(TreeItem::is_gitlink) {
                continue;
            }
            let here = self.on_disk(path)?;
            if here == change.new || replaces.contains(&change.path) {
                adjusted.push((path, here));
            } else if change.old.is_some() {
                obstacles.push(Obstacle { path: path.into(), what: "has changes that are not committed" });
            } else {
                obstacles.extend(self.obstacle_to_new(path, &by_path)?);
            }
        }
        if !obstacles.is_empty() {
            return Err(Error::InTheWay(obstacles));
        }
        if !adjusted.is_empty() {
            self.isolated.set_entries(adjusted.iter().map(|(path, item)| (*path, item.as_ref())))?;
            // So that git sees these files to be as the index now says. Others may have changed: that is no failure.
            self.isolated.git("update-index").args(["-q", "--refresh"]).finish()?;
        }
        Ok(self.isolated.write_tree()?)
    }

    /// Whether git would go from `from` to `to`; its reasons if not. Nothing is touched.
    pub fn rehearse(&self, from: &str, to: &str) -> Result<(), Error> {
        Ok(self.isolated.git("read-tree").args(["-n", "-m", "-u", from, to]).run()?)
    }

    /// Brings the work tree from `from` to `to`. When that fails half-way, the files are put back.
    pub fn switch(&self, from: &str, to: &str) -> Result<(), Error> {
        let moved = self.isolated.git("read-tree").args(["-m", "-u", from, to]).run();
        moved.map_err(|error| match self.put_back(from, to) {
            Ok(()) => error.into(),
            Err(worse) => worse,
        })
    }

    /// Writes files with the bytes of their blobs in `tree`, whatever conversion the attributes ask for.
    pub fn write_verbatim(&self, tree: &str, paths: &[BString]) -> Result<(), Error> {
        for path in paths {
            let Some(item) =
                self.objects.entry(tree, path.as_bstr())?.filter(|item| item.mode & 0o170_000 == 0o100_000)
            else {
                continue;
            };
            let file = self.file(path.as_bstr())?;
            fs::write(&file, self.objects.blob(&item.id)?).map_err(GitError::io("cannot write", file))?;
        }
        Ok(())
    }

    /// Makes the index hold `tree`, with the given paths in conflict and the given ones to be added later.
    pub fn set_index(&self, tree: &str, stages: &[Stage], intent_to_add: &[BString]) -> Result<(), Error> {
        // `-i`: the work tree is where it shall be already, and need not be what this index says.
        self.isolated.git("read-tree").args(["-i", "-m", tree]).run()?;
        if !stages.is_empty() {
            self.isolated.set_entries(stages.iter().map(|stage| (stage.path.as_bstr(), None)))?;
            let mut input = Vec::new();
            for Stage { path, number, item } in stages {
                input.extend_from_slice(format!("{:06o} {} {number}\t", item.mode, item.id).as_bytes());
                input.extend_from_slice(path);
                input.push(0);
            }
            self.isolated.git("update-index").args(["-z", "--index-info"]).input(input).run()?;
        }
        let there: Vec<&BString> = intent_to_add
            .iter()
            .filter(|path| self.file(path.as_bstr()).is_ok_and(|file| file.symlink_metadata().is_ok()))
            .collect();
        if !there.is_empty() {
            let add = self.isolated.git("add").args([
                "--intent-to-add",
                "--force",
                "--pathspec-from-file=-",
                "--pathspec-file-nul",
            ]);
            add.env("GIT_LITERAL_PATHSPECS", "1").input(bstr::join("\0", there)).run()?;
        }
        Ok(())
    }

    /// The private index becomes the person's, in one rename.
    pub fn finish(self) -> Result<(), Error> {
        if !self.isolated.index().exists() {
            self.isolated.read_tree(self.isolated.format().empty_tree())?;
        }
        fs::rename(self.isolated.index(), &self.lock.path).map_err(GitError::io("cannot write", &self.lock.path))?;
        fs::rename(&self.lock.path, &self.index).map_err(GitError::io("cannot write", &self.index))?;
        // The lock has become the index; a file of that name would now be somebody else's lock.
        std::mem::forget(self.lock);
        Ok(())
    }

    /// The objects of the repository and of the private directory.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Whether a path is on disk what a tree says, or is what git makes of that in this work tree (line endings).
    pub fn is_as(&self, path: &BStr, item: Option<&TreeItem>) -> Result<bool, Error> {
        let here = self.on_disk(path)?;
        match (here, item) {
            (Some(here), Some(item)) if here.mode == item.mode && here.mode != 0o120_000 && here.id != item.id => {
                let file = self.file(path)?;
                let converted = self.isolated.git("hash-object").arg("--path").arg(&file).arg(&file).line()?;
                Ok(converted == item.id.as_str())
            }
            (here, item) => Ok(here.as_ref() == item),
        }
    }

    /// What a path is on disk, as a tree would hold its bytes; `None` when nothing is there.
    pub fn on_disk(&self, path: &BStr) -> Result<Option<TreeItem>, Error> {
        let file = self.file(path)?;
        let Ok(metadata) = file.symlink_metadata() else { return Ok(None) };
        let (mode, bytes) = if metadata.is_symlink() {
            let target = fs::read_link(&file).map_err(GitError::io("cannot read", &file))?;
            (0o120_000, target.into_os_string().into_encoded_bytes())
        } else if metadata.is_file() {
            let mode = if is_executable(&metadata) { 0o100_755 } else { 0o100_644 };
            (mode, fs::read(&file).map_err(GitError::io("cannot read", &file))?)
        } else {
            // A directory or a device: something is there, and it is no file of a tree.
            return Ok(Some(TreeItem { mode: 0o040_000, id: String::new() }));
        };
        Ok(Some(TreeItem { mode, id: self.objects.blob_id(&bytes)? }))
    }

    /// The file of a path in the work tree.
    pub fn file(&self, path: &BStr) -> Result<PathBuf, Error> {
        let path =
            path.to_path().map_err(|error| GitError::Object { id: path.to_string(), reason: error.to_string() })?;
        Ok(self.isolated.work_tree().join(path))
    }

    /// What stands in the way of a path that is to be new: itself, a folder with other files in it, or a file or link where
    /// a folder must be.
    fn obstacle_to_new(&self, path: &BStr, changes: &HashMap<&BStr, &TreeChange>) -> Result<Vec<Obstacle>, Error> {
        let goes = |path: &BStr| changes.get(path).is_some_and(|change| change.old.is_some() && change.new.is_none());
        for at in path.find_iter("/") {
            let parent = path[..at].as_bstr();
            let file = self.file(parent)?;
            match file.symlink_metadata() {
                Ok(metadata) if !metadata.is_dir() && !goes(parent) => {
                    return Ok(vec![Obstacle { path: parent.into(), what: "is not a folder" }]);
                }
                Ok(metadata) if metadata.is_dir() => {}
                _ => return Ok(Vec::new()),
            }
        }
        let file = self.file(path)?;
        match file.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => self.strangers(&file, path, &goes),
            Ok(_) => Ok(vec![Obstacle { path: path.into(), what: "is not tracked" }]),
            Err(_) => Ok(Vec::new()),
        }
    }

    /// Files below a folder that are not about to go.
    fn strangers(&self, folder: &Path, path: &BStr, goes: &dyn Fn(&BStr) -> bool) -> Result<Vec<Obstacle>, Error> {
        let mut obstacles = Vec::new();
        for entry in fs::read_dir(folder).map_err(GitError::io("cannot read", folder))? {
            let entry = entry.map_err(GitError::io("cannot read", folder))?;
            let below: BString = bstr::concat([path.as_bytes(), b"/", entry.file_name().as_encoded_bytes()]).into();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                obstacles.extend(self.strangers(&entry.path(), below.as_bstr(), goes)?);
            } else if !goes(below.as_bstr()) {
                obstacles.push(Obstacle { path: below, what: "is not tracked" });
            }
        }
        Ok(obstacles)
    }

    /// Undoes a switch that failed half-way. The private index still holds `from`.
    fn put_back(&self, from: &str, to: &str) -> Result<(), Error> {
        let changes = self.isolated.changes(from, to)?;
        for change in changes.iter().filter(|change| change.old.is_none()) {
            // It was not there before: `prepare` saw to that.
            let _ = fs::remove_file(self.file(change.path.as_bstr())?);
        }
        let paths: Vec<_> = changes.iter().filter(|change| change.old.is_some()).map(|change| &change.path).collect();
        Ok(self.isolated.git("checkout-index").args(["-f", "-z", "--stdin"]).input(bstr::join("\0", paths)).run()?)
    }
}

/// git's own lock on an index: the file `index.lock`, made by whoever is first.
struct IndexLock {
    path: PathBuf,
}

impl IndexLock {
    fn take(index: &Path) -> Result<IndexLock, Error> {
        let mut name = index.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        match fs::File::create_new(&path) {
            Ok(_) => Ok(IndexLock { path }),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(Error::IndexLocked { lock: path }),
            Err(error) => Err(GitError::io("cannot make", path)(error).into()),
        }
    }
}

impl Drop for IndexLock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}
