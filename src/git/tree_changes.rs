//! Two trees told apart, in the order in which `git diff-tree -r --raw --no-renames` does it. Folders that are the same on
//! both sides are never read.

use std::cmp::Ordering;

use bstr::BString;

use super::entries::malformed;
use super::recent::Bytes;
use super::{Commit, Entries, Entry, Error, Kind, Malformed, ObjectId, Objects, TreeChange, TreeItem, objects};

/// git reads no deeper folders.
const DEEPEST: usize = 2048;

impl Objects {
    /// The paths at which two trees differ, in git's order. Renames are not looked for. Each may be named by a commit.
    pub fn changes(&self, old: &str, new: &str) -> Result<Vec<TreeChange>, Error> {
        let (old, new) = (objects::parse(old)?, objects::parse(new)?);
        let mut walk = Walk { objects: self, path: BString::default(), depth: 0, found: Vec::new() };
        walk.folder(self.tree_of(old)?, self.tree_of(new)?)?;
        Ok(walk.found)
    }

    /// The tree that an id names, itself or as a commit or tag.
    fn tree_of(&self, mut id: ObjectId) -> Result<Option<ObjectId>, Error> {
        loop {
            let (kind, bytes) = self.read(id)?;
            let named = match kind {
                Kind::Tree => return Ok(Some(id)),
                Kind::Commit => Commit::parse(&bytes).map(|commit| commit.tree),
                Kind::Tag => {
                    let first =
                        bytes.split(|&byte| byte == b'\n').next().and_then(|line| line.strip_prefix(b"object "));
                    first.map(|hex| String::from_utf8_lossy(hex).into_owned())
                }
                Kind::Blob => None,
            };
            id = objects::parse(&named.ok_or_else(|| objects::missing(&id.to_string(), "names no tree"))?)?;
        }
    }
}

struct Walk<'a> {
    objects: &'a Objects,
    /// Of the folder that is looked at, with a slash at its end; empty at the top.
    path: BString,
    depth: usize,
    found: Vec<TreeChange>,
}

impl Walk<'_> {
    /// What differs between two folders of the same path, of which one may not be there.
    fn folder(&mut self, old: Option<ObjectId>, new: Option<ObjectId>) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let deepest = new.or(old).map(|id| id.to_string()).unwrap_or_default();
            return Err(objects::missing(&deepest, format!("lies more than {DEEPEST} folders deep")));
        }
        let (old_bytes, new_bytes) = (self.bytes(old)?, self.bytes(new)?);
        let hash = self.objects.hash();
        let (mut olds, mut news) = (Entries::of(&old_bytes, hash), Entries::of(&new_bytes, hash));
        olds.pass_over_same(&mut news);
        let (mut left, mut right) = (next(&mut olds, old)?, next(&mut news, new)?);
        loop {
            let order = match (&left, &right) {
                (Some(left), Some(right)) => in_git_order(left, right),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            self.entry(left.as_ref().filter(|_| order.is_le()), right.as_ref().filter(|_| order.is_ge()))?;
            if order.is_eq() {
                olds.pass_over_same(&mut news);
            }
            if order.is_le() {
                left = next(&mut olds, old)?;
            }
            if order.is_ge() {
                right = next(&mut news, new)?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// What differs between two entries of the same name.
    fn entry(&mut self, old: Option<&Entry<'_>>, new: Option<&Entry<'_>>) -> Result<(), Error> {
        let Some(either) = old.or(new) else { return Ok(()) };
        if let (Some(old), Some(new)) = (old, new)
            && (old.mode, old.id) == (new.mode, new.id)
        {
            return Ok(());
        }
        let length = self.path.len();
        self.path.extend_from_slice(either.name);
        // A name is the same on both sides only where both are folders, or none is.
        if either.is_tree() {
            self.path.push(b'/');
            self.folder(old.map(|entry| entry.id), new.map(|entry| entry.id))?;
        } else {
            let item = |entry: &Entry<'_>| TreeItem { mode: entry.mode, id: entry.id.to_string() };
            self.found.push(TreeChange { path: self.path.clone(), old: old.map(item), new: new.map(item) });
        }
        self.path.truncate(length);
        Ok(())
    }

    fn bytes(&self, tree: Option<ObjectId>) -> Result<Bytes, Error> {
        tree.map_or_else(|| Ok(Bytes::default()), |id| self.objects.read_kind(id, Kind::Tree))
    }
}

fn next<'a>(entries: &mut Entries<'a>, tree: Option<ObjectId>) -> Result<Option<Entry<'a>>, Error> {
    let malformed = |Malformed| tree.map_or_else(|| objects::missing("", "is not there"), |id| malformed(&id));
    entries.next().transpose().map_err(malformed)
}

/// The order of a tree's entries: by name, as if a folder's ended with a slash. A file and a folder of one name are not equal.
fn in_git_order(left: &Entry<'_>, right: &Entry<'_>) -> Ordering {
    let common = left.name.len().min(right.name.len());
    let end = |entry: &Entry<'_>| match entry.name.get(common) {
        Some(&byte) => byte,
        None if entry.is_tree() => b'/',
        None => 0,
    };
    left.name[..common].cmp(&right.name[..common]).then_with(|| end(left).cmp(&end(right))).then_with(|| {
        // The name of one may go on with what stands for the end of the other.
        left.name.len().cmp(&right.name.len())
    })
}
