//! Entries of an index replaced, added and removed, and the file written.

use std::io::{self, Read, Seek, SeekFrom, Write};

use bstr::BStr;
use gix::ObjectId;

use super::entry::{self, Entries, Entry, Stat};
use super::folders::Folder;
use super::hash::Hasher;
use super::look::Place;
use super::outline::Outline;
use super::{DAMAGED, HEADER, Index, Look, Unusual, window};

/// What a path is to have in the index.
#[derive(Debug, Clone, Copy)]
pub struct New {
    /// The mode, as in a tree.
    pub mode: u32,
    /// The id of the content.
    pub id: ObjectId,
}

/// An index with some entries changed, ready to be written.
#[derive(Debug)]
pub struct Edited<'a> {
    index: &'a Index,
    version: u32,
    /// The number of entries.
    count: u32,
    /// Where the entries of the old file end.
    end: u64,
    /// One for each path of the look, in their order.
    changes: Vec<Change>,
    /// The content of the extension TREE.
    folders: Vec<u8>,
    tree: Option<ObjectId>,
    is_racy: bool,
}

/// An entry of the old file, or a place between two, and what stands there instead.
#[derive(Debug)]
struct Change {
    place: Place,
    bytes: Vec<u8>,
}

impl<'a> Look<'a> {
    /// Gives each of the `wanted` paths, which are those of the look, the entry of the same number, or none.
    pub fn edited(self, wanted: &[&BStr], entries: &[Option<New>]) -> Result<Edited<'a>, Unusual> {
        let Look { index, version, mut count, end, outline, places, is_racy, mut folders } = self;
        let mut changes = Vec::with_capacity(wanted.len());
        for ((path, place), new) in wanted.iter().zip(places).zip(entries) {
            let old = place.entry(&outline);
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
            let bytes = new.map_or_else(Vec::new, |new| Entry::write(path, new.mode, &new.id, &Stat::default()));
            changes.push(Change { place, bytes });
        }
        let (folders, tree) = settled(folders, &outline, &changes, index)?;
        Ok(Edited { index, version, count, end, changes, folders, tree, is_racy })
    }
}

/// The extension TREE when the outline is changed, and the id of the whole.
fn settled<'a>(
    mut folders: Folder<'a>,
    outline: &'a Outline,
    changes: &'a [Change],
    index: &Index,
) -> Result<(Vec<u8>, Option<ObjectId>), Unusual> {
    let mut kept = 0;
    let changed = changes.iter().flat_map(|Change { place, bytes }| {
        let before = outline.bytes(kept..place.kept);
        kept = place.kept + place.length;
        [before, bytes]
    });
    let mut runs: Vec<&[u8]> = changed.collect();
    runs.push(outline.bytes(kept..outline.len()));
    let mut walk = runs.into_iter().flat_map(|bytes| Entries::new(bytes, index.hash_len()));
    let tree = folders.settle(&mut walk, index.format)?;
    let mut content = Vec::new();
    folders.write(&mut content);
    Ok((content, tree))
}

impl Edited<'_> {
    /// The id of the tree that it holds; `None` while paths are only announced.
    pub fn tree(&self) -> Option<ObjectId> {
        self.tree
    }

    /// Whether there are entries, beside those that were asked for, of which a younger index file could not tell that their
    /// files were changed after they were looked at: both happened within the second in which the index was written.
    pub fn is_racy(&self) -> bool {
        self.is_racy
    }

    /// Says what the file of an entry is like: of the path number `number`, if it is to have one. Without that, nothing is
    /// known of the file.
    pub fn set_stat(&mut self, number: usize, stat: &Stat) {
        if let Some(change) = self.changes.get_mut(number) {
            entry::set_stat(&mut change.bytes, stat);
        }
    }

    /// Writes the file. `unhashed`: without its hash, which git then does not look for (`index.skipHash`).
    pub fn write(&self, file: &mut impl Write, unhashed: bool) -> io::Result<()> {
        let mut sink = Hashing { file, hasher: (!unhashed).then(|| Hasher::new(self.index.format)) };
        let mut buffered = io::BufWriter::with_capacity(window::SIZE, &mut sink);
        buffered.write_all(b"DIRC")?;
        buffered.write_all(&self.version.to_be_bytes())?;
        buffered.write_all(&self.count.to_be_bytes())?;
        let mut at = HEADER as u64;
        for Change { place, bytes } in &self.changes {
            self.copy(at, place.at, &mut buffered)?;
            buffered.write_all(bytes)?;
            at = place.at + place.length as u64;
        }
        self.copy(at, self.end, &mut buffered)?;
        let length = u32::try_from(self.folders.len()).map_err(io::Error::other)?;
        buffered.write_all(b"TREE")?;
        buffered.write_all(&length.to_be_bytes())?;
        buffered.write_all(&self.folders)?;
        buffered.flush()?;
        drop(buffered);
        let zeros = vec![0; self.index.hash_len()];
        let trailer = sink.hasher.map_or(zeros, Hasher::finish);
        file.write_all(&trailer)
    }

    /// Copies a part of the old file.
    fn copy<W: Write>(&self, from: u64, to: u64, sink: &mut io::BufWriter<W>) -> io::Result<()> {
        let mut old = &self.index.file;
        old.seek(SeekFrom::Start(from))?;
        let length = to.saturating_sub(from);
        if io::copy(&mut old.take(length), sink)? == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

struct Hashing<'f, W> {
    file: &'f mut W,
    hasher: Option<Hasher>,
}

impl<W: Write> Write for Hashing<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&bytes[..written]);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
