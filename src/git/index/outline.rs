//! The part of an index that an edit has to know: entries in folders on the way to a change. Of each other folder, how many
//! entries it has.
//!
//! It is in the form of an index, in which a folder stands as it does in git's sparse index: an entry with the mode of a
//! tree, and a path with a slash at its end. How many entries it stands for is where files have their size.

use std::ops::Range;

use bstr::BStr;
use gix::ObjectId;

use super::entry::{Entries, Entry, Stat};
use crate::git::ObjectFormat;

/// Entries one after the other, as they are in a file.
#[derive(Debug)]
pub(super) struct Outline {
    bytes: Vec<u8>,
    format: ObjectFormat,
}

impl Outline {
    /// One with nothing in it.
    pub(super) fn new(format: ObjectFormat) -> Outline {
        Outline { bytes: Vec::new(), format }
    }

    /// Appends an entry.
    pub(super) fn push(&mut self, entry: &Entry<'_>) {
        self.bytes.extend_from_slice(entry.bytes());
    }

    /// Appends a folder with so many entries; its path ends with a slash.
    pub(super) fn push_folder(&mut self, path: &BStr, entries: u32) {
        let stat = Stat { size: entries, ..Stat::default() };
        self.bytes.extend(Entry::write(path, FOLDER, &ObjectId::null(self.format.hash()), &stat));
    }

    /// The number of bytes.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// A part of it, which begins and ends where entries do.
    pub(super) fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    /// The entry that begins there.
    pub(super) fn entry(&self, at: usize) -> Option<Entry<'_>> {
        Entry::read(self.bytes.get(at..)?, self.format.hash().len_in_bytes())
    }

    /// All entries.
    pub(super) fn entries(&self) -> Entries<'_> {
        Entries::new(&self.bytes, self.format.hash().len_in_bytes())
    }
}

const FOLDER: u32 = 0o40_000;

impl Entry<'_> {
    /// How many entries it stands for, if it stands for a folder.
    pub(super) fn passed_over(&self) -> Option<u32> {
        (self.mode() == FOLDER).then(|| self.stat().size)
    }
}
