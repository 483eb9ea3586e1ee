//! The index file as bytes: what it says of a path, and some of its entries replaced without the others being taken apart.
//!
//! An index of 100,000 files is 10 MB. git takes it apart into that many entries and puts it together again; where one
//! file has changed it is enough to go over the bytes twice, a window at a time: to look ([`Look`]), and to write them with
//! one entry exchanged ([`Edited`]). What stays true stays (gitformat-index(5)): entries as they are, and the folders of
//! which git remembers the tree ids, those on the way to a change being computed anew. What only git can keep true (a split
//! or sparse index, the untracked cache, fsmonitor's, whatever a later git adds) makes the index one for git: [`Unusual`].
//!
//! Left to others: the lock, what is to change, and whether the files in the work tree are as they should be.

mod edit;
mod entry;
mod folders;
mod hash;
mod look;
mod outline;
mod window;

pub use edit::{Edited, New};
pub use entry::{Entry, Stat};
pub use folders::Folder;
pub use look::Look;

use std::cell::OnceCell;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::{Error, ObjectFormat, blocking};

/// Why an index is left to git, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unusual(pub &'static str);

/// An index file, open to be read.
#[derive(Debug)]
pub struct Index {
    file: fs::File,
    format: ObjectFormat,
    modified: SystemTime,
    permissions: fs::Permissions,
    /// The second in which it was written, as entries keep it.
    second: u32,
    /// What comes after the entries, as soon as it has been read; the folders of a look borrow their names from it.
    extensions: OnceCell<Vec<u8>>,
}

/// Signature, version, number of entries: 4 bytes each.
const HEADER: usize = 12;

const DAMAGED: Unusual = Unusual("the index cannot be read");

impl Index {
    /// Opens the index file; `None` when there is none.
    pub fn open(path: &Path, format: ObjectFormat) -> Result<Option<Index>, Error> {
        blocking::regular(path)?;
        let file = match fs::File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(Error::io("cannot read", path))?,
        };
        let metadata = file.metadata().map_err(Error::io("cannot read", path))?;
        let modified = metadata.modified().map_err(Error::io("cannot read", path))?;
        let (permissions, second) = (metadata.permissions(), entry::second(modified));
        Ok(Some(Index { file, format, modified, permissions, second, extensions: OnceCell::new() }))
    }

    fn hash_len(&self) -> usize {
        self.format.hash().len_in_bytes()
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
