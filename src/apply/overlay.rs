//! A tree with edits on top: the state of a series between two entries, without an index.
//!
//! Only the trees on the way to a path are read, each once as long as it stays as it is; only those that change are made
//! anew, in git's order of entries. Whether an entry fits is left to `fit`.

mod listing;

use std::collections::{BTreeMap, HashMap};

use bstr::{BStr, BString, ByteSlice};

use self::listing::{Change, Listing};
use super::Error;
use crate::git::{Base, Kind, ObjectId, Objects, TreeItem};

/// What a tree says of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// The mode, as `TreeItem` has it.
    pub mode: u32,
    /// The object, or the commit of a submodule.
    pub id: ObjectId,
}

impl Item {
    /// The same from its hex form.
    pub fn of(item: &TreeItem) -> Option<Item> {
        Some(Item { mode: item.mode, id: ObjectId::from_hex(item.id.as_bytes()).ok()? })
    }
}

/// What becomes of paths: what is there afterwards, or nothing.
pub type Edits = BTreeMap<BString, Option<Item>>;

/// The tree, and as much of it as was looked at.
pub struct Overlay {
    root: Folder,
    /// What was found on the way to the paths of the entry at hand, each of which is asked for more than once.
    found: HashMap<BString, Deepest>,
}

/// What stands at a path or above it, with the length of its own path.
type Deepest = Option<(Item, usize)>;

/// One folder of it.
struct Folder {
    /// Its tree.
    id: ObjectId,
    /// What that holds, once somebody asked.
    listing: Option<Listing>,
    /// Folders in it that somebody asked for, now or when it was another tree.
    below: HashMap<BString, Folder>,
}

/// The mode of a folder.
pub const FOLDER: u32 = 0o040_000;
/// The mode of a symbolic link.
pub const LINK: u32 = 0o120_000;
/// The mode of a submodule's commit.
pub const COMMIT: u32 = 0o160_000;

impl Overlay {
    /// The tree `tree`, of which nothing is read yet.
    pub fn on(tree: ObjectId) -> Overlay {
        Overlay { root: Folder::new(tree), found: HashMap::new() }
    }

    /// Goes over to another tree; what both have in common is not read again.
    pub fn go_to(&mut self, tree: ObjectId) {
        self.found.clear();
        self.root.become_tree(tree);
    }

    /// What is at `path`: a file, a link, a commit of a submodule, or a folder.
    pub fn item(&mut self, objects: &Objects, path: &BStr) -> Result<Option<Item>, Error> {
        Ok(self.deepest(objects, path)?.filter(|(_, length)| *length == path.len()).map(|(item, _)| item))
    }

    /// The deepest that there is on the way to `path`, with the length of its own path: `path` itself, or what stands where
    /// a folder must be. `None` where nothing is in the way.
    pub fn deepest(&mut self, objects: &Objects, path: &BStr) -> Result<Deepest, Error> {
        if let Some(found) = self.found.get(path) {
            return Ok(*found);
        }
        let found = self.look_up(objects, path)?;
        self.found.insert(path.into(), found);
        Ok(found)
    }

    fn look_up(&mut self, objects: &Objects, path: &BStr) -> Result<Deepest, Error> {
        let (mut folder, mut start) = (&mut self.root, 0);
        loop {
            let end = path[start..].find_byte(b'/').map_or(path.len(), |at| start + at);
            let name = path[start..end].as_bstr();
            let listing = folder.listing(objects)?;
            let is_last = end == path.len();
            let item = if is_last { listing.find(name) } else { listing.find_folder(name) };
            let Some(item) = item else { return Ok(None) };
            if is_last || item.mode != FOLDER {
                return Ok(Some((item, end)));
            }
            folder = folder.child(name, item.id);
            start = end + 1;
        }
    }

    /// Whether no file of the outcome is where another needs a folder.
    pub fn has_room(&mut self, objects: &Objects, edits: &Edits) -> Result<bool, Error> {
        for path in edits.iter().filter(|(_, item)| item.is_some()).map(|(path, _)| path.as_bstr()) {
            let stays = |path: &[u8]| edits.get(path.as_bstr()).is_none_or(Option::is_some);
            let mut folders = path.find_iter("/").map(|at| path[..at].as_bstr());
            if folders.any(|folder| matches!(edits.get(folder), Some(Some(_)))) {
                return Ok(false);
            }
            let Some((item, length)) = self.deepest(objects, path)? else { continue };
            let is_blocked = match length < path.len() {
                true => stays(&path[..length]),
                false => item.mode == FOLDER && self.has_other_files(objects, path, edits)?,
            };
            if is_blocked {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Makes the edits; the id of the tree that comes out. What [`Overlay::has_room`] refuses must not come here.
    pub fn edit(&mut self, objects: &Objects, edits: &Edits) -> Result<ObjectId, Error> {
        self.found.clear();
        let edits: Vec<_> = edits.iter().map(|(path, item)| (path.as_bstr(), *item)).collect();
        self.root.edit(objects, &edits)?;
        Ok(self.root.id)
    }

    /// Whether the folder `path` holds anything that the edits do not remove.
    fn has_other_files(&mut self, objects: &Objects, path: &BStr, edits: &Edits) -> Result<bool, Error> {
        let mut folder = &mut self.root;
        for name in path.split(|&byte| byte == b'/') {
            let Some(item) = folder.listing(objects)?.find(name.as_bstr()) else { return Ok(false) };
            folder = folder.child(name.as_bstr(), item.id);
        }
        folder.has_other_files(objects, path, edits)
    }
}

impl Folder {
    fn new(id: ObjectId) -> Folder {
        Folder { id, listing: None, below: HashMap::new() }
    }

    fn become_tree(&mut self, id: ObjectId) {
        if self.id != id {
            self.id = id;
            self.listing = None;
        }
    }

    fn listing(&mut self, objects: &Objects) -> Result<&Listing, Error> {
        let listing = match self.listing.take() {
            Some(listing) => listing,
            None if self.id.is_empty_tree() => Listing::empty(self.id.kind()),
            None => Listing::read(objects.read_kind(self.id, Kind::Tree)?, self.id)?,
        };
        Ok(self.listing.insert(listing))
    }

    fn child(&mut self, name: &BStr, id: ObjectId) -> &mut Folder {
        let child = self.below.entry(name.to_owned()).or_insert_with(|| Folder::new(id));
        child.become_tree(id);
        child
    }

    fn has_other_files(&mut self, objects: &Objects, path: &BStr, edits: &Edits) -> Result<bool, Error> {
        let items: Vec<_> = self.listing(objects)?.iter().map(|(name, item)| (name.to_owned(), item)).collect();
        for (name, item) in items {
            let path: BString = bstr::concat([path.as_bytes(), b"/", &name]).into();
            let other = match item.mode {
                FOLDER => self.child(name.as_bstr(), item.id).has_other_files(objects, path.as_bstr(), edits)?,
                _ => !matches!(edits.get(&path), Some(None)),
            };
            if other {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Makes edits, of which the paths begin below this folder.
    fn edit(&mut self, objects: &Objects, edits: &[(&BStr, Option<Item>)]) -> Result<(), Error> {
        let mut changes: Vec<Change> = Vec::new();
        for (name, group) in by_name(edits) {
            let was = self.listing(objects)?.find(name);
            let becomes = self.outcome(objects, name, was, &group)?;
            if becomes != was {
                changes.push(Change { name, was: was.map(|item| item.mode), becomes });
            }
            if was.is_some_and(|item| item.mode == FOLDER) && becomes.is_none_or(|item| item.mode != FOLDER) {
                self.below.remove(name);
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        let before = self.listing(objects)?;
        let (listing, edits) = before.changed(changes);
        let base_len = before.stored_len();
        if listing.bytes().is_empty() {
            *self = Folder::new(ObjectId::empty_tree(self.id.kind()));
            return Ok(());
        }
        let base = base_len.map(|base_len| Base { id: self.id, edits: &edits, base_len });
        self.id = objects.add(Kind::Tree, listing.bytes(), base)?;
        self.listing = Some(listing);
        Ok(())
    }

    /// What is at `name` after the edits of it and below it.
    fn outcome(
        &mut self,
        objects: &Objects,
        name: &BStr,
        was: Option<Item>,
        group: &Group,
    ) -> Result<Option<Item>, Error> {
        if let Some(Some(item)) = group.own {
            return Ok(Some(item));
        }
        let folder = was.filter(|item| item.mode == FOLDER);
        let file = was.filter(|item| item.mode != FOLDER && group.own.is_none());
        if file.is_some() || group.below.is_empty() {
            return Ok(file.or(folder));
        }
        let empty = ObjectId::empty_tree(self.id.kind());
        let child = self.child(name, folder.map_or(empty, |item| item.id));
        child.edit(objects, &group.below)?;
        Ok(Some(Item { mode: FOLDER, id: child.id }).filter(|item| item.id != empty))
    }
}

/// The edits of one name in a folder.
#[derive(Default)]
struct Group<'a> {
    own: Option<Option<Item>>,
    below: Vec<(&'a BStr, Option<Item>)>,
}

/// Edits by the first part of their paths. (In the order of paths `a.b` stands between `a` and `a/b`.)
fn by_name<'a>(edits: &[(&'a BStr, Option<Item>)]) -> BTreeMap<&'a BStr, Group<'a>> {
    let mut groups: BTreeMap<&BStr, Group> = BTreeMap::new();
    for (path, item) in edits {
        match path.split_once_str("/") {
            Some((name, rest)) => groups.entry(name.as_bstr()).or_default().below.push((rest.as_bstr(), *item)),
            None => groups.entry(path).or_default().own = Some(*item),
        }
    }
    groups
}

#[cfg(test)]
mod tests;
