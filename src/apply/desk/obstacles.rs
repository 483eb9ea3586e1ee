//! What of the person's is in the way of files that are to be written: files, folders, links, repositories of their own.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice};

use super::{Desk, Error, Obstacle};
use crate::git::{Error as GitError, TreeChange, TreeItem};

impl Desk<'_> {
    /// Repositories of the person's, submodules among them, into or over which something would be written.
    pub fn nested(&self, changes: &[TreeChange]) -> Result<Vec<Obstacle>, Error> {
        let gitlinks: HashSet<&BStr> = changes
            .iter()
            .filter(|change| change.old.as_ref().is_some_and(TreeItem::is_gitlink))
            .map(|change| change.path.as_bstr())
            .collect();
        let mut seen: HashMap<&BStr, Option<&'static str>> = HashMap::new();
        let mut obstacles = Vec::new();
        for change in changes {
            let path = change.path.as_bstr();
            // Deletions leave a folder that is not empty alone; what is tracked is no part of another repository.
            let stays_gitlink = change.new.as_ref().is_some_and(TreeItem::is_gitlink) && gitlinks.contains(path);
            let was_file = change.old.is_some() && !gitlinks.contains(path);
            if change.new.is_none() || stays_gitlink || was_file {
                continue;
            }
            let own = change.new.as_ref().is_some_and(|new| !new.is_gitlink()).then_some(path);
            for folder in path.find_iter("/").map(|at| path[..at].as_bstr()).chain(own) {
                if !seen.contains_key(folder) {
                    let what = self.occupied(folder, gitlinks.contains(folder))?;
                    obstacles.extend(what.map(|what| Obstacle { path: folder.into(), what }));
                    seen.insert(folder, what);
                }
            }
        }
        Ok(obstacles)
    }

    /// Why nothing may be written into a folder, if so.
    fn occupied(&self, folder: &BStr, is_gitlink: bool) -> Result<Option<&'static str>, Error> {
        let file = self.file(folder)?;
        if !file.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return Ok(None);
        }
        if is_gitlink {
            let mut inside = fs::read_dir(&file).map_err(GitError::io("cannot read", &file))?;
            return Ok(inside.next().map(|_| "is a submodule's work tree"));
        }
        Ok(file.join(".git").symlink_metadata().ok().map(|_| "is a repository of its own"))
    }

    /// Changed files of the person's that would be written although they are the same in both trees.
    pub(super) fn rewritten(
        &self,
        to: &str,
        verbatim: &[BString],
        changes: &HashMap<&BStr, &TreeChange>,
        dirty: &HashSet<BString>,
    ) -> Result<Vec<Obstacle>, Error> {
        let mut obstacles = Vec::new();
        for path in verbatim.iter().filter(|path| dirty.contains(*path) && !changes.contains_key(path.as_bstr())) {
            let item = self.objects.entry(to, path.as_bstr())?;
            if !self.same(self.on_disk(path.as_bstr())?.as_ref(), item.as_ref()) {
                obstacles.push(Obstacle { path: path.clone(), what: "has changes that are not committed" });
            }
        }
        Ok(obstacles)
    }

    /// What a reset of the index by `changes`, and of their files, would take away although git does not know it. A file
    /// that the index has a word on goes, as with `git am --abort`.
    pub(super) fn obstacles_to_reset(&self, changes: &[TreeChange]) -> Result<Vec<Obstacle>, Error> {
        let by_path: HashMap<&BStr, &TreeChange> =
            changes.iter().map(|change| (change.path.as_bstr(), change)).collect();
        let mut obstacles = self.nested(changes)?;
        for change in changes {
            let path = change.path.as_bstr();
            let Some(new) = &change.new else { continue };
            let is_submodule = new.is_gitlink() && change.old.as_ref().is_some_and(TreeItem::is_gitlink);
            let here = self.on_disk(path)?;
            let is_known = change.old.is_some() && here.as_ref().is_some_and(TreeItem::is_file_or_link);
            if !is_submodule && !is_known && !self.same(here.as_ref(), Some(new)) {
                obstacles.extend(self.obstacle_to_new(path, &by_path)?);
            }
        }
        Ok(obstacles)
    }

    /// What stands in the way of a path that is to be new: itself, a folder with other files in it, or a file or link where
    /// a folder must be.
    pub(super) fn obstacle_to_new(
        &self,
        path: &BStr,
        changes: &HashMap<&BStr, &TreeChange>,
    ) -> Result<Vec<Obstacle>, Error> {
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
}
