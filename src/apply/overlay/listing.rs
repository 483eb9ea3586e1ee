//! One tree object: found in, and changed, without being taken apart.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice};

use super::{FOLDER, Item};
use crate::apply::Error;
use crate::git::{Error as GitError, ObjectId, canonical_mode};

/// The entries of a tree as they lie in the object: `<mode> <name>\0<id>`, one after the other.
pub(super) struct Listing {
    bytes: Arc<Vec<u8>>,
    /// Where the entries begin.
    starts: Vec<usize>,
    id_len: usize,
    /// Whether the bytes are those of an object, so that others can be told as a change of them.
    is_stored: bool,
}

/// What becomes of one name.
pub(super) struct Change<'a> {
    pub(super) name: &'a BStr,
    /// The mode of what is there.
    pub(super) was: Option<u32>,
    pub(super) becomes: Option<Item>,
}

/// Which bytes were replaced by which.
pub(super) type Replaced = Vec<(Range<usize>, Range<usize>)>;

impl Listing {
    /// A folder with nothing in it.
    pub(super) fn empty(hash: gix::hash::Kind) -> Listing {
        Listing { bytes: Arc::default(), starts: Vec::new(), id_len: hash.len_in_bytes(), is_stored: false }
    }

    /// The tree `id` as it was read. An older git wrote modes that no git writes today, and other programs empty folders:
    /// as soon as such a tree is changed, git writes it anew without them.
    pub(super) fn read(bytes: Arc<Vec<u8>>, id: ObjectId) -> Result<Listing, Error> {
        let damaged = || GitError::Object { id: id.to_string(), reason: "is not a well-formed tree".to_owned() };
        let id_len = id.kind().len_in_bytes();
        let mut listing = Listing { bytes, starts: Vec::new(), id_len, is_stored: true };
        let (mut at, mut usual) = (0, true);
        while at < listing.bytes.len() {
            let (mode, name, end) = split(&listing.bytes[at..], id_len).ok_or_else(damaged)?;
            let is_empty = ObjectId::from_bytes_or_panic(&listing.bytes[at + end - id_len..at + end]).is_empty_tree();
            usual &= USUAL.contains(&mode) && !(mode == b"40000" && is_empty);
            let previous = listing.starts.last().map(|&start| listing.key(start));
            if previous.is_some_and(|previous| !previous.comes_before(Key::of(mode, name))) {
                return Err(damaged().into());
            }
            listing.starts.push(at);
            at += end;
        }
        Ok(if usual { listing } else { listing.as_git_writes_it(id) })
    }

    /// The bytes of the tree.
    pub(super) fn bytes(&self) -> Arc<Vec<u8>> {
        self.bytes.clone()
    }

    /// The size of the object with these bytes; `None` when there is none.
    pub(super) fn stored_len(&self) -> Option<usize> {
        self.is_stored.then_some(self.bytes.len())
    }

    /// What is at a name.
    pub(super) fn find(&self, name: &BStr) -> Option<Item> {
        self.item_as(name, false).or_else(|| self.item_as(name, true))
    }

    /// What is at a name that is mostly a folder's.
    pub(super) fn find_folder(&self, name: &BStr) -> Option<Item> {
        self.item_as(name, true).or_else(|| self.item_as(name, false))
    }

    /// All that there is.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&BStr, Item)> {
        self.starts.iter().enumerate().map(|(at, &start)| (self.key(start).name.as_bstr(), self.item(at)))
    }

    /// The tree after some changes, an object that is to be made, and where it differs.
    pub(super) fn changed(&self, changes: Vec<Change>) -> (Listing, Replaced) {
        let mut parts: Vec<Part> = Vec::with_capacity(changes.len());
        for Change { name, was, becomes } in changes {
            let key = |mode: u32| Key { name: name.as_bytes(), is_folder: mode == FOLDER };
            let was = was.and_then(|mode| self.position(key(mode)).ok());
            let place = becomes.map(|item| self.position(key(item.mode)));
            let (key, item) = (key(becomes.map_or(0, |item| item.mode)), becomes);
            match (was, place) {
                (Some(was), Some(Ok(place))) if was == place => parts.push(Part { range: self.range(was), key, item }),
                // A folder that becomes a file is sorted anew, even if among what is there its place stays the same: something new
                // may belong between the two.
                (was, place) => {
                    parts.extend(was.map(|was| Part { range: self.range(was), key, item: None }));
                    let place = place.map(|place| place.unwrap_or_else(|place| place));
                    let start = place.map(|place| self.starts.get(place).copied().unwrap_or(self.bytes.len()));
                    parts.extend(start.map(|start| Part { range: start..start, key, item }));
                }
            }
        }
        parts.sort_by_key(|part| (part.range.start, part.range.end, part.key));
        self.with(parts.into_iter().map(|part| (part.range, part.key.name.as_bstr(), part.item)))
    }

    /// The tree with ranges of its bytes replaced by entries.
    fn with<'a>(&self, parts: impl Iterator<Item = (Range<usize>, &'a BStr, Option<Item>)>) -> (Listing, Replaced) {
        let mut bytes = Vec::with_capacity(self.bytes.len() + 64);
        let mut starts = Vec::with_capacity(self.starts.len() + 1);
        let mut replaced = Replaced::new();
        let (mut at, mut next) = (0, 0);
        let keep = |bytes: &mut Vec<u8>, starts: &mut Vec<usize>, range: Range<usize>, next: usize| {
            let end = next + self.starts[next..].partition_point(|start| *start < range.end);
            starts.extend(self.starts[next..end].iter().map(|start| start - range.start + bytes.len()));
            bytes.extend_from_slice(&self.bytes[range]);
            end
        };
        for (range, name, item) in parts {
            next = keep(&mut bytes, &mut starts, at..range.start, next);
            let start = bytes.len();
            if let Some(item) = item {
                starts.push(start);
                bytes.extend_from_slice(format!("{:o} ", item.mode).as_bytes());
                bytes.extend_from_slice(name);
                bytes.push(0);
                bytes.extend_from_slice(item.id.as_bytes());
            }
            at = range.end;
            next += self.starts[next..].partition_point(|start| *start < range.end);
            replaced.push((range, start..bytes.len()));
        }
        keep(&mut bytes, &mut starts, at..self.bytes.len(), next);
        (Listing { bytes: Arc::new(bytes), starts, id_len: self.id_len, is_stored: true }, replaced)
    }

    /// The same files without what today's git does not write.
    fn as_git_writes_it(&self, id: ObjectId) -> Listing {
        let items: Vec<(BString, Item)> = self.iter().map(|(name, item)| (name.to_owned(), item)).collect();
        let items = items.iter().filter(|(_, item)| item.mode != FOLDER || !item.id.is_empty_tree());
        let everything = Listing::empty(id.kind());
        let (listing, _) = everything.with(items.map(|(name, item)| (0..0, name.as_bstr(), Some(*item))));
        Listing { is_stored: false, ..listing }
    }

    fn item_as(&self, name: &BStr, is_folder: bool) -> Option<Item> {
        Some(self.item(self.position(Key { name, is_folder }).ok()?))
    }

    fn item(&self, at: usize) -> Item {
        let range = self.range(at);
        let mode = self.bytes[range.clone()].split(|&byte| byte == b' ').next().unwrap_or_default();
        let mode = canonical_mode(value(mode));
        Item { mode, id: ObjectId::from_bytes_or_panic(&self.bytes[range.end - self.id_len..range.end]) }
    }

    fn range(&self, at: usize) -> Range<usize> {
        self.starts[at]..self.starts.get(at + 1).copied().unwrap_or(self.bytes.len())
    }

    /// The key of the entry that begins at `start`.
    fn key(&self, start: usize) -> Key<'_> {
        split(&self.bytes[start..], self.id_len).map_or(Key::default(), |(mode, name, _)| Key::of(mode, name))
    }

    /// Where an entry is, or else belongs.
    fn position(&self, key: Key) -> Result<usize, usize> {
        self.starts.binary_search_by(|&start| self.key(start).cmp(&key))
    }
}

/// A range of the bytes that an entry takes the place of, or nothing does.
struct Part<'a> {
    range: Range<usize>,
    key: Key<'a>,
    item: Option<Item>,
}

/// What entries are sorted by: their names, those of folders as if they ended with a slash.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Key<'a> {
    name: &'a [u8],
    is_folder: bool,
}

impl<'a> Key<'a> {
    fn of(mode: &[u8], name: &'a [u8]) -> Key<'a> {
        Key { name, is_folder: canonical_mode(value(mode)) == FOLDER }
    }

    fn comes_before(self, other: Key) -> bool {
        self.name != other.name && self < other
    }
}

impl Ord for Key<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let common = self.name.len().min(other.name.len());
        let next = |key: &Key| key.name.get(common).copied().or(key.is_folder.then_some(b'/'));
        self.name[..common].cmp(&other.name[..common]).then_with(|| next(self).cmp(&next(other)))
    }
}

impl PartialOrd for Key<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The modes that git writes.
const USUAL: [&[u8]; 5] = [b"100644", b"100755", b"120000", b"40000", b"160000"];

/// Mode, name and length of the entry that `bytes` begin with.
fn split(bytes: &[u8], id_len: usize) -> Option<(&[u8], &[u8], usize)> {
    let blank = bytes.iter().take(8).position(|&byte| byte == b' ')?;
    let mode = bytes[..blank].iter().all(|digit| (b'0'..=b'7').contains(digit)).then(|| &bytes[..blank])?;
    let nul = blank + 1 + bytes[blank + 1..].find_byte(0)?;
    let end = nul + 1 + id_len;
    (end <= bytes.len()).then(|| (mode, &bytes[blank + 1..nul], end))
}

fn value(mode: &[u8]) -> u32 {
    mode.iter().fold(0, |mode, digit| mode << 3 | u32::from(digit.wrapping_sub(b'0')))
}
