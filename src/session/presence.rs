//! `.open`: that somebody is at work in a session for as long as it takes, also while nothing happens. A file with the
//! kernel's lock on it, which goes away with the process that holds it.
//!
//! Who begins to write leaves a mark in it, and another when all is done: the last one sees whether somebody was killed in
//! between.
//!
//! [`Lock`](super::Lock) is for one alone and for moments; this is for any number, and keeps nobody from writing, only
//! the session from being removed. Where the file system has no such locks, it says nothing.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::PathBuf;

use super::store::open_regular;
use super::{Error, Held, Session, atomic};

/// The file.
pub(super) const FILE: &str = ".open";
const BEGUN: u8 = b'+';
const DONE: u8 = b'-';

/// Somebody is at work in a session, until this is dropped.
#[derive(Debug)]
pub struct Presence {
    path: PathBuf,
    file: File,
    /// It has said so.
    is_writing: bool,
}

impl Session {
    /// Says that somebody is at work in it.
    ///
    /// # Errors
    /// When it cannot be written, or was removed.
    pub fn enter(&self) -> Result<Presence, Error> {
        let path = self.path(FILE);
        loop {
            let file = atomic::open_to_add(&path).map_err(Error::io("write", &path))?;
            let _ = file.lock_shared();
            let presence = Presence { path: path.clone(), file, is_writing: false };
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
        let Ok(file) = atomic::open_to_add(&path) else { return Ok(None) };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(Held::Open(0)),
            _ => Ok(Some(Presence { path, file, is_writing: false })),
        }
    }
}

impl Presence {
    /// Says that something will be written, which is not done with until [`Presence::end`].
    pub(crate) fn begin(&mut self) {
        if !std::mem::replace(&mut self.is_writing, true) {
            self.mark(BEGUN);
        }
    }

    /// Says that all is done that was to be done, also by those who were killed if that `is_for_all`.
    pub(crate) fn end(&mut self, is_for_all: bool) {
        if is_for_all {
            let _ = self.file.set_len(0);
        } else if self.is_writing {
            self.mark(DONE);
        }
        self.is_writing = false;
    }

    /// Whether nobody else is at work, and somebody who was is not done. Then nobody enters until this is dropped.
    pub(crate) fn is_left_behind(&self) -> bool {
        if self.file.try_lock().is_err() {
            // The kernel gives up the one lock before it tries to get the other.
            let _ = self.file.lock_shared();
            return false;
        }
        self.unfinished() > usize::from(self.is_writing)
    }

    /// How many have begun and were not done.
    fn unfinished(&self) -> usize {
        let (mut file, mut marks) = (&self.file, Vec::new());
        let _ = file.rewind().and_then(|()| file.read_to_end(&mut marks));
        let count = |mark: u8| memchr::memchr_iter(mark, &marks).count();
        count(BEGUN).saturating_sub(count(DONE))
    }

    /// Where that cannot be written, nobody is missed.
    fn mark(&self, mark: u8) {
        let _ = (&self.file).write_all(&[mark]);
    }

    /// Whether the file is still the one of that name.
    fn is_there(&self) -> bool {
        let about = (self.file.metadata(), self.path.symlink_metadata());
        matches!(about, (Ok(ours), Ok(there)) if atomic::identity(&ours) == atomic::identity(&there))
    }
}

impl Drop for Presence {
    /// The last one takes the file away, unless there is something to do for who comes next.
    fn drop(&mut self) {
        if self.file.try_lock().is_ok() && self.is_there() && self.unfinished() == 0 {
            let _ = atomic::remove(&self.path);
        }
    }
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
    fn who_was_killed_is_missed_by_the_last_one() {
        let dir = tempfile::tempdir().unwrap();
        let session = Session::at(dir.path());
        let mut killed = session.enter().unwrap();
        killed.begin();
        drop(killed);
        assert!(session.path(FILE).exists() && !session.is_entered());
        let (mut one, mut other) = (session.enter().unwrap(), session.enter().unwrap());
        one.begin();
        other.begin();
        assert!(!one.is_left_behind());
        one.end(false);
        drop(one);
        assert!(other.is_left_behind());
        other.end(true);
        drop(other);
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
