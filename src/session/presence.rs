//! `.open`: that somebody is at work in a session for as long as it takes, also while nothing happens. An empty file with
//! the kernel's lock on it, which goes away with the process that holds it.
//!
//! [`Lock`](super::Lock) is for one alone and for moments; this is for any number, and keeps nobody from writing, only
//! the session from being removed. Where the file system has no such locks, it says nothing.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::store::open_regular;
use super::{Error, Held, Session, atomic};

/// The file.
pub(super) const FILE: &str = ".open";

/// Somebody is at work in a session, until this is dropped.
#[derive(Debug)]
pub struct Presence {
    path: PathBuf,
    file: File,
}

impl Session {
    /// Says that somebody is at work in it.
    ///
    /// # Errors
    /// When it cannot be written, or was removed.
    pub fn enter(&self) -> Result<Presence, Error> {
        let path = self.path(FILE);
        loop {
            let file = open(&path).map_err(Error::io("write", &path))?;
            let _ = file.lock_shared();
            let presence = Presence { path: path.clone(), file };
            // Whoever was here last may have taken the file away.
            if presence.is_there() {
                return Ok(presence);
            }
        }
    }

    /// Whether somebody is at work in it.
    pub(super) fn is_entered(&self) -> bool {
        let file = open_regular(&self.path(FILE));
        file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// Keeps everybody out until what is returned is dropped. Of a session that cannot be written nothing is: nobody can
    /// enter it.
    ///
    /// # Errors
    /// While somebody is at work in it.
    pub(super) fn keep_out(&self) -> Result<Option<Presence>, Held> {
        let path = self.path(FILE);
        let Ok(file) = open(&path) else { return Ok(None) };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(Held::Open(0)),
            _ => Ok(Some(Presence { path, file })),
        }
    }
}

impl Presence {
    /// Whether the file is still the one of that name.
    fn is_there(&self) -> bool {
        let about = (self.file.metadata(), self.path.symlink_metadata());
        matches!(about, (Ok(ours), Ok(there)) if atomic::identity(&ours) == atomic::identity(&there))
    }
}

impl Drop for Presence {
    /// The last one takes the file away.
    fn drop(&mut self) {
        if self.file.try_lock().is_ok() && self.is_there() {
            let _ = atomic::remove(&self.path);
        }
    }
}

/// Opens the file, or makes it. It is not looked for elsewhere: a link could lead anywhere.
fn open(path: &Path) -> io::Result<File> {
    if path.symlink_metadata().is_ok_and(|about| !about.is_file()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_open_until_the_last_one_has_left() {
        let dir = tempfile::tempdir().unwrap();
        let session = Session::at(dir.path());
        let (one, other) = (session.enter().unwrap(), session.enter().unwrap());
        drop(one);
        assert!(session.is_entered() && session.keep_out().is_err());
        drop(other);
        assert!(!session.is_entered() && !session.path(FILE).exists());
        let alone = session.keep_out().unwrap().unwrap();
        assert!(session.is_entered());
        drop(alone);
        assert!(!session.path(FILE).exists());
    }

    #[test]
    fn nobody_enters_a_session_that_is_on_its_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let (before, after) = (dir.path().join("s"), dir.path().join("doomed"));
        std::fs::create_dir(&before).unwrap();
        let session = Session::at(&before);
        let alone = session.keep_out().unwrap();
        std::thread::scope(|scope| {
            let entering = scope.spawn(|| session.enter());
            std::thread::sleep(std::time::Duration::from_millis(50));
            std::fs::rename(&before, &after).unwrap();
            drop(alone);
            assert!(entering.join().unwrap().is_err());
        });
    }
}
