//! What an entry has done to paths so far, and what it is going to do: the order of its changes does not matter for renames
//! and copies, and does for everything else.

use std::collections::{HashMap, HashSet};

use bstr::{BStr, ByteSlice};

use super::{Item, Patch};
use crate::apply::overlay::LINK;
use crate::git::canonical_mode;
use crate::patch::ChangeKind;

/// The paths of an entry.
pub(super) struct Paths<'p> {
    names: HashMap<&'p BStr, Name>,
    /// How often the diff names a path as one that it makes.
    made: HashMap<&'p BStr, usize>,
    /// Where it makes symbolic links.
    links: HashSet<&'p BStr>,
    /// Where it takes symbolic links away.
    links_gone: HashSet<&'p BStr>,
}

/// What is known of a path.
enum Name {
    /// A change to come removes it, or renames it away.
    Goes,
    /// A change has done so.
    Gone,
    /// A change has made it this.
    Holds(Item),
}

impl<'p> Paths<'p> {
    /// The paths of `patch`, before anything is done.
    pub(super) fn of(patch: &'p Patch<'p>) -> Paths<'p> {
        let mut paths =
            Paths { names: HashMap::new(), made: HashMap::new(), links: HashSet::new(), links_gone: HashSet::new() };
        for file in &patch.files {
            let (old, new) = patch.sides(file);
            let is_link = |mode: Option<u32>| mode.map(canonical_mode) == Some(LINK);
            let goes = new.is_none() || matches!(file.change.kind, ChangeKind::Renamed { .. });
            if let Some(old) = old.filter(|_| goes) {
                paths.names.insert(old, Name::Goes);
                if is_link(file.change.old_mode) {
                    paths.links_gone.insert(old);
                }
            }
            if let Some(new) = new {
                *paths.made.entry(new).or_default() += 1;
                // An `index` line tells the mode of what is there already.
                let says = file.change.new_mode.filter(|_| file.change.old_mode != file.change.new_mode);
                if is_link(says) {
                    paths.links.insert(new);
                }
            }
        }
        paths
    }

    /// What the entry has made of a path: `None` if nothing yet, `Some(None)` if it took it away.
    pub(super) fn made(&self, path: &BStr) -> Option<Option<Item>> {
        match self.names.get(path)? {
            Name::Goes => None,
            Name::Gone => Some(None),
            Name::Holds(item) => Some(Some(*item)),
        }
    }

    /// Whether the entry takes away what was at a path, so that there is room for something else.
    pub(super) fn leaves(&self, path: &BStr) -> bool {
        matches!(self.names.get(path), Some(Name::Goes | Name::Gone))
    }

    /// How often the diff names a path as one that it makes.
    pub(super) fn times_made(&self, path: &BStr) -> usize {
        self.made.get(path).copied().unwrap_or_default()
    }

    /// Notes that a path was made.
    pub(super) fn holds(&mut self, path: &'p BStr, item: Item) {
        self.names.insert(path, Name::Holds(item));
    }

    /// Notes that a path was taken away.
    pub(super) fn is_gone(&mut self, path: Option<&'p BStr>) {
        if let Some(path) = path {
            self.names.insert(path, Name::Gone);
        }
    }

    /// Whether a symbolic link stands where `path` needs a folder, `deepest` being what the tree has on the way.
    pub(super) fn leads_through_link(&self, path: &BStr, deepest: Option<(Item, usize)>) -> bool {
        let there = deepest.filter(|(item, length)| item.mode == LINK && *length < path.len());
        let there = there.map(|(_, length)| path[..length].as_bstr());
        let mut folders = path.find_iter("/").map(|at| path[..at].as_bstr());
        there.is_some_and(|link| !self.links_gone.contains(link))
            || (!self.links.is_empty() && folders.any(|folder| self.links.contains(folder)))
    }
}
