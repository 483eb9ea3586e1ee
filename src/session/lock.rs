//! `.lock`: which process has a session open. A text file with a decimal pid and a newline, as Glue writes it.
//!
//! Glue never asks whether the process still lives; here a dead one's lock is taken over. A live one's is never
//! touched.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::store::read_small;
use super::{Error, Session, atomic};
use crate::git::is_alive;

/// The file.
pub(super) const FILE: &str = ".lock";

/// The lock of a session; removed when dropped, if it is still ours.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    /// This process had the lock before: it is not for this value to give it back.
    borrowed: bool,
}

impl Lock {
    pub(super) fn take(session: &Session) -> Result<Lock, Error> {
        // Two of ours that find the same dead lock must not remove each other's new one.
        atomic::exclusively(session.dir(), || Lock::take_undisturbed(session))
    }

    /// The same for one that is inside of [`atomic::exclusively`] already.
    pub(super) fn take_undisturbed(session: &Session) -> Result<Lock, Error> {
        let path = session.path(FILE);
        match holder(&path) {
            Holder::Us => Ok(Lock { path, borrowed: true }),
            Holder::Alive(pid) => Err(Error::Locked { id: session.id().to_owned(), pid, path }),
            Holder::Dead => {
                atomic::remove(&path).map_err(Error::io("remove", &path))?;
                create(session, &path)
            }
            Holder::Nobody => create(session, &path),
        }
    }
}

impl Lock {
    /// Gives it back when dropped, also one that a process left behind which had our pid by chance: in a container that
    /// is not rare. For those who know that this process has it for nothing else.
    pub(super) fn for_a_moment(mut self) -> Lock {
        self.borrowed = false;
        self
    }
}

impl Session {
    /// The process that has the session open, if one does that lives; 0 when it is not known which.
    pub fn open_in(&self) -> Option<u32> {
        match holder(&self.path(FILE)) {
            Holder::Alive(pid) => Some(pid),
            Holder::Us => Some(std::process::id()),
            Holder::Dead | Holder::Nobody => None,
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if !self.borrowed && matches!(holder(&self.path), Holder::Us) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// How long a lock without a pid in it may be one that is being written: Glue creates the file first and writes the pid
/// then.
pub(super) const BEING_WRITTEN: Duration = Duration::from_secs(2);

/// For messages.
pub(super) fn open_in(pid: u32) -> String {
    match pid {
        0 => "open in another process".to_owned(),
        pid => format!("open in another process (pid {pid})"),
    }
}

enum Holder {
    Nobody,
    Us,
    Alive(u32),
    Dead,
}

fn holder(path: &Path) -> Holder {
    let content = match read_small(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Holder::Nobody,
        // Unreadable as the file of another user: somebody's, and not for us to remove.
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => return Holder::Alive(0),
        Err(_) => return Holder::Dead,
        Ok(content) => content,
    };
    let pid = std::str::from_utf8(&content).ok().and_then(|text| text.trim().parse::<u32>().ok());
    match pid {
        Some(pid) if pid == std::process::id() => Holder::Us,
        Some(pid) if is_alive(pid) => Holder::Alive(pid),
        Some(_) => Holder::Dead,
        None => {
            let age = fs::metadata(path).ok().and_then(|m| m.modified().ok()?.elapsed().ok());
            if age.is_some_and(|age| age < BEING_WRITTEN) { Holder::Alive(0) } else { Holder::Dead }
        }
    }
}

/// The file appears with its content, by a link that fails when there is one already; where there are no hard links,
/// by creating it exclusively.
fn create(session: &Session, path: &Path) -> Result<Lock, Error> {
    let error = |source| Error::Io { action: "write", path: path.to_owned(), source };
    let mut temp = atomic::temp_in(session.dir()).map_err(error)?;
    let content = format!("{}\n", std::process::id());
    temp.write_all(content.as_bytes()).map_err(error)?;
    let linked = fs::hard_link(temp.path(), path).or_else(|e| match e.kind() {
        io::ErrorKind::AlreadyExists => Err(e),
        _ => fs::File::create_new(path).and_then(|mut file| file.write_all(content.as_bytes())),
    });
    match linked {
        Ok(()) => Ok(Lock { path: path.to_owned(), borrowed: false }),
        // Glue was faster.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            let pid = if let Holder::Alive(pid) = holder(path) { pid } else { 0 };
            Err(Error::Locked { id: session.id().to_owned(), pid, path: path.to_owned() })
        }
        Err(e) => Err(error(e)),
    }
}
