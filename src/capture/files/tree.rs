//! Trees made from the entries of an index and what differs from them. A folder in which nothing differs has the id that
//! the index remembers; it is neither read nor written.

use std::ops::Range;

use bstr::{BStr, BString, ByteSlice};

use super::{Overlay, Stop, Unusual};
use crate::git::index::{Entry, Folder};
use crate::git::{Kind, ObjectId, Objects};

/// A file or a symbolic link as a tree has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) mode: u32,
    pub(super) id: ObjectId,
}

/// What the trees are made of.
pub(super) struct Trees<'a> {
    objects: &'a Objects,
    entries: &'a [Entry<'a>],
    folders: &'a Folder<'a>,
}

/// The most bytes of a folder's path: the stack has room for as many folders in each other.
const LONGEST: usize = 1024;

/// What differs, sorted by path.
type Changes<'a> = [(&'a BString, Option<Item>)];

impl<'a> Trees<'a> {
    pub(super) fn of(objects: &'a Objects, entries: &'a [Entry<'a>], folders: &'a Folder<'a>) -> Trees<'a> {
        Trees { objects, entries, folders }
    }

    /// The id of the index's tree with these changes. New trees are added to the objects.
    pub(super) fn id(&self, overlay: &Overlay) -> Result<ObjectId, Stop> {
        let changes: Vec<(&BString, Option<Item>)> = overlay.iter().map(|(path, item)| (path, *item)).collect();
        match self.folder(0, 0..self.entries.len(), &changes, Some(self.folders))? {
            Some(id) => Ok(id),
            None => Ok(self.objects.add(Kind::Tree, Vec::new(), None)?),
        }
    }

    /// One folder, whose path is `prefix` bytes long; `None` when nothing is in it.
    fn folder(
        &self,
        prefix: usize,
        mut range: Range<usize>,
        mut changes: &Changes<'_>,
        known: Option<&Folder<'_>>,
    ) -> Result<Option<ObjectId>, Stop> {
        if let (true, Some((count, id))) = (changes.is_empty(), known.and_then(Folder::known))
            && count as usize == range.len()
            && self.objects.contains(&id)
        {
            return Ok(Some(id));
        }
        if prefix > LONGEST {
            return Err(Unusual("folders deeper than people make them").into());
        }
        let (mut bytes, start) = (Vec::new(), range.start);
        loop {
            let entry = self.entries.get(range.start).filter(|_| !range.is_empty());
            let change = changes.first();
            let path: &BStr = match (entry.map(Entry::path), change.map(|(path, _)| path.as_bstr())) {
                (None, None) => break,
                (Some(path), None) | (None, Some(path)) => path,
                (Some(path), Some(other)) => path.min(other),
            };
            let Some(slash) = path[prefix..].find_byte(b'/') else {
                let mut item = None;
                if let Some(entry) = entry.filter(|entry| entry.path() == path) {
                    item = Some(Item { mode: entry.mode(), id: entry.id() });
                    range.start += 1;
                }
                if let Some((_, new)) = change.filter(|(other, _)| other.as_bstr() == path) {
                    item = *new;
                    changes = &changes[1..];
                }
                if let Some(item) = item {
                    append(&mut bytes, item.mode, &path[prefix..], &item.id);
                }
                continue;
            };
            let below = &path[..=prefix + slash];
            let name = &path[prefix..prefix + slash];
            let entries = self.entries[range.clone()].partition_point(|entry| entry.path().starts_with(below));
            let is_file = |entry: &Entry<'_>| entry.path().cmp(path[..prefix + slash].as_bstr());
            if entries > 0 && self.entries[start..range.start].binary_search_by(is_file).is_ok() {
                return Err(Unusual("a file and a folder of the same name").into());
            }
            let (inside, rest) = changes.split_at(changes.partition_point(|(path, _)| path.starts_with(below)));
            let end = range.start + entries;
            let known = known.and_then(|known| known.folder(name.as_bstr()));
            if let Some(id) = self.folder(below.len(), range.start..end, inside, known)? {
                append(&mut bytes, 0o40_000, name, &id);
            }
            (range.start, changes) = (end, rest);
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.objects.add(Kind::Tree, bytes, None)?))
    }
}

fn append(bytes: &mut Vec<u8>, mode: u32, name: &[u8], id: &ObjectId) {
    bytes.extend_from_slice(format!("{mode:o} ").as_bytes());
    bytes.extend_from_slice(name);
    bytes.push(0);
    bytes.extend_from_slice(id.as_bytes());
}
