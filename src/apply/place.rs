//! One entry's diff on one tree: the seam between a capture's entries and trees.
//!
//! A diff is placed as `git apply` places it ([`fit`]). One that does not fit is merged three ways
//! ([`merge`]); what even that cannot decide is a [`Conflict`]. Nothing of the person's is read or written,
//! but for files that hold a preimage the repository does not have. Where everything fits, no process is started and no file
//! is written.

use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice};

use super::added::Search;
use super::fit::fit;
use super::merge::{self, Merge};
use super::overlay::{Edits, Item, Overlay};
use super::preimages::Preimages;
use super::{Error, Series};
use crate::git::{Error as GitError, Isolated, ObjectId, Objects, TreeItem};
use crate::patch::{self, ChangeKind, Contents, FilePatch};

/// An entry's diff, read.
pub struct Patch<'a> {
    /// Which entry it is, from 0.
    pub index: usize,
    /// Its subject.
    pub subject: BString,
    /// The diff itself.
    pub diff: &'a [u8],
    /// What it changes.
    pub files: Vec<FilePatch<'a>>,
    /// The preimages that come along with the series.
    pub preimages: Arc<Preimages>,
}

/// An entry's diff on a tree.
#[derive(Debug)]
pub enum Placed {
    /// Every hunk fits.
    Fits {
        /// The tree that comes out.
        tree: String,
        /// Whether every file was the very preimage that the diff names, so that the result can be held against the capture.
        exact: bool,
    },
    /// It took a three-way merge.
    Merged {
        /// The tree that comes out.
        tree: String,
    },
    /// It does not fit.
    Conflict(Conflict),
}

/// What is left of an entry that does not fit.
#[derive(Debug, Default)]
pub struct Conflict {
    /// The tree with what fits, and conflict markers where both sides changed the same.
    pub tree: String,
    /// Index entries of the paths in conflict.
    pub stages: Vec<Stage>,
    /// What could not be placed at all.
    pub rejects: Vec<Reject>,
}

/// One side of a path in conflict, as an index holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The path.
    pub path: BString,
    /// 1 for the common ancestor, 2 for what is here, 3 for the capture's.
    pub number: u8,
    /// Mode and id.
    pub item: TreeItem,
}

/// Hunks, or a whole file's change, that could not be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The file that they are for.
    pub path: BString,
    /// The rejected part of the diff.
    pub hunks: Vec<u8>,
}

impl Conflict {
    /// The paths that are in conflict or were rejected, each once.
    pub fn paths(&self) -> Vec<BString> {
        let stages = self.stages.iter().map(|stage| &stage.path);
        let mut paths: Vec<_> = stages.chain(self.rejects.iter().map(|reject| &reject.path)).cloned().collect();
        paths.sort();
        paths.dedup();
        paths
    }
}

/// Where diffs are placed: one tree after the other, and what they hold.
pub struct Bench<'a> {
    /// The private git directory.
    pub isolated: &'a Isolated,
    /// The objects.
    pub objects: &'a Objects,
    /// The search for secrets in what is added.
    pub search: Search,
    /// The tree at hand.
    pub(super) overlay: Overlay,
}

impl<'a> Bench<'a> {
    /// A bench on which nothing lies yet.
    pub fn new(isolated: &'a Isolated, search: Search) -> Result<Bench<'a>, Error> {
        let overlay = Overlay::on(ObjectId::empty_tree(isolated.format().hash()));
        Ok(Bench { isolated, objects: isolated.objects()?, search, overlay })
    }

    /// Places `patch` on `tree`.
    pub fn place(&mut self, tree: &str, patch: &Patch) -> Result<Placed, Error> {
        if patch.files.is_empty() {
            return Ok(Placed::Fits { tree: tree.to_owned(), exact: true });
        }
        self.overlay.go_to(tree_id(tree)?);
        let Some(fitted) = fit(self.objects, &mut self.overlay, patch, &mut self.search)? else {
            self.search.forget();
            return self.merge(tree, patch);
        };
        if let Some(path) = fitted.wrong {
            return Err(patch.corrupt(format!("does not give '{path}' the content that it names")));
        }
        self.search.keep();
        let after = self.overlay.edit(self.objects, &fitted.edits)?;
        merge::postimages(self.isolated, self.objects, patch, &fitted.elsewhere)?;
        Ok(Placed::Fits { tree: after.to_string(), exact: fitted.exact })
    }

    /// `tree` with some paths set; `None` when a file would be where another needs a folder.
    pub fn with(&mut self, tree: &str, items: &[(BString, TreeItem)]) -> Result<Option<String>, Error> {
        let edits: Edits = items.iter().map(|(path, item)| (path.clone(), Item::of(item))).collect();
        self.overlay.go_to(tree_id(tree)?);
        if !self.overlay.has_room(self.objects, &edits)? {
            return Ok(None);
        }
        Ok(Some(self.overlay.edit(self.objects, &edits)?.to_string()))
    }

    /// Looks for secrets in what the step from one tree to another adds, where no diff was placed that would tell.
    pub fn look_at_step(&mut self, before: &str, after: &str) -> Result<(), Error> {
        let changes = self.isolated.changes(before, after)?;
        self.search.step(self.objects, &changes)
    }

    fn merge(&mut self, tree: &str, patch: &Patch) -> Result<Placed, Error> {
        match merge::three_way(self.isolated, self.objects, tree, patch)? {
            Merge::Clean(tree) => Ok(Placed::Merged { tree }),
            Merge::Conflict { tree, stages } => Ok(Placed::Conflict(Conflict { tree, stages, rejects: Vec::new() })),
            Merge::NoPreimages => Ok(Placed::Conflict(self.reject(tree, patch)?)),
        }
    }
}

/// A tree's id from its hex form.
pub fn tree_id(hex: &str) -> Result<ObjectId, Error> {
    let id = ObjectId::from_hex(hex.as_bytes());
    Ok(id.map_err(|error| GitError::Object { id: hex.to_owned(), reason: error.to_string() })?)
}

impl<'a> Patch<'a> {
    /// Reads entry `index` of `series`, of which `diff` is the diff.
    pub fn read(series: &mut Series, index: usize, diff: &'a [u8]) -> Result<Patch<'a>, Error> {
        let files = patch::read(diff).map_err(|source| Error::Patch { entry: index + 1, source })?;
        series.check(index, files.iter().map(|file| &file.change))?;
        let preimages = series.preimages.clone();
        Ok(Patch { index, subject: series.subject(index), diff, files, preimages })
    }

    /// The part of the diff that speaks of one file: up to where the next one's begins.
    pub fn section(&self, number: usize) -> &'a [u8] {
        let offset = |number: usize| usize::try_from(self.files.get(number)?.change.offset).ok();
        let end = offset(number + 1).unwrap_or(self.diff.len());
        offset(number).and_then(|start| self.diff.get(start..end)).unwrap_or_default()
    }

    /// The paths before and after. Of a plain diff (`--- x.orig`, `+++ x`) git takes the second for both, unless it is the
    /// first with something behind it.
    pub fn sides<'f>(&self, file: &'f FilePatch) -> (Option<&'f BStr>, Option<&'f BStr>) {
        let change = &file.change;
        let (old, new) = (change.old_path.as_ref().map(|path| path.as_bstr()), change.new_path.as_ref());
        match (old, new.map(|path| path.as_bstr())) {
            (Some(old), Some(new)) if old != new && self.is_plain(file) => {
                let name = if new.starts_with(old) { old } else { new };
                (Some(name), Some(name))
            }
            sides => sides,
        }
    }

    /// Whether a file that is not there may be one that the diff makes: a plain diff does not always say so.
    pub fn may_be_new(&self, file: &FilePatch) -> bool {
        let Contents::Hunks(hunks) = &file.contents else { return false };
        file.change.kind == ChangeKind::Modified && self.is_plain(file) && hunks.len() == 1 && hunks[0].old.lines == 0
    }

    /// That the capture contradicts itself here.
    pub fn corrupt(&self, reason: String) -> Error {
        Error::Corrupt { entry: self.index + 1, subject: self.subject.clone(), reason }
    }

    fn is_plain(&self, file: &FilePatch) -> bool {
        let start = usize::try_from(file.change.offset).unwrap_or(usize::MAX);
        !self.diff.get(start..).unwrap_or_default().starts_with(b"diff --git ")
    }
}
