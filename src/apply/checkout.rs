//! The work tree and the index brought from one tree to another without git, where nothing about them is unusual.
//!
//! It costs what changes, not what there is: only the paths that change are looked at and written, and the index is edited
//! in place. Whatever makes git do more than write a blob under a name (line endings, filters, sparse checkouts, submodules,
//! odd file systems), and whatever stands in the way, is for the [desk](super::desk), which is git's lane; it knows what to
//! say. So [`Checkout::plan`] has no reasons, only a yes or a no, and a no costs little.

mod conversion;
mod files;
mod folders;
mod rules;
mod usual;

use std::collections::BTreeMap;

use bstr::{BStr, BString, ByteSlice};

use self::files::Files;
use self::folders::{Folders, Seen};
use self::rules::OnDisk;
use self::usual::Usual;
use super::Error;
use super::lock::IndexLock;
use super::overlay::LINK;
use crate::audit::path_problem;
use crate::git::index::{Edited, Entry, Index, New, Stat};
use crate::git::{Isolated, Kind, ObjectId, Objects, Repo, TreeItem};

/// Hex ids of trees.
#[derive(Debug, Clone, Copy)]
pub struct Trees<'a> {
    /// What is checked out, and in the index.
    pub head: &'a str,
    /// What is to be in the index.
    pub index: &'a str,
    /// What is to be in the work tree.
    pub worktree: &'a str,
}

/// Everything that is to be done, seen to be possible.
pub struct Checkout<'a> {
    index: &'a Index,
    edited: Edited<'a>,
    usual: Usual,
    files: Files<'a>,
}

/// One path that changes.
#[derive(Debug)]
struct Step {
    path: BString,
    old: Option<TreeItem>,
    staged: Option<TreeItem>,
    file: Option<TreeItem>,
    /// What was at the path when it was looked at.
    seen: Option<Seen>,
}

impl<'a> Checkout<'a> {
    /// Looks whether all of it can be done here; `None` when it is for git to do, or to say why not. Changes nothing.
    pub fn plan(
        repo: &Repo,
        isolated: &'a Isolated,
        index: &'a Index,
        trees: Trees<'a>,
    ) -> Result<Option<Checkout<'a>>, Error> {
        let Some(usual) = Usual::read(repo)? else { return Ok(None) };
        let objects = isolated.objects()?;
        let mut steps = steps(isolated, trees)?;
        let mut rules = Vec::new();
        let look = index.look(&paths(&steps), |entry| rules.extend(rules::named_by(entry)));
        let Ok(look) = look else { return Ok(None) };
        // Nothing is staged.
        if look.tree() != Ok(Some(id(trees.head)?)) {
            return Ok(None);
        }
        let Ok(mut folders) = Folders::of(isolated.work_tree()) else { return Ok(None) };
        let mut attributes = OnDisk::default();
        for (number, step) in steps.iter_mut().enumerate() {
            // A link, which git does not follow; a folder: none of it is usual.
            if step.writes() && attributes.on_the_way(step.path.as_bstr(), &mut folders).is_err() {
                return Ok(None);
            }
            if !step.is_usual() || !step.is_free(look.found(number), index, objects, &mut folders)? {
                return Ok(None);
            }
        }
        if rules::could_convert(&steps, &rules, &usual, objects, &attributes)? || has_nested(&steps, &mut folders) {
            return Ok(None);
        }
        let staged = steps.iter().map(Step::entry).collect::<Result<Vec<_>, Error>>()?;
        let Ok(edited) = look.edited(&paths(&steps), &staged) else { return Ok(None) };
        if edited.tree() != Some(id(trees.index)?) {
            return Ok(None);
        }
        let files = Files::new(steps, folders, objects, isolated.work_tree());
        Ok(Some(Checkout { index, edited, usual, files }))
    }

    /// Does it: the files, then the index. When that fails half-way, everything is put back.
    pub fn carry_out(mut self, lock: IndexLock) -> Result<(), Error> {
        let done = self.files.write().and_then(|stats| self.write_index(&stats, lock));
        done.or_else(|error| self.files.put_back().and(Err(error)))
    }

    fn write_index(&mut self, stats: &[Stat], mut lock: IndexLock) -> Result<(), Error> {
        for (number, (step, stat)) in self.files.steps().iter().zip(stats).enumerate() {
            // Of a file that is not what is staged the index knows nothing.
            if step.staged == step.file {
                self.edited.set_stat(number, stat);
            }
        }
        lock.write(|file| {
            self.edited.write(file, self.usual.unhashed)?;
            if file.metadata()?.permissions() != *self.index.permissions() {
                // A repository may be shared.
                file.set_permissions(self.index.permissions().clone())?;
            }
            if self.edited.is_racy() {
                // A younger file would say that git has looked at these entries since. Not the same time either: programs
                // that keep an index in memory go by it.
                file.set_modified(self.index.modified() - std::time::Duration::from_nanos(1))?;
            }
            if self.usual.synced { file.sync_all() } else { Ok(()) }
        })?;
        lock.finish()
    }
}

/// The paths that differ, each once, sorted as an index is.
fn steps(isolated: &Isolated, trees: Trees) -> Result<Vec<Step>, Error> {
    let mut steps: BTreeMap<BString, Step> = BTreeMap::new();
    for change in isolated.changes(trees.head, trees.worktree)? {
        let step = Step {
            path: change.path.clone(),
            staged: change.old.clone(),
            old: change.old,
            file: change.new,
            seen: None,
        };
        steps.insert(change.path, step);
    }
    if trees.index == trees.worktree {
        steps.values_mut().for_each(|step| step.staged.clone_from(&step.file));
    } else {
        for change in isolated.changes(trees.head, trees.index)? {
            let same = || Step {
                path: change.path.clone(),
                staged: None,
                old: change.old.clone(),
                file: change.old.clone(),
                seen: None,
            };
            steps.entry(change.path.clone()).or_insert_with(same).staged = change.new;
        }
    }
    Ok(steps.into_values().collect())
}

fn paths(steps: &[Step]) -> Vec<&BStr> {
    steps.iter().map(|step| step.path.as_bstr()).collect()
}

/// Whether something would be written into a repository of its own.
fn has_nested(steps: &[Step], folders: &mut Folders) -> bool {
    let new = steps.iter().filter(|step| step.old.is_none() && step.file.is_some());
    let mut above: Vec<&[u8]> = new.flat_map(|step| step.path.find_iter("/").map(|at| &step.path[..at])).collect();
    above.sort_unstable();
    above.dedup();
    above.into_iter().any(|folder| {
        let git_dir = bstr::concat([folder, b"/.git"]);
        !matches!(folders.see(git_dir.as_bstr()), Ok(None))
    })
}

impl Step {
    /// Whether the file is touched at all; if not, it is only staged.
    fn writes(&self) -> bool {
        self.old != self.file
    }

    /// Whether there is nothing about it that only git knows how to do.
    fn is_usual(&self) -> bool {
        let items = || [&self.old, &self.staged, &self.file].into_iter().flatten();
        let modes = items().all(|item| matches!(item.mode, 0o100_644 | 0o100_755 | 0o120_000));
        // What is refused as a file is refused as a link.
        let link = items().any(TreeItem::is_symlink).then_some(LINK);
        modes && path_problem(self.path.as_bstr(), link).is_none()
    }

    /// Whether the index has what is expected, and the file is as the index says: neither changed nor in the way.
    fn is_free(
        &mut self,
        entry: Option<Entry>,
        index: &Index,
        objects: &Objects,
        folders: &mut Folders,
    ) -> Result<bool, Error> {
        let is_expected = match (&entry, &self.old) {
            (Some(entry), Some(old)) => {
                entry.mode() == old.mode && entry.id() == id(&old.id)? && !entry.is_unseen() && !entry.is_announced()
            }
            (None, None) => true,
            _ => false,
        };
        if !is_expected || !self.writes() {
            return Ok(is_expected);
        }
        let Ok(seen) = folders.see(self.path.as_bstr()) else { return Ok(false) };
        self.seen = seen;
        let (Some(entry), Some(old), Some(seen)) = (entry, &self.old, seen) else {
            return Ok(seen.is_none() && self.old.is_none());
        };
        // git takes a file for unchanged of which it would make the same blob; here it must be that blob.
        if seen.item_mode() != Some(old.mode) || objects.size(&old.id)? != seen.size {
            return Ok(false);
        }
        let is_known = entry.stat().is_same_file(&seen.stat) && !index.is_racy(&seen.stat);
        Ok(is_known || self.has_content(entry.id(), objects, folders))
    }

    /// Whether the file, or the link, has the content of a blob.
    fn has_content(&self, id: ObjectId, objects: &Objects, folders: &mut Folders) -> bool {
        let is_link = self.old.as_ref().is_some_and(TreeItem::is_symlink);
        let path = self.path.as_bstr();
        let bytes = if is_link { folders.read_link(path).map(Some) } else { folders.read(path) };
        let bytes = bytes.ok().flatten();
        bytes.is_some_and(|bytes| objects.id_of(Kind::Blob, &bytes).is_ok_and(|here| here == id))
    }

    /// What the index is to say of it.
    fn entry(&self) -> Result<Option<New>, Error> {
        let Some(staged) = &self.staged else { return Ok(None) };
        Ok(Some(New { mode: staged.mode, id: id(&staged.id)? }))
    }
}

fn id(hex: &str) -> Result<ObjectId, Error> {
    let id = ObjectId::from_hex(hex.as_bytes());
    Ok(id.map_err(|error| crate::git::Error::Object { id: hex.to_owned(), reason: error.to_string() })?)
}
