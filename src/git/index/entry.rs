//! One entry of an index file, read in place.

use std::time::{SystemTime, UNIX_EPOCH};

use bstr::{BStr, ByteSlice};
use gix::ObjectId;

use super::{DAMAGED, Unusual};

/// An entry: a path, what is staged of it, and what its file was like when it was last seen to be that.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    bytes: &'a [u8],
    hash_len: usize,
    path: &'a BStr,
}

/// What the file system said of a file, as an index keeps it: numbers cut to 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stat {
    /// Seconds and nanoseconds of the last change of the file or of what is known of it.
    pub ctime: (u32, u32),
    /// Seconds and nanoseconds of the last change of the content.
    pub mtime: (u32, u32),
    /// The device.
    pub dev: u32,
    /// The number on the device.
    pub ino: u32,
    /// The owner.
    pub uid: u32,
    /// The owner's group.
    pub gid: u32,
    /// The size in bytes.
    pub size: u32,
}

/// Where the second of the content's last change is.
const MTIME: usize = 8;
/// Where the mode is; before it are seven words of the stat, after it three.
const MODE: usize = 24;
/// Where the object id begins.
pub(super) const ID: usize = 40;
/// Where the size is, the last word before the id.
const SIZE: usize = 36;

const ASSUMED: u16 = 0x8000;
const EXTENDED: u16 = 0x4000;
const STAGE: u16 = 0x3000;
const NAME: u16 = 0x0fff;

const SKIPPED: u16 = 0x4000;
const ANNOUNCED: u16 = 0x2000;

impl<'a> Entry<'a> {
    /// The entry that `bytes` begin with.
    pub(super) fn read(bytes: &'a [u8], hash_len: usize) -> Option<Entry<'a>> {
        let flags = short(bytes, ID + hash_len)?;
        let start = ID + hash_len + if flags & EXTENDED == 0 { 2 } else { 4 };
        // A name of that length or longer says nothing of its length.
        let length = match flags & NAME {
            NAME => bytes.get(start..)?.find_byte(0)?,
            length => usize::from(length),
        };
        let size = (start + length + 8) & !7;
        let path = bytes.get(start..start + length)?.as_bstr();
        let is_whole = bytes.get(start + length) == Some(&0) && !path.is_empty();
        is_whole.then_some(Entry { bytes: bytes.get(..size)?, hash_len, path })
    }

    /// The bytes of an entry with nothing unusual about it.
    pub(super) fn write(path: &BStr, mode: u32, id: &ObjectId, stat: &Stat) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(ID + 32 + 2 + path.len() + 8);
        bytes.resize(ID, 0);
        bytes[MODE..MODE + 4].copy_from_slice(&mode.to_be_bytes());
        set_stat(&mut bytes, stat);
        bytes.extend_from_slice(id.as_bytes());
        let length = u16::try_from(path.len()).map_or(NAME, |length| length.min(NAME));
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(path);
        bytes.resize((bytes.len() + 8) & !7, 0);
        bytes
    }

    /// The bytes as they are in the file.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The number of bytes it takes in the file.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The path from the top of the work tree.
    pub fn path(&self) -> &'a BStr {
        self.path
    }

    /// The mode, as in a tree.
    pub fn mode(&self) -> u32 {
        word(self.bytes, MODE)
    }

    /// The id of what is staged.
    pub fn id(&self) -> ObjectId {
        ObjectId::from_bytes_or_panic(self.id_bytes())
    }

    pub(super) fn id_bytes(&self) -> &'a [u8] {
        &self.bytes[ID..ID + self.hash_len]
    }

    /// What its file was like.
    pub fn stat(&self) -> Stat {
        let word = |at| word(self.bytes, at);
        Stat {
            ctime: (word(0), word(4)),
            mtime: (word(8), word(12)),
            dev: word(16),
            ino: word(20),
            uid: word(28),
            gid: word(32),
            size: word(SIZE),
        }
    }

    /// The second in which its file's content was last changed.
    pub(super) fn changed_in(&self) -> u32 {
        word(self.bytes, MTIME)
    }

    /// Whether it is a submodule's commit.
    pub fn is_gitlink(&self) -> bool {
        self.mode() & 0o170_000 == 0o160_000
    }

    /// Whether git was told not to look at the file: `assume-unchanged` or `skip-worktree`.
    pub fn is_unseen(&self) -> bool {
        self.flags() & ASSUMED != 0 || self.extended() & SKIPPED != 0
    }

    /// Whether it is there to be added later: `git add -N`.
    pub fn is_announced(&self) -> bool {
        self.extended() & ANNOUNCED != 0
    }

    pub(super) fn is_extended(&self) -> bool {
        self.flags() & EXTENDED != 0
    }

    /// Whether it has flags that this version of the format does not know.
    pub(super) fn has_unknown_flags(&self) -> bool {
        self.extended() & !(SKIPPED | ANNOUNCED) != 0
    }

    /// 0, or the side of a conflict that it is.
    pub(super) fn stage(&self) -> u16 {
        (self.flags() & STAGE) >> 12
    }

    fn flags(&self) -> u16 {
        short(self.bytes, ID + self.hash_len).unwrap_or(0)
    }

    fn extended(&self) -> u16 {
        if self.is_extended() { short(self.bytes, ID + self.hash_len + 2).unwrap_or(0) } else { 0 }
    }
}

/// Gives the entry that `bytes` begin with another stat.
pub(super) fn set_stat(bytes: &mut [u8], stat: &Stat) {
    let Stat { ctime, mtime, dev, ino, uid, gid, size } = *stat;
    let before = [ctime.0, ctime.1, mtime.0, mtime.1, dev, ino].map(u32::to_be_bytes);
    let after = [uid, gid, size].map(u32::to_be_bytes);
    if let Some(head) = bytes.first_chunk_mut::<ID>() {
        head[..MODE].copy_from_slice(before.as_flattened());
        head[MODE + 4..].copy_from_slice(after.as_flattened());
    }
}

impl Stat {
    /// What a file system says of a file, or of a link itself.
    #[cfg(unix)]
    #[allow(clippy::unnecessary_cast, reason = "what is a word here is none elsewhere")]
    pub fn of(stat: &rustix::fs::Stat) -> Stat {
        Stat {
            ctime: (stat.st_ctime as u32, stat.st_ctime_nsec as u32),
            mtime: (stat.st_mtime as u32, stat.st_mtime_nsec as u32),
            dev: stat.st_dev as u32,
            ino: stat.st_ino as u32,
            uid: stat.st_uid as u32,
            gid: stat.st_gid as u32,
            size: stat.st_size as u32,
        }
    }

    /// Whether a file has not changed since. The device does not count: that of a network file system may be another each time.
    pub fn is_same_file(&self, now: &Stat) -> bool {
        Stat { dev: 0, ..*self } == Stat { dev: 0, ..*now }
    }
}

/// The second of a time, as an index keeps it.
pub(super) fn second(time: SystemTime) -> u32 {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    u32::try_from(seconds & u64::from(u32::MAX)).unwrap_or(0)
}

/// Entries one after the other.
#[derive(Debug, Clone)]
pub(super) struct Entries<'a> {
    bytes: &'a [u8],
    hash_len: usize,
}

impl<'a> Entries<'a> {
    pub(super) fn new(bytes: &'a [u8], hash_len: usize) -> Entries<'a> {
        Entries { bytes, hash_len }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, Unusual>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.bytes.is_empty() {
            return None;
        }
        let entry = Entry::read(self.bytes, self.hash_len);
        self.bytes = entry.map_or(&[], |entry| &self.bytes[entry.len()..]);
        Some(entry.ok_or(DAMAGED))
    }
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes)
}

/// A word of an entry, which is long enough.
fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_be_bytes)
}
