//! The folders of an index whose tree ids it remembers: its extension TREE, in git's terms the cache tree.

use std::iter::Peekable;

use bstr::{BStr, ByteSlice};
use gix::ObjectId;

use super::entry::Entry;
use super::hash::Hasher;
use super::{DAMAGED, Unusual};
use crate::git::ObjectFormat;

/// A folder, and those in it.
#[derive(Debug, Clone)]
pub struct Folder<'a> {
    name: &'a BStr,
    /// How many entries are in it, at any depth, and its id; `None` where the index does not know.
    known: Option<(u32, ObjectId)>,
    /// In git's order: short names first.
    folders: Vec<Folder<'a>>,
}

/// The entries of which trees are made, in order.
type Walk<'i, 'a> = Peekable<&'i mut dyn Iterator<Item = Result<Entry<'a>, Unusual>>>;

/// Deeper folders than any system call takes are nobody's.
const DEEPEST: usize = 2048;

impl<'a> Folder<'a> {
    /// A folder of which nothing is known.
    pub(super) fn unknown(name: &'a [u8]) -> Folder<'a> {
        Folder { name: name.as_bstr(), known: None, folders: Vec::new() }
    }

    /// How many entries are in it, at any depth, and the id of its tree; `None` where the index does not know.
    pub fn known(&self) -> Option<(u32, ObjectId)> {
        self.known
    }

    /// The folder of that name in this one, if the index remembers anything of it.
    pub fn folder(&self, name: &BStr) -> Option<&Folder<'a>> {
        let number = self.folders.binary_search_by_key(&(name.len(), name), |folder| folder.order()).ok()?;
        self.folders.get(number)
    }

    /// Whether the ids of all of them are known.
    pub(super) fn is_whole(&self) -> bool {
        self.known.is_some() && self.folders.iter().all(Folder::is_whole)
    }

    /// Reads the extension: each folder as its name, a zero byte, the number of entries or -1, the number of folders, a
    /// newline, the id where there are entries; then its folders.
    pub(super) fn read(content: &'a [u8], hash_len: usize) -> Result<Folder<'a>, Unusual> {
        let mut rest = content;
        let top = Folder::next(&mut rest, hash_len, 0)?;
        if rest.is_empty() && top.name.is_empty() { Ok(top) } else { Err(DAMAGED) }
    }

    fn next(rest: &mut &'a [u8], hash_len: usize, depth: usize) -> Result<Folder<'a>, Unusual> {
        let mut until = |byte: u8| {
            let (head, tail) = rest.split_once_str([byte].as_bstr())?;
            *rest = tail;
            Some(head)
        };
        let (name, count, folders) = match (until(0), until(b' '), until(b'\n')) {
            (Some(name), Some(count), Some(folders)) if depth < DEEPEST => (name, count, folders),
            _ => return Err(DAMAGED),
        };
        let number = |digits: &[u8]| digits.to_str().ok()?.parse::<u32>().ok();
        let known = match count {
            b"-1" => None,
            _ => {
                let (id, tail) = rest.split_at_checked(hash_len).ok_or(DAMAGED)?;
                *rest = tail;
                Some((number(count).ok_or(DAMAGED)?, ObjectId::from_bytes_or_panic(id)))
            }
        };
        let mut folder = Folder { name: name.as_bstr(), known, folders: Vec::new() };
        for _ in 0..number(folders).ok_or(DAMAGED)? {
            folder.folders.push(Folder::next(rest, hash_len, depth + 1)?);
        }
        folder.folders.sort_by_key(Folder::order);
        Ok(folder)
    }

    /// Appends the extension's content.
    pub(super) fn write(&self, content: &mut Vec<u8>) {
        content.extend_from_slice(self.name);
        content.push(0);
        match &self.known {
            Some((count, id)) => {
                content.extend_from_slice(format!("{count} {}\n", self.folders.len()).as_bytes());
                content.extend_from_slice(id.as_bytes());
            }
            None => content.extend_from_slice(format!("-1 {}\n", self.folders.len()).as_bytes()),
        }
        self.folders.iter().for_each(|folder| folder.write(content));
    }

    /// Forgets the ids of the folders on the way to a path.
    pub(super) fn forget(&mut self, path: &BStr) {
        self.known = None;
        let Some(at) = path.find_byte(b'/') else { return };
        let (name, below) = (&path[..at], &path[at + 1..]);
        if let Ok(number) = self.folders.binary_search_by_key(&(name.len(), name.as_bstr()), Folder::order) {
            self.folders[number].forget(below.as_bstr());
        }
    }

    fn order(&self) -> (usize, &'a BStr) {
        (self.name.len(), self.name)
    }

    /// Computes what is not known from the entries of an index, or of its outline; the id of the whole. `None` while paths are
    /// only announced: a tree does not hold them, and git does not remember ids of such folders.
    pub(super) fn settle(
        &mut self,
        entries: &mut dyn Iterator<Item = Result<Entry<'a>, Unusual>>,
        format: ObjectFormat,
    ) -> Result<Option<ObjectId>, Unusual> {
        if let Some((_, id)) = self.known {
            return Ok(Some(id));
        }
        let mut walk = entries.peekable();
        let (_, id) = self.compute(&mut walk, b"", 0, format)?;
        if walk.next().is_none() { Ok(id) } else { Err(DAMAGED) }
    }

    /// Computes this folder, whose entries come next; how many entries it has, and its id.
    fn compute(
        &mut self,
        walk: &mut Walk<'_, 'a>,
        prefix: &[u8],
        depth: usize,
        format: ObjectFormat,
    ) -> Result<(u32, Option<ObjectId>), Unusual> {
        if let Some((count, id)) = self.known {
            let mut passed = 0;
            while let Some(entry) = next_in(walk, prefix)? {
                passed += entry.passed_over().unwrap_or(1);
                walk.next();
            }
            return if passed == count { Ok((count, Some(id))) } else { Err(DAMAGED) };
        }
        if depth > DEEPEST {
            return Err(DAMAGED);
        }
        let mut known = std::mem::take(&mut self.folders);
        let (mut tree, mut folders, mut count, mut is_whole) = (Vec::new(), Vec::new(), 0, true);
        while let Some(entry) = next_in(walk, prefix)? {
            let rest = &entry.path()[prefix.len()..];
            let Some(at) = rest.find_byte(b'/') else {
                if entry.passed_over().is_some() {
                    // Of this very folder nothing is there to compute it from.
                    return Err(DAMAGED);
                }
                if entry.is_announced() {
                    is_whole = false;
                } else {
                    item(&mut tree, entry.mode(), rest, entry.id_bytes());
                }
                count += 1;
                walk.next();
                continue;
            };
            let mut folder = take(&mut known, rest[..at].as_bstr());
            let (entries, id) = folder.compute(walk, &entry.path()[..prefix.len() + at + 1], depth + 1, format)?;
            match id {
                Some(id) => item(&mut tree, 0o40_000, folder.name, id.as_bytes()),
                None => is_whole = false,
            }
            count += entries;
            folders.push(folder);
        }
        folders.sort_by_key(Folder::order);
        self.folders = folders;
        let id = is_whole.then(|| Hasher::object(format, b"tree", &tree));
        self.known = id.map(|id| (count, id));
        Ok((count, id))
    }
}

/// The next entry, if it is in the folder.
fn next_in<'a>(walk: &mut Walk<'_, 'a>, prefix: &[u8]) -> Result<Option<Entry<'a>>, Unusual> {
    let next = walk.peek().copied().transpose()?;
    Ok(next.filter(|entry| entry.path().starts_with(prefix)))
}

/// The folder of that name, of which nothing is left but the name; it may be new.
fn take<'a>(known: &mut [Folder<'a>], name: &'a BStr) -> Folder<'a> {
    let unknown = Folder::unknown(name);
    match known.binary_search_by_key(&unknown.order(), Folder::order) {
        Ok(number) => std::mem::replace(&mut known[number], unknown),
        Err(_) => unknown,
    }
}

/// An item of a tree object.
fn item(tree: &mut Vec<u8>, mode: u32, name: &[u8], id: &[u8]) {
    let digits: [u8; 6] = std::array::from_fn(|at| b'0' + (mode >> (15 - 3 * at) & 7) as u8);
    tree.extend_from_slice(&digits[usize::from(digits[0] == b'0')..]);
    tree.push(b' ');
    tree.extend_from_slice(name);
    tree.push(0);
    tree.extend_from_slice(id);
}
