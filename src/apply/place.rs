//! One entry's diff on one tree: the seam between a capture's entries and trees.
//!
//! A diff is placed as `git apply` places it, on the private index. One that does not fit is merged three ways
//! ([`merge`]); what even that cannot decide is a [`Conflict`]. Nothing of the person's is read or written,
//! but for files that hold a preimage the repository does not have.

use std::collections::HashMap;
use std::path::Path;

use bstr::{BString, ByteSlice};

use super::merge::{self, Merge};
use super::{Error, Series};
use crate::git::{Isolated, Objects, TreeChange, TreeItem};
use crate::patch::FileChange;

/// An entry's diff, unpacked.
pub struct Patch<'a> {
    /// Which entry it is, from 0.
    pub index: usize,
    /// Its subject.
    pub subject: BString,
    /// The file that holds the diff.
    pub diff: &'a Path,
    /// What it changes.
    pub changes: Vec<FileChange>,
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

/// Where diffs are placed: the private index, and what it holds.
pub struct Bench<'a> {
    /// The private git directory.
    pub isolated: &'a Isolated,
    /// Its objects.
    pub objects: Objects,
    /// The tree that the private index holds, where that is known. A series goes from one tree to the next; reading a
    /// tree of 100,000 files again for each mail would cost more than all else.
    pub(super) holds: Option<String>,
}

impl<'a> Bench<'a> {
    /// A bench on which nothing lies yet.
    pub fn new(isolated: &'a Isolated) -> Result<Bench<'a>, Error> {
        Ok(Bench { isolated, objects: isolated.objects()?.clone(), holds: None })
    }

    /// Places `patch` on `tree`.
    pub fn place(&mut self, tree: &str, patch: &Patch) -> Result<Placed, Error> {
        if patch.changes.is_empty() {
            return Ok(Placed::Fits { tree: tree.to_owned(), exact: true });
        }
        self.hold(tree)?;
        let applied = self.isolated.git("apply").args(["--cached", "--whitespace=nowarn"]).arg(patch.diff).finish()?;
        if applied.code == Some(0) {
            let after = self.isolated.write_tree()?;
            self.holds = Some(after.clone());
            let exact = check_images(self, patch, tree, &after)?;
            if !exact {
                self.holds = None;
                merge::images(self.isolated, &self.objects, tree, patch)?;
            }
            return Ok(Placed::Fits { tree: after, exact });
        }
        match merge::three_way(self.isolated, &self.objects, tree, patch)? {
            Merge::Clean(tree) => Ok(Placed::Merged { tree }),
            Merge::Conflict { tree, stages } => Ok(Placed::Conflict(Conflict { tree, stages, rejects: Vec::new() })),
            Merge::NoPreimages => Ok(Placed::Conflict(self.reject(tree, patch)?)),
        }
    }

    /// Makes the private index hold `tree`.
    pub fn hold(&mut self, tree: &str) -> Result<(), Error> {
        if self.holds.as_deref() != Some(tree) {
            self.isolated.read_tree(tree)?;
            self.holds = Some(tree.to_owned());
        }
        Ok(())
    }
}

/// Holds the ids that the diff names against what came out: a file that was the named preimage must now be the named
/// postimage, and a new file always. Whether every file was the named preimage.
fn check_images(bench: &Bench, patch: &Patch, before: &str, after: &str) -> Result<bool, Error> {
    let sides = Sides::between(bench, patch, before, after)?;
    let mut named: HashMap<_, usize> = HashMap::new();
    for path in patch.changes.iter().filter_map(|change| change.new_path.as_ref()) {
        *named.entry(path).or_default() += 1;
    }
    let mut exact = true;
    for change in &patch.changes {
        // A path that the diff changes twice names images that were never in a tree; abbreviated ids name nothing for sure.
        let Some(path) = change.new_path.as_ref().filter(|path| named[path] == 1) else { continue };
        let Some(new_id) = change.new_id.as_ref().filter(|id| id.len() == after.len()) else {
            exact &= change.new_id.is_none();
            continue;
        };
        let was = change.old_path.as_ref().map(|path| sides.before(path)).transpose()?.flatten();
        let preimage = match (&change.old_path, was) {
            (None, _) => true,
            (Some(_), Some(was)) => change.old_id.as_ref().is_some_and(|id| id.as_slice() == was.id.as_bytes()),
            (Some(_), None) => false,
        };
        exact &= preimage;
        let came_out = sides.after(path)?;
        if preimage && came_out.is_none_or(|item| item.id.as_bytes() != new_id.as_slice()) {
            let reason = format!("does not give '{path}' the content that it names");
            return Err(Error::Corrupt { entry: patch.index + 1, subject: patch.subject.clone(), reason });
        }
    }
    Ok(exact)
}

/// What two trees say of paths. Looking a path up reads through its folder, which for each of many files in one folder would
/// take time in the square of their number: from some number on, one comparison of the trees tells of all.
struct Sides<'a> {
    objects: &'a Objects,
    before: &'a str,
    after: &'a str,
    changes: Option<HashMap<BString, TreeChange>>,
}

impl<'a> Sides<'a> {
    /// Patches of more changes than this are worth the comparison.
    const MANY: usize = 64;

    fn between(bench: &'a Bench, patch: &Patch, before: &'a str, after: &'a str) -> Result<Sides<'a>, Error> {
        let changes = match patch.changes.len() > Sides::MANY {
            true => {
                let changes = bench.isolated.changes(before, after)?;
                Some(changes.into_iter().map(|change| (change.path.clone(), change)).collect())
            }
            false => None,
        };
        Ok(Sides { objects: &bench.objects, before, after, changes })
    }

    fn before(&self, path: &BString) -> Result<Option<TreeItem>, Error> {
        self.side(path, self.before, |change| &change.old)
    }

    fn after(&self, path: &BString) -> Result<Option<TreeItem>, Error> {
        self.side(path, self.after, |change| &change.new)
    }

    /// A path at which the trees do not differ, such as what a copy is made of, is looked up all the same.
    fn side(
        &self,
        path: &BString,
        tree: &str,
        of: impl Fn(&TreeChange) -> &Option<TreeItem>,
    ) -> Result<Option<TreeItem>, Error> {
        match self.changes.as_ref().and_then(|changes| changes.get(path)) {
            Some(change) => Ok(of(change).clone()),
            None => Ok(self.objects.entry(tree, path.as_bstr())?),
        }
    }
}

impl<'a> Patch<'a> {
    /// Unpacks an entry of `series` to `diff`.
    pub fn unpack(series: &mut Series, index: usize, diff: &'a Path) -> Result<Patch<'a>, Error> {
        let changes = series.unpack(index, diff)?;
        Ok(Patch { index, subject: series.subject(index), diff, changes })
    }
}
