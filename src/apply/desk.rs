//! The person's index and work tree, locked, and brought from one tree to another without losing anything of theirs.
//!
//! All index work is done on the private copy; it replaces the real index with one rename at the end, under git's own
//! lock. Files are written by `git read-tree -m -u` in the private git directory, so that no filter, hook or attribute of
//! anybody's configuration takes part, after every file that it would touch was seen to be as git knows it.

mod obstacles;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};

use super::attributes::Attributes;
use super::lock::IndexLock;
use super::overlay::LINK;
use super::place::Stage;
use super::spare::Spare;
use super::{Error, Obstacle};
use crate::git::{
    Command, Error as GitError, Isolated, Objects, Repo, TreeChange, TreeItem, is_executable_file, raw_changes,
};

/// The locked index and work tree. Dropped without [`Desk::finish`], the index stays as it was.
pub struct Desk<'a> {
    repo: &'a Repo,
    attributes: Attributes,
    isolated: &'a Isolated,
    objects: Objects,
    lock: IndexLock,
    has_modes: bool,
    has_links: bool,
}

/// What makes a file that git takes for unchanged what it is.
enum Origin {
    /// The blob, and the attributes in the work tree, which count in the private git directory too.
    Tree,
    /// The person's settings: line endings, a filter.
    Configuration,
    /// A change that git was told not to see (`assume-unchanged`, `skip-worktree`).
    Person,
}

impl<'a> Desk<'a> {
    /// Locks the index of `repo` and takes a fresh copy of it into `isolated`.
    pub fn open(repo: &'a Repo, isolated: &'a Isolated, attributes: Attributes) -> Result<Desk<'a>, Error> {
        Desk::locked(repo, isolated, attributes, IndexLock::take(&repo.index)?)
    }

    /// As [`Desk::open`], with the lock taken already.
    pub fn locked(
        repo: &'a Repo,
        isolated: &'a Isolated,
        attributes: Attributes,
        lock: IndexLock,
    ) -> Result<Desk<'a>, Error> {
        isolated.copy_index(repo)?;
        // The person's own settings say which of their files are unchanged: line endings, filters, all theirs. Changed
        // files make it exit with 1, which is no failure.
        let is_split = repo.config_bool("core.splitIndex")?.is_some() || isolated.has_shared_index();
        // At once, or git would put the other half of what it writes beside the person's index.
        let whole = if is_split { &["--no-split-index"][..] } else { &[] };
        let refresh = attributes.git(repo, "update-index")?.args(["-q", "--refresh"]).args(whole);
        refresh.env("GIT_INDEX_FILE", isolated.index()?).finish()?;
        if is_split {
            isolated.git("update-index").arg("--no-split-index").run()?;
        }
        let has = |key: &str| Ok::<_, Error>(repo.config_bool(key)?.unwrap_or(true));
        let (has_modes, has_links) = (has("core.fileMode")?, has("core.symlinks")?);
        Ok(Desk { repo, attributes, isolated, objects: isolated.objects()?.clone(), lock, has_modes, has_links })
    }

    /// The paths at which the index differs from `commit`, those included that are only announced (`git add -N`).
    pub fn staged(&self, commit: &str) -> Result<Vec<BString>, Error> {
        self.index_against(commit, "--ita-visible-in-index")
    }

    /// The paths whose content in the index is another than in `tree`.
    pub fn staged_content(&self, tree: &str) -> Result<Vec<BString>, Error> {
        self.index_against(tree, "--ita-invisible-in-index")
    }

    fn index_against(&self, tree: &str, announced: &str) -> Result<Vec<BString>, Error> {
        let diff = self.isolated.git("diff-index").args(["--cached", "--raw", "-z", "--no-renames", "--full-index"]);
        Ok(raw_changes(diff.args([announced, tree]))?.into_iter().map(|change| change.path).collect())
    }

    /// From the index to `tree`, each path once. What a path in conflict is in the index is not told, only that it is there.
    fn to_reset(&self, tree: &str) -> Result<Vec<TreeChange>, Error> {
        let diff = self.isolated.git("diff-index").args(["--cached", "--raw", "-z", "--no-renames", "--full-index"]);
        let mut changes = raw_changes(diff.args(["--ita-visible-in-index", tree]))?;
        changes.dedup_by(|next, change| next.path == change.path);
        let unmerged: HashSet<BString> = unmerged(self.isolated)?.into_iter().collect();
        for change in &mut changes {
            let in_tree = self.objects.entry(tree, change.path.as_bstr())?;
            let conflict = || in_tree.clone().unwrap_or(TreeItem { mode: 0o100_644, id: String::new() });
            change.old = change.new.take().or_else(|| unmerged.contains(&change.path).then(conflict));
            change.new = in_tree;
        }
        Ok(changes)
    }

    /// The tracked paths that are not what the index says.
    pub fn dirty(&self) -> Result<HashSet<BString>, Error> {
        // By the person's own settings: a file that a filter of theirs made is not changed.
        let diff = self.attributes.git(self.repo, "diff-files")?.env("GIT_INDEX_FILE", self.isolated.index()?);
        let diff = diff.args(["--raw", "-z", "--no-renames", "--ignore-submodules=dirty", "--no-ext-diff"]);
        Ok(raw_changes(diff)?.into_iter().map(|change| change.path).collect())
    }

    /// Sees whether the work tree can go from `from` to `to`: nothing of the person's may be in the way. Files that are as
    /// they will be already, and those that `replaces` names, are no obstacle. The tree to start from, which is `from` with
    /// those files as they are now.
    pub fn prepare(&self, from: &str, to: &str, replaces: &[BString], verbatim: &[BString]) -> Result<String, Error> {
        let changes = self.isolated.changes(from, to)?;
        let dirty = self.dirty()?;
        let by_path: HashMap<&BStr, &TreeChange> =
            changes.iter().map(|change| (change.path.as_bstr(), change)).collect();
        let mut adjusted: Vec<(&BStr, Option<TreeItem>)> = Vec::new();
        let mut obstacles = self.nested(&changes)?;
        obstacles.extend(self.rewritten(to, verbatim, &by_path, &dirty)?);
        for change in &changes {
            let path = change.path.as_bstr();
            let here = self.on_disk(path)?;
            if has_gitlink(change) && here.as_ref().is_none_or(TreeItem::is_tree) {
                // git makes and removes no more than an empty folder; what is in it was looked at above.
                continue;
            }
            if change.old.as_ref().is_some_and(TreeItem::is_gitlink) {
                obstacles.push(Obstacle { path: path.into(), what: "has changes that are not committed" });
            } else if change.old.is_some() && !dirty.contains(&change.path) {
                match self.origin(path, here.as_ref(), change.old.as_ref())? {
                    Origin::Tree => {}
                    Origin::Configuration => adjusted.push((path, here)),
                    Origin::Person => {
                        obstacles.push(Obstacle { path: path.into(), what: "has changes that are not committed" });
                    }
                }
            } else if self.same(here.as_ref(), change.new.as_ref()) || replaces.contains(&change.path) {
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
            for (path, _) in adjusted.iter().filter(|(_, item)| item.is_some()) {
                self.objects.write_blob(&self.bytes(path)?)?;
            }
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

    /// Brings the work tree from `from` to `to`, and keeps what it replaces. When that fails half-way, the files are put
    /// back.
    pub fn switch(&self, from: &str, to: &str) -> Result<Spare, Error> {
        let mut spare = Spare::in_folder(self.isolated.path()?, self.top())?;
        for change in self.isolated.changes(from, to)? {
            spare.keep(&self.file(change.path.as_bstr())?)?;
        }
        let moved = self.isolated.git("read-tree").args(["-m", "-u", from, to]).run();
        match moved {
            Ok(()) => Ok(spare),
            Err(error) => spare.put_back().and(Err(error.into())),
        }
    }

    /// Makes the index, and the files at which it differs, what `tree` says: what `git am --abort` does to a conflict. But
    /// what git does not know is not taken away.
    pub fn reset(&self, tree: &str) -> Result<Spare, Error> {
        let changes = self.to_reset(tree)?;
        let obstacles = self.obstacles_to_reset(&changes)?;
        if !obstacles.is_empty() {
            return Err(Error::InTheWay(obstacles));
        }
        let mut spare = Spare::in_folder(self.isolated.path()?, self.top())?;
        let mut items = Vec::new();
        for change in &changes {
            spare.keep(&self.file(change.path.as_bstr())?)?;
            items.push((change.path.as_bstr(), change.new.clone()));
        }
        self.isolated.set_entries(items.iter().map(|(path, item)| (*path, item.as_ref())))?;
        for (path, _) in items.iter().filter(|(path, item)| item.is_none() && !self.is_below_link(path)) {
            // What is not there need not be removed.
            let _ = fs::remove_file(self.file(path)?);
        }
        let files = items.iter().filter(|(_, item)| item.is_some()).map(|(path, _)| *path);
        let written = self.isolated.git("checkout-index").args(["-f", "-u", "-z", "--stdin"]);
        match written.input(bstr::join("\0", files)).run() {
            Ok(()) => Ok(spare),
            Err(error) => spare.put_back().and(Err(error.into())),
        }
    }

    /// Writes files with the bytes of their blobs in `tree`, whatever conversion the attributes ask for.
    pub fn write_verbatim(&self, tree: &str, paths: &[BString], spare: &mut Spare) -> Result<(), Error> {
        for path in paths {
            let item = self.objects.entry(tree, path.as_bstr())?.filter(|item| item.mode & 0o170_000 == 0o100_000);
            let Some(item) = item.filter(|_| !self.is_below_link(path.as_bstr())) else { continue };
            let file = self.file(path.as_bstr())?;
            let bytes = self.objects.blob(&item.id)?;
            if fs::read(&file).is_ok_and(|here| here == bytes) {
                continue;
            }
            spare.keep(&file)?;
            // A new file with the old one's mode: the old one may be what is kept.
            let permissions = fs::metadata(&file).map(|metadata| metadata.permissions());
            let _ = fs::remove_file(&file);
            fs::write(&file, bytes).map_err(GitError::io("cannot write", &file))?;
            if let Ok(permissions) = permissions {
                fs::set_permissions(&file, permissions).map_err(GitError::io("cannot write", file))?;
            }
        }
        Ok(())
    }

    /// Whether a folder of the path is none.
    fn is_below_link(&self, path: &[u8]) -> bool {
        let mut folders = path.find_iter("/").map(|at| path[..at].as_bstr());
        folders.any(|folder| {
            let metadata = self.file(folder).ok().and_then(|file| file.symlink_metadata().ok());
            metadata.is_some_and(|metadata| !metadata.is_dir())
        })
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
            .filter(|path| {
                self.on_disk(path.as_bstr()).is_ok_and(|here| here.is_some_and(|item| item.is_file_or_link()))
            })
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
    pub fn finish(&mut self) -> Result<(), Error> {
        if !self.isolated.index()?.exists() {
            self.isolated.read_tree(self.isolated.format().empty_tree())?;
        }
        // GIT_INDEX_FILE may lie on another file system.
        let (index, lock) = (self.isolated.index()?, &self.lock.path);
        let moved = fs::rename(&index, lock).or_else(|_| fs::copy(&index, lock).map(drop));
        moved.map_err(GitError::io("cannot write", lock))?;
        self.lock.finish()
    }

    /// The objects of the repository and of the private directory.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Whether a path is on disk what a tree says, or is what git makes of that in this work tree (line endings).
    pub fn is_as(&self, path: &BStr, item: Option<&TreeItem>) -> Result<bool, Error> {
        let here = self.on_disk(path)?;
        match (here, item) {
            // Of a folder, the files that it should have are asked for by themselves.
            (Some(here), Some(item)) if item.is_tree() => Ok(here.is_tree()),
            (Some(here), Some(item)) if here.mode == item.mode && here.mode != LINK && here.id != item.id => {
                let file = self.file(path)?;
                let converted = self.isolated.git("hash-object").arg("--path").arg(&file).arg(&file).line()?;
                Ok(converted == item.id.as_str())
            }
            (here, item) => Ok(self.same(here.as_ref(), item)),
        }
    }

    /// What a path is on disk, as a tree would hold its bytes; `None` when nothing is there.
    pub fn on_disk(&self, path: &BStr) -> Result<Option<TreeItem>, Error> {
        let file = self.file(path)?;
        // What lies behind a link is another path's file, however well it would fit.
        let Some(metadata) = file.symlink_metadata().ok().filter(|_| !self.is_below_link(path)) else {
            return Ok(None);
        };
        let mode = match metadata.file_type() {
            kind if kind.is_symlink() => LINK,
            kind if kind.is_file() && is_executable_file(&metadata) => 0o100_755,
            kind if kind.is_file() => 0o100_644,
            // A directory or a device: something is there, and it is no file of a tree.
            _ => return Ok(Some(TreeItem { mode: 0o040_000, id: String::new() })),
        };
        Ok(Some(TreeItem { mode, id: self.objects.blob_id(&self.bytes(path)?)? }))
    }

    /// The bytes of a file; of a link, where it points.
    fn bytes(&self, path: &BStr) -> Result<Vec<u8>, Error> {
        let file = self.file(path)?;
        let bytes = match fs::read_link(&file) {
            Ok(target) => Ok(target.into_os_string().into_encoded_bytes()),
            Err(_) => fs::read(&file),
        };
        Ok(bytes.map_err(GitError::io("cannot read", &file))?)
    }

    /// Whether a file on disk is what a tree says, as far as this file system can tell: one may have no executable files,
    /// another no links.
    fn same(&self, here: Option<&TreeItem>, item: Option<&TreeItem>) -> bool {
        let (Some(here), Some(item)) = (here, item) else { return here == item };
        let plain = |mode: u32| mode == 0o100_644 || mode == 0o100_755;
        let modes = here.mode == item.mode
            || (!self.has_modes && plain(here.mode) && plain(item.mode))
            || (!self.has_links && plain(here.mode) && item.mode == LINK);
        modes && here.id == item.id
    }

    /// Where the bytes of a file come from that git takes for `old`.
    fn origin(&self, path: &BStr, here: Option<&TreeItem>, old: Option<&TreeItem>) -> Result<Origin, Error> {
        let (Some(here), Some(old)) = (here, old) else { return Ok(Origin::Tree) };
        let file = self.file(path)?;
        let is_old = |git: Command| -> Result<bool, Error> {
            let hash = git.arg("--path").arg(&file).arg(&file).finish()?;
            Ok(hash.code == Some(0) && hash.stdout.trim() == old.id.as_bytes())
        };
        if here.id == old.id || is_old(self.isolated.git("hash-object"))? {
            return Ok(Origin::Tree);
        }
        Ok(if is_old(self.attributes.git(self.repo, "hash-object")?)? { Origin::Configuration } else { Origin::Person })
    }

    /// The top of the work tree.
    pub fn top(&self) -> &Path {
        self.isolated.work_tree()
    }

    /// The file of a path in the work tree.
    pub fn file(&self, path: &BStr) -> Result<PathBuf, Error> {
        let path =
            path.to_path().map_err(|error| GitError::Object { id: path.to_string(), reason: error.to_string() })?;
        Ok(self.isolated.work_tree().join(path))
    }
}

/// Whether a submodule's commit is on either side.
fn has_gitlink(change: &TreeChange) -> bool {
    [&change.old, &change.new].into_iter().flatten().any(TreeItem::is_gitlink)
}

/// The paths in conflict in the private index, each once.
pub fn unmerged(isolated: &Isolated) -> Result<Vec<BString>, Error> {
    let diff = isolated.git("diff-files").args(["--raw", "-z", "--no-renames", "--diff-filter=U"]);
    let mut paths: Vec<_> = raw_changes(diff)?.into_iter().map(|change| change.path).collect();
    paths.dedup();
    Ok(paths)
}
