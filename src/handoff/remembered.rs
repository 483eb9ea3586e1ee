//! What was seen of a long index the last time, so that asking again does not take longer as a history grows.
//!
//! An index in which every entry is in order, and names a plain file that is there, is remembered by a few numbers in the
//! cache of the store. That is believed while the index and the folder of the archives are the same by their numbers and
//! times in the file system, which is how git believes its own index; what has changed a moment ago is not remembered,
//! because it could change again within one tick of the clock. Nothing here fails: without a memory the index is read.

use std::fs::{self, Metadata};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::history::{History, INDEX, SESSIONS};
use super::overview::{Overview, Written};
use crate::session::{Store, atomic};

/// A history as its files stand in the file system.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    index: Numbers,
    archives: Numbers,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Numbers {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

#[derive(Serialize, Deserialize)]
struct Memory {
    /// Another version may have other rules.
    version: String,
    stamp: Stamp,
    written: Written,
}

/// Shorter indexes are read faster than a memory.
const SHORTEST: u64 = 64 << 10;
/// How old a change must be that is told from the next one by its time, also on file systems with a coarse clock.
const SETTLED: Duration = Duration::from_secs(2);

/// How a history stands; none where it is not one to be remembered.
pub fn stamp(history: &History) -> Option<Stamp> {
    let (index, archives) =
        (history.path(INDEX).symlink_metadata().ok()?, history.path(SESSIONS).symlink_metadata().ok()?);
    let is_usual = index.is_file() && index.len() >= SHORTEST && archives.is_dir() && history.is_settled();
    is_usual.then(|| Some(Stamp { index: numbers(&index)?, archives: numbers(&archives)? })).flatten()
}

/// What is remembered of a history that stands like that.
pub fn recall(history: &History, stamp: &Stamp) -> Option<Overview> {
    let memory: Memory = serde_json::from_slice(&fs::read(place(history)?).ok()?).ok()?;
    let is_same = memory.version == env!("CARGO_PKG_VERSION") && memory.stamp == *stamp;
    is_same.then(|| Overview::recalled(history, &memory.written)).flatten()
}

/// Remembers what was read of a history that stood like that before, if it still does.
pub fn remember(history: &History, before: Stamp, overview: &Overview) {
    let is_settled = |name: &str| {
        let modified = history.path(name).metadata().and_then(|found| found.modified());
        let age = modified.ok().and_then(|then| SystemTime::now().duration_since(then).ok());
        age.is_some_and(|age| age > SETTLED)
    };
    if !is_settled(INDEX) || !is_settled(SESSIONS) || stamp(history).as_ref() != Some(&before) {
        return;
    }
    let (Some(written), Some(place)) = (overview.written(), place(history)) else { return };
    let memory = Memory { version: env!("CARGO_PKG_VERSION").to_owned(), stamp: before, written };
    let folder = atomic::parent(&place);
    let is_there = folder.is_dir()
        || fs::create_dir_all(atomic::parent(folder)).is_ok() && atomic::create_private_dir(folder).is_ok();
    if let (true, Ok(json)) = (is_there, serde_json::to_vec(&memory)) {
        let _ = atomic::write(&place, &json);
    }
}

/// Where a history is remembered.
fn place(history: &History) -> Option<PathBuf> {
    let store = Store::from_env();
    store.check_home().ok()?;
    let folder = history.folder().canonicalize().ok()?;
    let name = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    let name: String = name.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Some(store.cache().join(format!("handoff-{name}.json")))
}

#[cfg(unix)]
fn numbers(found: &Metadata) -> Option<Numbers> {
    use std::os::unix::fs::MetadataExt;

    Some(Numbers {
        device: found.dev(),
        inode: found.ino(),
        size: found.size(),
        modified: (found.mtime(), found.mtime_nsec()),
        changed: (found.ctime(), found.ctime_nsec()),
    })
}

/// Elsewhere files have no such numbers.
#[cfg(not(unix))]
fn numbers(_found: &Metadata) -> Option<Numbers> {
    None
}
