//! What a capture keeps so that the next one is faster: for two trees, what differs and the diff between them; and the pack that
//! went along last.
//!
//! Commits do not change, so most of a capture is what the last one was. One file for each bootstrap holds records one after
//! the other: a head with a key, a length and checksums, then the value. What is damaged, cut off, or of another git is
//! taken for not there; the key of a diff is made of ids of trees that were computed now, never of what the file says. A cache that
//! cannot be read, written or locked costs time and nothing else, so nothing here fails.
//!
//! ```text
//! "GlC1"  length of the key: 1 byte  key  length of the value: 8 bytes  its CRC-32: 4  CRC-32 of all before: 4  value
//! ```

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crc32fast::hash as checksum;
use tempfile::NamedTempFile;

use crate::git::fill_at;

/// The records of one bootstrap.
#[derive(Default)]
pub(super) struct Cache {
    path: PathBuf,
    /// The most that all files together may have, in bytes; 0 for no cache.
    limit: u64,
    file: Option<File>,
    found: HashMap<Key, Place>,
    /// Where the last whole record ends.
    end: u64,
    /// What this capture has used or added, and how many bytes that is.
    used: Vec<(Key, Place)>,
    used_bytes: u64,
    /// Open for more; inner `None` where that cannot be.
    appended: Option<Option<BufWriter<File>>>,
    /// Whether all that was used lies in the file that is appended to.
    can_rewrite: bool,
}

/// What a record is about.
pub(super) type Key = Vec<u8>;

/// Where a value lies, and its checksum.
#[derive(Debug, Clone, Copy)]
struct Place {
    at: u64,
    length: u64,
    sum: u32,
}

const MAGIC: &[u8; 4] = b"GlC1";
/// Before and after the key.
const HEAD: usize = 5;
const TAIL: usize = 16;
/// Larger values are made anew each time, in bytes: they are held in memory.
const LARGEST: u64 = 20 << 20;
/// The name of each file begins so.
const PREFIX: &str = "diffs-";

impl Cache {
    /// The records in `directory` under `name`.
    pub(super) fn open(directory: &Path, name: &str, limit: u64) -> Cache {
        let path = directory.join(format!("{PREFIX}{name}"));
        let mut cache = Cache { path, limit, ..Cache::default() };
        if limit > 0
            && let Ok(file) = File::open(&cache.path)
        {
            // Files that are used stay longest.
            let _ = file.set_modified(SystemTime::now());
            let _ = cache.scan(&file);
            cache.file = Some(file);
        }
        cache
    }

    /// Reads the heads of all records, up to the first that is not whole.
    fn scan(&mut self, file: &File) -> io::Result<()> {
        let length = file.metadata()?.len();
        let mut head = [0; HEAD + 255 + TAIL];
        while self.end < length {
            let read = fill_at(file, &mut head, self.end)?;
            let Some((key, place)) = parse(&head[..read], self.end).filter(|(_, place)| place.end() <= length) else {
                break;
            };
            self.end = place.end();
            self.found.insert(key, place);
        }
        Ok(())
    }

    /// Whether there is a record of a key; its value may turn out to be damaged.
    pub(super) fn has(&self, key: &[u8]) -> bool {
        self.found.contains_key(key)
    }

    /// The value of a key, if it is there and whole.
    pub(super) fn get(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        let place = *self.found.get(key)?;
        let mut value = vec![0; usize::try_from(place.length).ok()?];
        let read = fill_at(self.file.as_ref()?, &mut value, place.at).ok()?;
        if read < value.len() || checksum(&value) != place.sum {
            self.found.remove(key);
            return None;
        }
        self.note(key, place);
        Some(value)
    }

    /// Keeps a value, which comes in parts, for the next capture, if there is room for it.
    pub(super) fn put(&mut self, key: &[u8], parts: &[&[u8]]) {
        let length = parts.iter().map(|part| part.len() as u64).sum();
        let size = (HEAD + key.len() + TAIL) as u64 + length;
        if length > LARGEST || self.used_bytes + size > self.limit || key.len() > 255 {
            return;
        }
        if self.appended.is_none() {
            self.appended = Some(self.appendable().ok().flatten());
        }
        let Some(Some(out)) = &mut self.appended else { return };
        let mut hasher = crc32fast::Hasher::new();
        parts.iter().for_each(|part| hasher.update(part));
        let place = Place { at: self.end + size - length, length, sum: hasher.finalize() };
        let mut written = out.write_all(&head(key, &place));
        for part in parts {
            written = written.and_then(|()| out.write_all(part));
        }
        if written.is_err() {
            self.appended = Some(None);
            return;
        }
        self.end += size;
        self.note(key, place);
    }

    /// Makes what was added last. When most of the file was of no use to this capture, only the rest stays; when all files
    /// together are over the limit, those go that were not used for longest.
    pub(super) fn save(mut self) {
        let Some(Some(mut out)) = self.appended.take() else { return };
        if out.flush().is_err() {
            return;
        }
        const SMALL: u64 = 1 << 20;
        let is_mostly_old = self.end > SMALL && self.end / 4 > self.used_bytes;
        if self.can_rewrite && (is_mostly_old || self.end > self.limit) {
            let _ = self.rewrite(out.get_ref());
        }
        let _ = self.make_room();
    }

    fn note(&mut self, key: &[u8], place: Place) {
        self.used_bytes += (HEAD + key.len() + TAIL) as u64 + place.length;
        self.used.push((key.to_owned(), place));
    }

    /// The file, ready for a record after the last whole one; `None` while another capture writes to it.
    fn appendable(&mut self) -> io::Result<Option<BufWriter<File>>> {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        make_private(directory)?;
        let mut file = private_file().read(true).create(true).truncate(false).open(&self.path)?;
        if file.try_lock().is_err() {
            return Ok(None);
        }
        // Another one may have written since, be it a new file; what is damaged goes.
        let (before, used) = (self.file.take(), std::mem::take(&mut self.used));
        let is_same = before.is_none_or(|before| is_same_file(&before, &file).unwrap_or(false));
        self.can_rewrite = is_same || used.is_empty();
        (self.end, self.file, self.used) = (0, Some(File::open(&self.path)?), used);
        self.found.clear();
        self.scan(&file)?;
        file.set_len(self.end)?;
        file.seek(SeekFrom::Start(self.end))?;
        Ok(Some(BufWriter::with_capacity(1 << 16, file)))
    }

    /// A file with what was used in the place of this one, which stays locked meanwhile.
    fn rewrite(&self, from: &File) -> io::Result<()> {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        let mut new = NamedTempFile::new_in(directory)?;
        let mut out = BufWriter::with_capacity(1 << 16, new.as_file_mut());
        for (key, place) in &self.used {
            let mut value = vec![0; usize::try_from(place.length).unwrap_or(0)];
            fill_at(from, &mut value, place.at)?;
            out.write_all(&head(key, place))?;
            out.write_all(&value)?;
        }
        out.flush()?;
        drop(out);
        new.persist(&self.path)?;
        Ok(())
    }

    fn make_room(&self) -> io::Result<()> {
        let mut files = Vec::new();
        let mut total = 0;
        for entry in fs::read_dir(self.path.parent().unwrap_or(Path::new(".")))?.flatten() {
            let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
            let Ok(metadata) = entry.metadata() else { continue };
            if is_ours {
                total += metadata.len();
                files.push((metadata.modified()?, metadata.len(), entry.path()));
            }
        }
        files.sort();
        for (_, length, path) in files.into_iter().filter(|(.., path)| *path != self.path) {
            if total <= self.limit {
                break;
            }
            fs::remove_file(path)?;
            total -= length;
        }
        Ok(())
    }
}

impl Place {
    fn end(&self) -> u64 {
        self.at.saturating_add(self.length)
    }
}

/// What stands before a value.
fn head(key: &[u8], place: &Place) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.push(u8::try_from(key.len()).unwrap_or(u8::MAX));
    bytes.extend_from_slice(key);
    bytes.extend_from_slice(&place.length.to_be_bytes());
    bytes.extend_from_slice(&place.sum.to_be_bytes());
    bytes.extend_from_slice(&checksum(&bytes).to_be_bytes());
    bytes
}

/// The record that `bytes` begin with, which lie at `at` in the file.
fn parse(bytes: &[u8], at: u64) -> Option<(Key, Place)> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let key = rest.get(1..1 + usize::from(*rest.first()?))?.to_owned();
    let before = HEAD + key.len();
    let number = |range: std::ops::Range<usize>| {
        let bytes = bytes.get(range)?;
        Some(bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)))
    };
    let (length, sum) = (number(before..before + 8)?, number(before + 8..before + 12)?);
    let is_whole = number(before + 12..before + TAIL)? == u64::from(checksum(&bytes[..before + 12]));
    let place = Place { at: at + (before + TAIL) as u64, length, sum: u32::try_from(sum).ok()? };
    (is_whole && length <= LARGEST).then_some((key, place))
}

#[cfg(unix)]
fn is_same_file(one: &File, other: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (one, other) = (one.metadata()?, other.metadata()?);
    Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
}

#[cfg(not(unix))]
fn is_same_file(_: &File, _: &File) -> io::Result<bool> {
    Ok(false)
}

fn make_private(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(directory)
}

/// Only the owner may read it: what changed may hold secrets, as the sessions may.
fn private_file() -> std::fs::OpenOptions {
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
