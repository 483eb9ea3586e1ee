//! One pass over the entries of an index: those that are asked for, and what an edit of them has to know of the others.

use bstr::{BStr, BString, ByteSlice};
use gix::ObjectId;

use super::entry::Entry;
use super::folders::Folder;
use super::outline::Outline;
use super::window::Window;
use super::{DAMAGED, HEADER, Index, Unusual};
use crate::git::ObjectFormat;

/// What a look over an index has found.
#[derive(Debug)]
pub struct Look<'a> {
    pub(super) index: &'a Index,
    pub(super) version: u32,
    /// The number of entries.
    pub(super) count: u32,
    /// Where the entries end, in bytes into the file.
    pub(super) end: u64,
    pub(super) outline: Outline,
    /// For each path that was asked for, where its entry is.
    pub(super) places: Vec<Place>,
    /// As [`Edited::is_racy`](super::Edited::is_racy) says.
    pub(super) is_racy: bool,
    pub(super) folders: Folder<'a>,
}

/// Where the entry of a path is, or would be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Bytes into the file.
    pub(super) at: u64,
    /// Bytes into the outline.
    pub(super) kept: usize,
    /// The number of its bytes, in either; 0 when there is none.
    pub(super) length: usize,
}

impl Place {
    /// The entry, if there is one.
    pub(super) fn entry<'o>(&self, outline: &'o Outline) -> Option<Entry<'o>> {
        if self.length > 0 { outline.entry(self.kept) } else { None }
    }
}

impl Index {
    /// Goes over all entries. Finds those of `wanted`, which is sorted and names nothing twice; shows each of the others to
    /// `visit`, once.
    pub fn look(&self, wanted: &[&BStr], visit: impl FnMut(&Entry<'_>)) -> Result<Look<'_>, Unusual> {
        let look = self.pass(wanted, false, visit)?;
        // Trees are made of the ids of folders that were passed over, or of all that is in them: then they are not passed over.
        if look.folders.is_whole() { Ok(look) } else { self.pass(wanted, true, |_| {}) }
    }

    /// Goes over all entries, and keeps them.
    pub fn look_at_all(&self) -> Result<Look<'_>, Unusual> {
        self.pass(&[], true, |_| {})
    }

    fn pass(&self, wanted: &[&BStr], is_all: bool, mut visit: impl FnMut(&Entry<'_>)) -> Result<Look<'_>, Unusual> {
        let mut window = Window::over(&self.file).map_err(|_| DAMAGED)?;
        let (version, count) = header(window.bytes())?;
        window.advance(HEADER);
        let mut pass = Pass::new(self, wanted, is_all);
        while pass.number < count {
            let bytes = pass.entries(window.bytes(), version, count, &mut visit)?;
            window.advance(bytes);
            if pass.number < count && !window.more().map_err(|_| DAMAGED)? {
                return Err(DAMAGED);
            }
        }
        let rest = window.rest().map_err(|_| DAMAGED)?;
        let folders = self.folders(self.extensions.get_or_init(|| rest))?;
        let (outline, places, end, is_racy) = pass.finish();
        Ok(Look { index: self, version, count, end, outline, places, is_racy, folders })
    }

    /// What the extensions say of the folders' tree ids. Extensions that may be dropped are passed over.
    fn folders<'a>(&self, bytes: &'a [u8]) -> Result<Folder<'a>, Unusual> {
        let length = bytes.len().checked_sub(self.hash_len()).ok_or(DAMAGED)?;
        let mut rest = &bytes[..length];
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
}

/// The version and the number of entries.
fn header(bytes: &[u8]) -> Result<(u32, u32), Unusual> {
    let word = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    match (bytes.get(..4), word(4), word(8)) {
        (Some(b"DIRC"), Some(version @ (2 | 3)), Some(count)) => Ok((version, count)),
        (Some(b"DIRC"), Some(_), Some(_)) => Err(Unusual("the index is of another version")),
        _ => Err(DAMAGED),
    }
}

/// Refuses an entry that makes the whole index unusual.
fn usual(entry: &Entry<'_>) -> Result<(), Unusual> {
    match (entry.stage(), entry.mode() >> 12) {
        (0, 0o10 | 0o12 | 0o16) => Ok(()),
        (0, _) => Err(Unusual("the index holds whole folders")),
        _ => Err(Unusual("the index holds conflicts")),
    }
}

/// A pass: what it has found so far.
struct Pass<'w> {
    wanted: &'w [&'w BStr],
    /// Whether all entries are kept, not only those in folders on the way to one that is wanted.
    is_all: bool,
    format: ObjectFormat,
    /// The second in which the index was written.
    second: u32,
    /// How many entries are behind, and how many bytes of the file.
    number: u32,
    at: u64,
    /// The path of the last of them.
    previous: BString,
    /// The folder that is being passed over, with a slash at its end, and how many of its entries are behind.
    folder: BString,
    passed: u32,
    outline: Outline,
    places: Vec<Place>,
    is_racy: bool,
}

impl<'w> Pass<'w> {
    fn new(index: &Index, wanted: &'w [&'w BStr], is_all: bool) -> Pass<'w> {
        Pass {
            wanted,
            is_all,
            format: index.format,
            second: index.second,
            number: 0,
            at: HEADER as u64,
            previous: BString::default(),
            folder: BString::default(),
            passed: 0,
            outline: Outline::new(index.format),
            places: Vec::with_capacity(wanted.len()),
            is_racy: false,
        }
    }

    /// Goes over the entries that are whole in `bytes`; over how many bytes.
    fn entries(
        &mut self,
        bytes: &[u8],
        version: u32,
        count: u32,
        visit: &mut impl FnMut(&Entry<'_>),
    ) -> Result<usize, Unusual> {
        let (before, hash_len) = (std::mem::take(&mut self.previous), self.format.hash().len_in_bytes());
        let (mut previous, mut rest) = (before.as_bstr(), bytes);
        while self.number < count
            && let Some(entry) = Entry::read(rest, hash_len)
        {
            if entry.path() <= previous || entry.is_extended() && (version < 3 || entry.has_unknown_flags()) {
                return Err(DAMAGED);
            }
            usual(&entry)?;
            if !self.is_wanted(&entry) {
                self.is_racy |= entry.changed_in() >= self.second && !entry.is_gitlink();
                visit(&entry);
            }
            previous = entry.path();
            rest = &rest[entry.len()..];
            self.number += 1;
            self.at += entry.len() as u64;
        }
        self.previous = previous.to_owned();
        Ok(bytes.len() - rest.len())
    }

    /// Keeps what is to be kept of an entry; whether it is wanted.
    fn is_wanted(&mut self, entry: &Entry<'_>) -> bool {
        let path = entry.path();
        if self.passed > 0 {
            if path.starts_with(&self.folder) {
                self.passed += 1;
                return false;
            }
            self.leave_folder();
        }
        while self.next_wanted().is_some_and(|next| next < path) {
            self.places.push(self.place(0));
        }
        let is_wanted = self.next_wanted() == Some(path);
        if is_wanted {
            self.places.push(self.place(entry.len()));
        } else if let Some(folder) = self.is_beside(path) {
            (self.folder, self.passed) = (folder.to_owned(), 1);
            return false;
        }
        self.outline.push(entry);
        is_wanted
    }

    /// The first of the wanted paths that is not behind.
    fn next_wanted(&self) -> Option<&'w BStr> {
        self.wanted.get(self.places.len()).copied()
    }

    /// The uppermost of the folders above a path in which nothing is wanted. No wanted path is between `path` and the two
    /// around it, so that one of these is in the folder if any is.
    fn is_beside<'p>(&self, path: &'p BStr) -> Option<&'p BStr> {
        if self.is_all {
            return None;
        }
        let behind = self.places.len().checked_sub(1).and_then(|last| self.wanted.get(last).copied());
        let around = [behind, self.next_wanted()].into_iter().flatten();
        let shared =
            around.map(|wanted| path.iter().zip(wanted.iter()).take_while(|(one, other)| one == other).count());
        let shared = shared.max().unwrap_or(0);
        path[shared..].find_byte(b'/').map(|at| path[..=shared + at].as_bstr())
    }

    /// Where the pass is, with an entry of that length or none.
    fn place(&self, length: usize) -> Place {
        Place { at: self.at, kept: self.outline.len(), length }
    }

    fn leave_folder(&mut self) {
        if self.passed > 0 {
            self.outline.push_folder(self.folder.as_bstr(), self.passed);
            self.passed = 0;
        }
    }

    fn finish(mut self) -> (Outline, Vec<Place>, u64, bool) {
        self.leave_folder();
        self.places.resize(self.wanted.len(), self.place(0));
        (self.outline, self.places, self.at, self.is_racy)
    }
}

impl<'a> Look<'a> {
    /// The entry of the path that was asked for as number `number`.
    pub fn found(&self, number: usize) -> Option<Entry<'_>> {
        self.places.get(number)?.entry(&self.outline)
    }

    /// All entries, after a look at all.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.outline.entries().filter_map(Result::ok)
    }

    /// The folders of which the index remembers the ids.
    pub fn folders(&self) -> &Folder<'a> {
        &self.folders
    }

    /// The id of the tree that the index holds, computed from the entries where the index does not know it. `None` while
    /// paths are only announced (`git add -N`).
    pub fn tree(&self) -> Result<Option<ObjectId>, Unusual> {
        match self.folders.known() {
            Some((count, id)) if count == self.count => Ok(Some(id)),
            Some(_) => Err(DAMAGED),
            None => self.folders.clone().settle(&mut self.outline.entries(), self.index.format),
        }
    }
}
