//! One entry's diff on one tree: the seam between a capture's entries and trees.
//!
//! A diff is placed as `git apply` places it, on the private index. One that does not fit is merged three ways
//! ([`merge`]); what even that cannot decide is a [`Conflict`]. Nothing of the person's is read or written,
//! but for files that hold a preimage the repository does not have.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};

use super::merge::{self, Merge};
use super::{Error, Series};
use crate::git::{Isolated, Objects, TreeItem};
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
    holds: Option<String>,
}

impl<'a> Bench<'a> {
    /// A bench on which nothing lies yet.
    pub fn new(isolated: &'a Isolated) -> Result<Bench<'a>, Error> {
        Ok(Bench { isolated, objects: isolated.objects()?, holds: None })
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
            let exact = check_images(&self.objects, patch, tree, &after)?;
            return Ok(Placed::Fits { tree: after, exact });
        }
        match merge::three_way(self.isolated, &self.objects, tree, patch)? {
            Merge::Clean(tree) => Ok(Placed::Merged { tree }),
            Merge::Conflict { tree, stages } => Ok(Placed::Conflict(Conflict { tree, stages, rejects: Vec::new() })),
            Merge::NoPreimages => Ok(Placed::Conflict(self.reject(tree, patch)?)),
        }
    }

    /// Places the hunks that fit and keeps the others as rejects.
    pub fn reject(&mut self, tree: &str, patch: &Patch) -> Result<Conflict, Error> {
        self.hold(tree)?;
        self.holds = None;
        let folder = self.isolated.path().join(format!("rejects-{}", patch.index));
        for change in &patch.changes {
            // git writes `<path>.rej` but makes no folder for it.
            let file = reject_file(&folder, target(change));
            let parent = file.parent().unwrap_or(&folder);
            std::fs::create_dir_all(parent).map_err(crate::git::Error::io("cannot make", parent))?;
        }
        let apply = self.isolated.git_on("apply", &folder).args(["--cached", "--reject", "--whitespace=nowarn"]);
        // It fails whenever there are rejects; what it left tells which.
        apply.arg(patch.diff).finish()?;
        let after = self.isolated.write_tree()?;
        let placed: HashSet<BString> =
            self.isolated.changes(tree, &after)?.into_iter().map(|change| change.path).collect();
        let mut rejects = Vec::new();
        for (number, change) in patch.changes.iter().enumerate() {
            let path = target(change).clone();
            match std::fs::read(reject_file(&folder, &path)) {
                Ok(hunks) => rejects.push(Reject { path, hunks }),
                // A file that is missing, or a binary one that is another: git rejects it whole and writes nothing.
                Err(_) if !placed.contains(&path) => rejects.push(Reject { path, hunks: section(patch, number)? }),
                Err(_) => {}
            }
        }
        Ok(Conflict { tree: after, stages: Vec::new(), rejects })
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

/// The path that a change is about.
fn target(change: &FileChange) -> &BString {
    static NONE: BString = BString::new(Vec::new());
    change.new_path.as_ref().or(change.old_path.as_ref()).unwrap_or(&NONE)
}

/// Where git writes the rejected hunks of a path. The path was checked not to leave the folder.
fn reject_file(folder: &Path, path: &BString) -> PathBuf {
    let mut name = path.to_vec();
    name.extend_from_slice(b".rej");
    name.to_path().map_or_else(|_| folder.to_owned(), |name| folder.join(name))
}

/// The part of the diff that speaks of one file: up to where the next one's begins.
fn section(patch: &Patch, number: usize) -> Result<Vec<u8>, Error> {
    let io = || crate::git::Error::io("cannot read", patch.diff);
    let mut file = File::open(patch.diff).map_err(io())?;
    let start = patch.changes[number].offset;
    let end = patch.changes.get(number + 1).map_or(u64::MAX, |next| next.offset);
    file.seek(SeekFrom::Start(start)).map_err(io())?;
    let mut bytes = Vec::new();
    file.take(end.saturating_sub(start)).read_to_end(&mut bytes).map_err(io())?;
    Ok(bytes)
}

/// Holds the ids that the diff names against what came out: a file that was the named preimage must now be the named
/// postimage, and a new file always. Whether every file was the named preimage.
fn check_images(objects: &Objects, patch: &Patch, before: &str, after: &str) -> Result<bool, Error> {
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
        let was = change.old_path.as_ref().map(|path| objects.entry(before, path.as_bstr())).transpose()?.flatten();
        let preimage = match (&change.old_path, was) {
            (None, _) => true,
            (Some(_), Some(was)) => change.old_id.as_ref().is_some_and(|id| id.as_slice() == was.id.as_bytes()),
            (Some(_), None) => false,
        };
        exact &= preimage;
        let came_out = objects.entry(after, path.as_bstr())?;
        if preimage && came_out.is_none_or(|item| item.id.as_bytes() != new_id.as_slice()) {
            let reason = format!("does not give '{path}' the content that it names");
            return Err(Error::Corrupt { entry: patch.index + 1, subject: patch.subject.clone(), reason });
        }
    }
    Ok(exact)
}

impl<'a> Patch<'a> {
    /// Unpacks an entry of `series` to `diff`.
    pub fn unpack(series: &mut Series, index: usize, diff: &'a Path) -> Result<Patch<'a>, Error> {
        let changes = series.unpack(index, diff)?;
        Ok(Patch { index, subject: series.subject(index), diff, changes })
    }
}
