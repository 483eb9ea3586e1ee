//! Entries of an index replaced, added and removed, and the file written.

use std::borrow::Cow;
use std::io::{self, Write};

use bstr::BStr;
use gix::ObjectId;
use sha1::Digest;

use super::entry::{Entry, Stat};
use super::folders::Folder;
use super::walk::Run;
use super::{DAMAGED, HEADER, Look, Place, Unusual};
use crate::git::ObjectFormat;

/// What a path is to have in the index.
#[derive(Debug, Clone, Copy)]
pub struct New {
    /// The mode, as in a tree.
    pub mode: u32,
    /// The id of the content.
    pub id: ObjectId,
    /// What its file is like; all zeros when the file is another, or unknown.
    pub stat: Stat,
}

/// An index with some entries changed, ready to be written.
#[derive(Debug)]
pub struct Edited<'a> {
    version: u32,
    count: u32,
    format: ObjectFormat,
    pieces: Vec<Piece<'a>>,
    /// The content of the extension TREE.
    folders: Vec<u8>,
    tree: Option<ObjectId>,
}

/// A run of entries.
#[derive(Debug)]
struct Piece<'a> {
    bytes: Cow<'a, [u8]>,
    /// Where it is in the old file, and how many entries are before it there; 0 where it is new.
    at: usize,
    first: u32,
    count: u32,
}

/// An entry of the old file, or a place between two, and what stands there instead.
struct Change {
    place: Place,
    /// The bytes that the old entry takes.
    length: usize,
    bytes: Vec<u8>,
}

impl<'a> Look<'a> {
    /// Gives each of the `wanted` paths, which are those of the look, the entry of the same number, or none.
    pub fn edited(&self, wanted: &[&BStr], entries: &[Option<New>]) -> Result<Edited<'a>, Unusual> {
        let mut folders = self.folders.clone();
        let (mut count, mut changes) = (self.count, Vec::with_capacity(wanted.len()));
        for ((path, place), new) in wanted.iter().zip(&self.places).zip(entries) {
            let bytes = new.map_or_else(Vec::new, |new| Entry::write(path, new.mode, &new.id, &new.stat));
            let old = if place.is_there { Some(self.index.entry(place.at).ok_or(DAMAGED)?) } else { None };
            let is_same = old.is_some_and(|old| {
                new.is_some_and(|new| (old.mode(), old.id()) == (new.mode, new.id) && !old.is_announced())
            });
            if !is_same {
                folders.forget(path);
            }
            count = match (old.is_some(), new.is_some()) {
                (false, true) => count.checked_add(1).ok_or(DAMAGED)?,
                (true, false) => count - 1,
                _ => count,
            };
            changes.push(Change { place: *place, length: old.map_or(0, |old| old.len()), bytes });
        }
        let pieces = self.pieces(changes)?;
        let mut edited = Edited {
            version: self.version(),
            count,
            format: self.index.format,
            pieces,
            folders: Vec::new(),
            tree: None,
        };
        edited.settle(folders, &self.marks)?;
        Ok(edited)
    }

    fn version(&self) -> u32 {
        u32::from(self.index.bytes[7])
    }

    fn pieces(&self, changes: Vec<Change>) -> Result<Vec<Piece<'a>>, Unusual> {
        let mut pieces = Vec::with_capacity(2 * changes.len() + 1);
        let (mut at, mut first) = (HEADER, 0);
        let kept = |pieces: &mut Vec<Piece<'a>>, at: usize, first: u32, to: usize, before: u32| {
            let bytes = self.index.bytes.get(at..to).ok_or(DAMAGED)?;
            let count = before.checked_sub(first).ok_or(DAMAGED)?;
            pieces.push(Piece { bytes: Cow::Borrowed(bytes), at, first, count });
            Ok(())
        };
        for Change { place, length, bytes } in changes {
            kept(&mut pieces, at, first, place.at, place.number)?;
            pieces.push(Piece { count: u32::from(!bytes.is_empty()), bytes: Cow::Owned(bytes), at: 0, first: 0 });
            (at, first) = (place.at + length, place.number + u32::from(place.is_there));
        }
        kept(&mut pieces, at, first, self.end, self.count)?;
        pieces.retain(|piece| piece.count > 0);
        Ok(pieces)
    }
}

impl Edited<'_> {
    fn settle(&mut self, folders: Folder<'_>, marks: &[usize]) -> Result<(), Unusual> {
        let mut folders = folders;
        let runs = self.pieces.iter().map(|piece| Run {
            bytes: &piece.bytes,
            at: piece.at,
            first: piece.first,
            count: piece.count,
        });
        self.tree = folders.settle(runs.collect(), marks, self.format)?;
        folders.write(&mut self.folders);
        Ok(())
    }

    /// The id of the tree that it holds; `None` while paths are only announced.
    pub fn tree(&self) -> Option<ObjectId> {
        self.tree
    }

    /// Writes the file. `unhashed`: without its hash, which git then does not look for (`index.skipHash`).
    pub fn write(&self, file: &mut impl Write, unhashed: bool) -> io::Result<()> {
        let mut sink = Hashing { file, hasher: (!unhashed).then(|| Hasher::new(self.format)) };
        let mut buffered = io::BufWriter::with_capacity(1 << 16, &mut sink);
        buffered.write_all(b"DIRC")?;
        buffered.write_all(&self.version.to_be_bytes())?;
        buffered.write_all(&self.count.to_be_bytes())?;
        for piece in &self.pieces {
            buffered.write_all(&piece.bytes)?;
        }
        let length = u32::try_from(self.folders.len()).map_err(io::Error::other)?;
        buffered.write_all(b"TREE")?;
        buffered.write_all(&length.to_be_bytes())?;
        buffered.write_all(&self.folders)?;
        buffered.flush()?;
        drop(buffered);
        let zeros = vec![0; self.format.hash().len_in_bytes()];
        let trailer = sink.hasher.map_or(zeros, Hasher::finish);
        file.write_all(&trailer)
    }
}

/// The hash of an index or an object. Nothing that it names is taken from a stranger, so it looks for no collisions, and is
/// as fast as the processor's own instructions.
pub(super) enum Hasher {
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

impl Hasher {
    fn new(format: ObjectFormat) -> Hasher {
        match format {
            ObjectFormat::Sha1 => Hasher::Sha1(sha1::Sha1::new()),
            ObjectFormat::Sha256 => Hasher::Sha256(sha2::Sha256::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Sha256(hasher) => hasher.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Hasher::Sha1(hasher) => hasher.finalize().to_vec(),
            Hasher::Sha256(hasher) => hasher.finalize().to_vec(),
        }
    }

    /// The id of an object, to be compared with an id that is known.
    pub(super) fn object(format: ObjectFormat, kind: &[u8], content: &[u8]) -> ObjectId {
        let mut hasher = Hasher::new(format);
        hasher.update(kind);
        hasher.update(format!(" {}\0", content.len()).as_bytes());
        hasher.update(content);
        ObjectId::from_bytes_or_panic(&hasher.finish())
    }
}

struct Hashing<'f, W> {
    file: &'f mut W,
    hasher: Option<Hasher>,
}

impl<W: Write> Write for Hashing<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // In parts that are still in the processor's cache when they are written.
        let written = self.file.write(&bytes[..bytes.len().min(1 << 18)])?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&bytes[..written]);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
