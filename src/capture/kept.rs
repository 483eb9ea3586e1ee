//! What the cache holds of a series: the paths that differ between two trees, their diff, the preimages.

use std::path::PathBuf;

use bstr::{BString, ByteSlice};
use sha2::{Digest, Sha256};

use super::cache::Cache;
use super::{Bootstrap, Destination, Error, Options, Workspace};
use crate::git::{BlobPack, TreeChange, TreeItem};
use crate::mbox::Surveyed;
use crate::session::Store;

/// The cache, asked in the words of a series.
pub(super) struct Kept {
    cache: Cache,
}

/// A path that differs, with what is known of the content that it has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// The path and both sides.
    pub(super) change: TreeChange,
    /// The size of the new content in bytes; `None` for a submodule, and where there is none.
    pub(super) size: Option<u64>,
    /// Whether the new content is a pointer of Git LFS.
    pub(super) is_pointer: bool,
}

/// A pack of preimages.
pub(super) struct Packed {
    /// What stands for the ids of all that were wanted: [`digest`].
    pub(super) wanted: String,
    /// The ids of those that are not in it because all of them would be too much.
    pub(super) left_out: Vec<String>,
    /// The rest.
    pub(super) pack: BlobPack,
}

/// Raised when values of another form are written, or diffs are made in another way.
const FORM: &str = "3";
/// The most that all cached files may have unless `glue.cacheSize` says otherwise, in bytes.
const LIMIT: u64 = 256 << 20;

/// What a value is.
const CHANGES: u8 = b'c';
const DIFF: u8 = b'd';
const PACK: u8 = b'p';

impl Kept {
    /// The cache for captures from this bootstrap. A capture that goes elsewhere makes no store for it.
    pub(super) fn open(
        workspace: &Workspace,
        options: &Options,
        store: &Store,
        bootstrap: &Bootstrap,
    ) -> Result<Kept, Error> {
        let is_wanted = options.destination == Destination::Store || store.home().is_dir();
        let limit = match is_wanted {
            true => workspace.repo.config_size("glue.cacheSize")?.unwrap_or(LIMIT),
            false => 0,
        };
        let program = program().unwrap_or_default();
        let name = digest([FORM, &program, workspace.desk.format().name(), &bootstrap.tree]);
        // Diffs of a git that nobody knows are of no use to another.
        Ok(Kept { cache: Cache::open(&store.cache(), &name, if program.is_empty() { 0 } else { limit }) })
    }

    /// The paths that differ between two trees.
    pub(super) fn changes(&mut self, from: &str, to: &str) -> Option<Vec<Change>> {
        decode(&self.cache.get(&key(CHANGES, from, to))?)
    }

    /// Keeps them.
    pub(super) fn put_changes(&mut self, from: &str, to: &str, changes: &[Change]) {
        self.cache.put(&key(CHANGES, from, to), &[&encode(changes)]);
    }

    /// Whether there seems to be a diff between two trees.
    pub(super) fn has_diff(&self, from: &str, to: &str) -> bool {
        self.cache.has(&key(DIFF, from, to))
    }

    /// The diff between two trees, and what the writer of mails wants to know of it.
    pub(super) fn diff(&mut self, from: &str, to: &str) -> Option<(Surveyed, Vec<u8>)> {
        let mut value = self.cache.get(&key(DIFF, from, to))?;
        let flags = value.pop()?;
        Some((Surveyed { is_empty: flags & 1 != 0, is_fragile: flags & 2 != 0 }, value))
    }

    /// Keeps a diff.
    pub(super) fn put_diff(&mut self, from: &str, to: &str, surveyed: &Surveyed, diff: &[u8]) {
        let flags = u8::from(surveyed.is_empty) | u8::from(surveyed.is_fragile) << 1;
        self.cache.put(&key(DIFF, from, to), &[diff, &[flags]]);
    }

    /// The pack that the last capture took along.
    pub(super) fn pack(&mut self) -> Option<Packed> {
        let mut bytes = self.cache.get(&[PACK])?;
        let mut lines = bytes.rsplitn(3, |&byte| byte == b'\n');
        let mut words = || Some(lines.next()?.to_str().ok()?.split_terminator(' '));
        let (mut entries, mut ids) = (words()?, words()?);
        let (wanted, left_out) = (ids.next()?.to_owned(), ids.map(str::to_owned).collect());
        let entries = std::iter::from_fn(|| Some((entries.next()?.to_owned(), entries.next()?.parse().ok()?)));
        let entries = entries.collect();
        let end = lines.next()?.len();
        bytes.truncate(end);
        Some(Packed { wanted, left_out, pack: BlobPack { bytes, entries } })
    }

    /// Keeps a pack.
    pub(super) fn put_pack(&mut self, packed: &Packed) {
        let ids = std::iter::once(&packed.wanted).chain(&packed.left_out).map(String::as_str);
        let entries = packed.pack.entries.iter().map(|(id, length)| format!("{id} {length}"));
        let (ids, entries): (Vec<&str>, Vec<String>) = (ids.collect(), entries.collect());
        let end = format!("\n{}\n{}", ids.join(" "), entries.join(" "));
        self.cache.put(&[PACK], &[&packed.pack.bytes, end.as_bytes()]);
    }

    /// Lets the next capture have what this one added.
    pub(super) fn save(self) {
        self.cache.save();
    }
}

fn key(kind: u8, from: &str, to: &str) -> Vec<u8> {
    let mut key = vec![kind];
    key.extend_from_slice(from.as_bytes());
    key.extend_from_slice(to.as_bytes());
    key
}

/// Says in hex what nobody has to compare whole.
pub(super) fn digest<T: AsRef<[u8]>>(parts: impl IntoIterator<Item = T>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
        hasher.update([0]);
    }
    hasher.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Which git it is: the file that is run, and when it was put there. (Asking it for its version costs more than reading the
/// whole cache.)
fn program() -> Option<String> {
    let folders = std::env::var_os("PATH")?;
    let mut paths = std::env::split_paths(&folders).map(|folder| folder.join("git"));
    let (path, metadata): (PathBuf, _) = paths.find_map(|path| Some((path.clone(), path.metadata().ok()?)))?;
    let modified = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    let path = path.canonicalize().ok()?;
    Some(format!("{} {} {}", path.display(), metadata.len(), modified.as_nanos()))
}

/// `<mode> <id> <mode> <id> <size> <is it a pointer> <path>\0` for each; a size of `-` for none.
fn encode(changes: &[Change]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for Change { change, size, is_pointer } in changes {
        for item in [&change.old, &change.new] {
            match item {
                Some(item) => bytes.extend_from_slice(format!("{:o} {} ", item.mode, item.id).as_bytes()),
                None => bytes.extend_from_slice(b"0 - "),
            }
        }
        let size = size.map_or("-".to_owned(), |size| size.to_string());
        bytes.extend_from_slice(format!("{size} {} ", u8::from(*is_pointer)).as_bytes());
        bytes.extend_from_slice(&change.path);
        bytes.push(0);
    }
    bytes
}

fn decode(bytes: &[u8]) -> Option<Vec<Change>> {
    let records = bytes.strip_suffix(b"\0").or(bytes.is_empty().then_some(b""))?;
    records.split(|&byte| byte == 0).filter(|record| !record.is_empty()).map(decode_one).collect()
}

fn decode_one(record: &[u8]) -> Option<Change> {
    let mut words = record.splitn(7, |&byte| byte == b' ');
    let mut word = || std::str::from_utf8(words.next()?).ok();
    let item = |mode: &str, id: &str| match mode {
        "0" => Some(None),
        mode => Some(Some(TreeItem { mode: u32::from_str_radix(mode, 8).ok()?, id: id.to_owned() })),
    };
    let (old, new) = (item(word()?, word()?)?, item(word()?, word()?)?);
    let size = match word()? {
        "-" => None,
        size => Some(size.parse().ok()?),
    };
    let is_pointer = word()? == "1";
    let path = BString::from(words.next()?);
    Some(Change { change: TreeChange { path, old, new }, size, is_pointer })
}
