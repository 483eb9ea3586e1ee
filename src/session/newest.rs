//! The sessions of a store, newest first, reading no more than it must.
//!
//! Most directory names start with the time they were minted at, so that a store of 100,000 sessions is ordered by one
//! listing. A name that tells nothing is ordered by the start time in its meta.json, which is only read when its turn
//! could have come: a session cannot have started after its directory was last changed, so the directory's time is an
//! upper bound. Such sessions wait under that bound; when one comes first, its meta.json is read and it waits again
//! under its true time. (A meta.json that claims a start later than the directory's last change is taken at that
//! last change.)

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::{Error, Session, minted_at};

/// See the module's description. Made by [`super::Store::newest`].
pub struct Newest {
    sessions: PathBuf,
    waiting: BinaryHeap<Waiting>,
    read: usize,
}

impl Newest {
    /// How many meta.json have been read so far, to find out the order.
    pub fn read_for_order(&self) -> usize {
        self.read
    }

    /// How many characters the longest id of those has that are still to come.
    pub fn widest(&self) -> usize {
        self.waiting.iter().map(|session| session.name.to_string_lossy().chars().count()).max().unwrap_or(0)
    }

    /// The names of all sessions in no particular order. Those that are not text cannot be typed either, except as a
    /// path.
    pub(super) fn names(self) -> Vec<String> {
        self.waiting.into_iter().filter_map(|session| session.name.into_string().ok()).collect()
    }

    pub(super) fn scan(sessions: &Path) -> Result<Newest, Error> {
        let entries = match fs::read_dir(sessions) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            other => Some(other.map_err(Error::io("read", sessions))?),
        };
        let mut waiting = Vec::new();
        for entry in entries.into_iter().flatten() {
            let entry = entry.map_err(Error::io("read", sessions))?;
            if is_session(&entry) {
                waiting.push(Waiting::new(&entry));
            }
        }
        Ok(Newest { sessions: sessions.to_owned(), waiting: waiting.into(), read: 0 })
    }
}

impl Iterator for Newest {
    type Item = Session;

    fn next(&mut self) -> Option<Session> {
        loop {
            let first = self.waiting.pop()?;
            let session = Session::at(self.sessions.join(&first.name));
            if first.exact {
                return Some(session);
            }
            self.read += 1;
            let started = session.meta().ok().and_then(|meta| Some(meta.started()?.as_millisecond()));
            let ms = started.unwrap_or(first.ms).min(first.ms);
            self.waiting.push(Waiting { ms, exact: true, ..first });
        }
    }
}

/// A session under the time that is known of it. Later times come first, then a stable order of the names.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    ms: i64,
    name: OsString,
    /// Whether `ms` is the start, or only a time that the start is not after. Of one session only one waits.
    exact: bool,
}

impl Waiting {
    fn new(entry: &fs::DirEntry) -> Waiting {
        let name = entry.file_name();
        match name.to_str().and_then(minted_at) {
            Some(ms) => Waiting { ms, name, exact: true },
            None => Waiting { ms: changed(entry).unwrap_or(i64::MAX), name, exact: false },
        }
    }
}

/// Directories, also through a symbolic link; names with a leading dot are never sessions.
fn is_session(entry: &fs::DirEntry) -> bool {
    let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
    !hidden && entry.file_type().is_ok_and(|kind| kind.is_dir() || (kind.is_symlink() && entry.path().is_dir()))
}

fn changed(entry: &fs::DirEntry) -> Option<i64> {
    let since = entry.metadata().ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}

/// The `limit` names that look most like `wanted`, best first: by the length of what they start with in common, then
/// newest first.
pub(super) fn nearest(names: impl Iterator<Item = String>, wanted: &str, limit: usize) -> Vec<String> {
    const ENOUGH: usize = 4;
    let common = |name: &str| name.bytes().zip(wanted.bytes()).take_while(|(a, b)| a == b).count();
    let mut near: Vec<_> = names
        .map(|name| (Reverse(common(&name)), Reverse(name)))
        .filter(|(Reverse(common), Reverse(name))| *common >= ENOUGH || name.contains(wanted))
        .collect();
    near.sort();
    near.into_iter().take(limit).map(|(_, Reverse(name))| name).collect()
}
