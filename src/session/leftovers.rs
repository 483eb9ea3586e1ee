//! What programs that were killed left behind in the store: sessions that were being made, and temporary files. Nobody has
//! written to them for a day, and nothing in them was ever said to be saved.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::activity::{is_recent, written};
use super::prune::{gone, size_of};
use super::staged::is_staged;
use super::{Session, Store, atomic};

/// A file or directory that was left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Where it is.
    pub path: PathBuf,
    /// What it takes, in bytes.
    pub size: u64,
}

impl Store {
    /// What was left behind, in the order of the paths. Links are not followed.
    pub fn leftovers(&self) -> Vec<Leftover> {
        let mut leftovers = Vec::new();
        for entry in entries(&self.sessions()) {
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let name = entry.file_name();
            if is_dir && is_staged(&name) {
                let is_old = Session::at(entry.path()).last_write().is_some_and(|time| !is_recent(time));
                leftovers.extend(is_old.then(|| Leftover { size: size_of(&entry.path()), path: entry.path() }));
            } else if is_dir && !name.as_encoded_bytes().starts_with(b".") {
                leftovers.extend(entries(&entry.path()).filter_map(|entry| temporary(&entry)));
            } else {
                leftovers.extend(temporary(&entry));
            }
        }
        leftovers.sort_by(|one, other| one.path.cmp(&other.path));
        leftovers
    }
}

impl Leftover {
    /// Takes it away.
    ///
    /// # Errors
    /// When it cannot be removed. That it is gone is none.
    pub fn remove(&self) -> io::Result<()> {
        gone(if self.path.is_dir() { fs::remove_dir_all(&self.path) } else { fs::remove_file(&self.path) })
    }
}

fn temporary(entry: &fs::DirEntry) -> Option<Leftover> {
    let about = entry.metadata().ok().filter(|about| about.is_file() && atomic::is_temporary(&entry.file_name()))?;
    let is_old = written(&about).is_some_and(|time| !is_recent(time));
    is_old.then(|| Leftover { path: entry.path(), size: about.len() })
}

fn entries(dir: &Path) -> impl Iterator<Item = fs::DirEntry> {
    fs::read_dir(dir).into_iter().flatten().flatten()
}
