//! The entries of a tree object's bytes, one after another, without a copy.

use std::ops::Range;

use bstr::{BStr, ByteSlice};

use super::{Error, ObjectId};

/// Goes through a tree's bytes. What follows a malformed entry is not looked at.
#[derive(Debug, Clone)]
pub struct Entries<'a> {
    bytes: &'a [u8],
    at: usize,
    hash: gix::hash::Kind,
}

/// One entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The mode as git takes it: 0o040000 for a tree, 0o100644 or 0o100755 for a file, 0o120000 for a symbolic link, 0o160000
    /// for a submodule's commit. Old programs wrote others, which mean one of these.
    pub mode: u32,
    /// Its name in the folder.
    pub name: &'a BStr,
    /// What it names.
    pub id: ObjectId,
    /// Where in the tree's bytes the entry lies.
    pub range: Range<usize>,
}

/// A tree object whose bytes are not a tree's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl<'a> Entries<'a> {
    /// The entries of a tree with these bytes.
    pub fn of(bytes: &'a [u8], hash: gix::hash::Kind) -> Entries<'a> {
        Entries { bytes, at: 0, hash }
    }

    /// The entry of a name; `id` is the tree's, for the error.
    pub fn find_name(self, name: &BStr, id: ObjectId) -> Result<Option<Entry<'a>>, Error> {
        for entry in self {
            let entry = entry.map_err(|Malformed| malformed(&id))?;
            if entry.name == name {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// Passes over entries that both have next, byte for byte the same.
    pub fn pass_over_same(&mut self, other: &mut Entries<'_>) {
        while let Some(length) = self.bytes[self.at..].find_byte(0).map(|nul| nul + 1 + self.hash.len_in_bytes()) {
            match self.bytes.get(self.at..self.at + length) {
                Some(entry) if other.bytes[other.at..].starts_with(entry) => {
                    self.at += length;
                    other.at += length;
                }
                _ => return,
            }
        }
    }

    fn entry(&mut self) -> Option<Entry<'a>> {
        let start = self.at;
        let rest = &self.bytes[start..];
        let space = rest.iter().take(8).position(|&byte| byte == b' ')?;
        let mode = octal(&rest[..space])?;
        let name_ends = space + 1 + rest[space + 1..].find_byte(0)?;
        let end = name_ends + 1 + self.hash.len_in_bytes();
        let id = ObjectId::try_from(rest.get(name_ends + 1..end)?).ok()?;
        let name = rest[space + 1..name_ends].as_bstr();
        if name.is_empty() {
            return None;
        }
        self.at = start + end;
        Some(Entry { mode: canonical_mode(mode), name, id, range: start..self.at })
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let entry = self.entry().ok_or(Malformed);
        if entry.is_err() {
            self.at = self.bytes.len();
        }
        Some(entry)
    }
}

impl Entry<'_> {
    /// Whether this is a folder.
    pub fn is_tree(&self) -> bool {
        self.mode == 0o040_000
    }
}

pub(super) fn malformed(id: &ObjectId) -> Error {
    Error::Object { id: id.to_string(), reason: "is not a well-formed tree".into() }
}

fn octal(digits: &[u8]) -> Option<u32> {
    let digit = |byte: &u8| (b'0'..=b'7').contains(byte).then(|| u32::from(byte - b'0'));
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0, |mode, byte| Some(mode << 3 | digit(byte)?))
}

/// The mode that git's index would hold for a mode.
pub fn canonical_mode(mode: u32) -> u32 {
    match mode & 0o170_000 {
        0o100_000 if mode & 0o100 != 0 => 0o100_755,
        0o100_000 => 0o100_644,
        0o120_000 => 0o120_000,
        0o040_000 => 0o040_000,
        _ => 0o160_000,
    }
}
