//! The index file as bytes: what it says of a path, and some of its entries replaced without the others being read.
//!
//! An index of 100,000 files is 10 MB. git takes it apart into that many entries and puts it together again; where one
//! file has changed it is enough to go over the bytes once and to write them with one entry exchanged. What stays true
//! stays (gitformat-index(5)): entries as they are, and the folders of which git remembers the tree ids, those on the way to
//! a change being computed anew. What only git can keep true (a split or sparse index, the untracked cache, fsmonitor's,
//! whatever a later git adds) makes the index one for git: [`Unusual`].
//!
//! Left to others: the lock, what is to change, and whether the files in the work tree are as they should be.

mod edit;
mod entry;
mod folders;
mod walk;

pub use edit::{Edited, New};
pub use entry::{Entry, Stat};

use std::cmp::Ordering;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

use bstr::BStr;
use gix::ObjectId;

use self::entry::Entries;
pub use self::folders::Folder;
use self::walk::Run;
use super::{Error, ObjectFormat, blocking};

/// Why an index is left to git, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unusual(pub &'static str);

/// The bytes of an index file.
#[derive(Debug)]
pub struct Index {
    bytes: Vec<u8>,
    format: ObjectFormat,
    modified: SystemTime,
    permissions: fs::Permissions,
    /// The second of it, as entries keep it.
    second: u32,
}

/// What one look over an index has found.
#[derive(Debug)]
pub struct Look<'a> {
    index: &'a Index,
    /// The number of entries.
    count: u32,
    /// Where the entries end.
    end: usize,
    /// For each path that was asked for, where its entry is.
    places: Vec<Place>,
    /// Where entries begin, of every so many the first.
    marks: Vec<usize>,
    /// Whether there are entries, beside those that were asked for, of which a younger index file could not tell that their
    /// files were changed after they were looked at: both happened within the second in which the index was written.
    pub is_racy: bool,
    folders: Folder<'a>,
}

/// Where the entry of a path is, or would be.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Bytes into the file.
    at: usize,
    /// How many entries are before it.
    number: u32,
    is_there: bool,
}

/// Every so many entries it is noted where one begins, so that the entries of a folder can be passed over.
const STRIDE: u32 = 16;

/// Signature, version, number of entries: 4 bytes each.
const HEADER: usize = 12;

impl Index {
    /// Reads the index file; `None` when there is none.
    pub fn read(path: &Path, format: ObjectFormat) -> Result<Option<Index>, Error> {
        blocking::regular(path)?;
        let mut file = match fs::File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(Error::io("cannot read", path))?,
        };
        let metadata = file.metadata().map_err(Error::io("cannot read", path))?;
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
        file.read_to_end(&mut bytes).map_err(Error::io("cannot read", path))?;
        let modified = metadata.modified().map_err(Error::io("cannot read", path))?;
        let permissions = metadata.permissions();
        Ok(Some(Index { bytes, format, modified, permissions, second: entry::second(modified) }))
    }

    /// Goes over all entries once. Finds those of `wanted`, which is sorted; shows each of the others to `visit`.
    pub fn look<'a>(&'a self, wanted: &[&BStr], mut visit: impl FnMut(&Entry<'a>)) -> Result<Look<'a>, Unusual> {
        let (version, count) = self.header()?;
        let trailer = self.bytes.len().checked_sub(self.hash_len()).ok_or(DAMAGED)?;
        let body = self.bytes.get(HEADER..trailer).ok_or(DAMAGED)?;
        let mut entries = Entries::new(body, self.hash_len(), Some(count));
        let (mut places, mut marks, mut is_racy) = (Vec::with_capacity(wanted.len()), Vec::new(), false);
        let (mut previous, mut number) = (BStr::new(""), 0);
        loop {
            let at = HEADER + entries.at();
            let place = |is_there| Place { at, number, is_there };
            let Some(entry) = entries.next() else {
                places.resize(wanted.len(), place(false));
                break;
            };
            let entry = entry?;
            let path = entry.path();
            if path <= previous || entry.is_extended() && version < 3 {
                return Err(DAMAGED);
            }
            usual(&entry)?;
            let mut order = Ordering::Greater;
            while let Some(next) = wanted.get(places.len()) {
                order = (**next).cmp(path);
                if order == Ordering::Greater {
                    break;
                }
                places.push(place(order == Ordering::Equal));
                if order == Ordering::Equal {
                    break;
                }
            }
            if order != Ordering::Equal {
                is_racy |= entry.changed_in() >= self.second && !entry.is_gitlink();
                visit(&entry);
            }
            if number % STRIDE == 0 {
                marks.push(at);
            }
            (previous, number) = (path, number + 1);
        }
        let end = HEADER + entries.at();
        let folders = self.extensions(end, trailer)?;
        Ok(Look { index: self, count, end, places, marks, is_racy, folders })
    }

    fn header(&self) -> Result<(u32, u32), Unusual> {
        let word = |at: usize| self.bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
        match (self.bytes.get(..4), word(4), word(8)) {
            (Some(b"DIRC"), Some(version @ (2 | 3)), Some(count)) => Ok((version, count)),
            (Some(b"DIRC"), Some(_), Some(_)) => Err(Unusual("the index is of another version")),
            _ => Err(DAMAGED),
        }
    }

    /// What the extensions say of the folders' tree ids. Extensions that may be dropped are passed over.
    fn extensions(&self, from: usize, to: usize) -> Result<Folder<'_>, Unusual> {
        let mut rest = self.bytes.get(from..to).ok_or(DAMAGED)?;
        let mut folders = Folder::unknown(b"");
        while !rest.is_empty() {
            let (name, length) = (rest.get(..4).ok_or(DAMAGED)?, rest.get(4..8).ok_or(DAMAGED)?);
            let length = length.try_into().map(u32::from_be_bytes).map_err(|_| DAMAGED)?;
            let length = usize::try_from(length).map_err(|_| DAMAGED)?;
            let end = length.checked_add(8).ok_or(DAMAGED)?;
            let content = rest.get(8..end).ok_or(DAMAGED)?;
            match name {
                b"TREE" => folders = Folder::read(content, self.hash_len())?,
                // What `git checkout -m` undoes conflicts with, which a switch forgets; where threads of git begin to read.
                b"REUC" | b"EOIE" | b"IEOT" => {}
                _ => return Err(Unusual("the index has extensions that git must keep true")),
            }
            rest = &rest[end..];
        }
        Ok(folders)
    }

    fn hash_len(&self) -> usize {
        self.format.hash().len_in_bytes()
    }

    fn entry(&self, at: usize) -> Option<Entry<'_>> {
        Entry::read(self.bytes.get(at..)?, self.hash_len())
    }

    /// When the file was written.
    pub fn modified(&self) -> SystemTime {
        self.modified
    }

    /// Who may read and write the file.
    pub fn permissions(&self) -> &fs::Permissions {
        &self.permissions
    }

    /// Whether a file may have been changed after it was looked at and nothing but its content can tell. Nanoseconds do not
    /// count: the clock of a file system ticks in steps that are longer than what happens within one.
    pub fn is_racy(&self, stat: &Stat) -> bool {
        stat.mtime.0 >= self.second
    }
}

impl<'a> Look<'a> {
    /// The entry of the path that was asked for as number `number`.
    pub fn found(&self, number: usize) -> Option<Entry<'a>> {
        let place = self.places.get(number).filter(|place| place.is_there)?;
        self.index.entry(place.at)
    }

    /// The folders of which the index remembers the ids.
    pub fn folders(&self) -> &Folder<'a> {
        &self.folders
    }

    /// The id of the tree that the index holds, computed from the entries where the index does not know it. `None` while
    /// paths are only announced (`git add -N`).
    pub fn tree(&mut self) -> Result<Option<ObjectId>, Unusual> {
        let bytes = self.index.bytes.get(HEADER..self.end).ok_or(DAMAGED)?;
        let all = Run { bytes, at: HEADER, first: 0, count: self.count };
        self.folders.settle(vec![all], &self.marks, self.index.format)
    }
}

const DAMAGED: Unusual = Unusual("the index cannot be read");

/// Refuses an entry that makes the whole index unusual.
fn usual(entry: &Entry<'_>) -> Result<(), Unusual> {
    match (entry.stage(), entry.mode() >> 12) {
        (0, 0o10 | 0o12 | 0o16) => Ok(()),
        (0, _) => Err(Unusual("the index holds whole folders")),
        _ => Err(Unusual("the index holds conflicts")),
    }
}
