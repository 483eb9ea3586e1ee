//! Removing sessions, and what speaks against it.
//!
//! A session first gets a name that no list shows, then its files go: a crash in between leaves no half session, only
//! something that the next removal sweeps away. Links are never followed; a session that is one itself is unlinked,
//! what it leads to stays.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::activity::is_recent;
use super::capture_files::{NAMES, PREVIOUS, with_ending};
use super::lock::open_in;
use super::store::read_small;
use super::{CONVERSATION, Error, Session, Sidecar, Store, atomic};

/// Why a session stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Held {
    /// A process has it open; 0 when it is not known which.
    #[error("it is {}", open_in(*.0))]
    Open(u32),
    /// Nobody has said that it ended, or what says so cannot be read, and something happened in it within a day.
    #[error("it is running, as far as is known")]
    Running,
    /// Its capture was not applied from this store, as far as is known.
    #[error("its capture was not applied")]
    Unapplied,
    /// Its directory cannot be read.
    #[error("it cannot be read")]
    Unreadable,
    /// It holds directories, or files of which none is a session's: somebody keeps something else there.
    #[error("it is no session, as far as is known")]
    Foreign,
}

/// A session that may be removed.
#[derive(Debug, Clone)]
pub struct Removal {
    /// The session.
    pub session: Session,
    /// What its files take, in bytes. Of one that is a link, nothing.
    pub size: u64,
    /// When something happened in it for the last time.
    pub active: Option<Timestamp>,
    /// What speaks against it.
    pub held: Option<Held>,
}

/// What sessions are called on their way out.
const DOOMED: &str = ".glue-prune-";

impl Removal {
    /// What there is to know of a session before it is removed. Captures that were not applied do not hold it when they
    /// are `expendable`.
    pub fn of(session: Session, expendable: bool) -> Removal {
        let held = session.held(expendable);
        Removal { size: size_of(session.dir()), active: session.last_use(), held, session }
    }
}

impl Session {
    /// What speaks against removing it.
    fn held(&self, expendable: bool) -> Option<Held> {
        if fs::read_dir(self.dir()).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied) {
            return Some(Held::Unreadable);
        }
        let open = self.open_in().or_else(|| self.is_entered().then_some(0));
        open.map(Held::Open).or_else(|| self.held_at_rest(expendable))
    }

    /// What speaks against removing it while nobody has it open.
    fn held_at_rest(&self, expendable: bool) -> Option<Held> {
        if self.is_foreign() {
            return Some(Held::Foreign);
        }
        let may_run = self.meta().map_or(true, |meta| meta.status() == "running");
        if may_run && self.last_use().is_some_and(is_recent) {
            return Some(Held::Running);
        }
        (!expendable && self.has_unapplied()).then_some(Held::Unapplied)
    }

    /// Whether what is in the directory is something else than a session. No session has directories in it.
    fn is_foreign(&self) -> bool {
        if self.dir().is_symlink() {
            return false;
        }
        let entries: Vec<_> = fs::read_dir(self.dir()).into_iter().flatten().flatten().collect();
        let is_own = |entry: &fs::DirEntry| {
            let name = entry.file_name();
            ["meta.json", CONVERSATION, "state.json"].iter().chain(&NAMES).any(|own| name == *own)
                || name.as_encoded_bytes().starts_with(b"runtime.")
                || name.as_encoded_bytes().starts_with(b".")
        };
        let is_dir = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
        entries.iter().any(is_dir) || !entries.is_empty() && !entries.iter().any(is_own)
    }

    /// Whether there is a capture of which nothing says that it was applied. What was set aside counts too, and so does
    /// what has the name of a capture and cannot be read.
    fn has_unapplied(&self) -> bool {
        let is_applied = |sidecar: Option<Sidecar>| {
            sidecar.is_some_and(|sidecar| sidecar.applied_at.is_some() || sidecar.entries == Some(0))
        };
        let is_there = |path: &PathBuf| path.symlink_metadata().is_ok();
        // One that is elsewhere stays there.
        let is_own = NAMES.iter().any(|name| is_there(&self.path(name)));
        if is_own && !is_applied(self.capture_file().and_then(|_| self.sidecar())) {
            return true;
        }
        let set_aside = NAMES.iter().map(|name| self.path(&format!("{name}{PREVIOUS}"))).filter(is_there);
        let sidecar = |path: PathBuf| Sidecar::parse(&read_small(&with_ending(&path, ".meta.json")).ok()?).ok();
        set_aside.map(sidecar).any(|sidecar| !is_applied(sidecar))
    }
}

impl Store {
    /// Whether the session is one of this store.
    pub fn holds(&self, session: &Session) -> bool {
        let real = |path: &Path| fs::canonicalize(path).ok();
        let above = session.dir().parent().and_then(real);
        above.is_some() && above == real(&self.sessions())
    }

    /// Removes a session, unless something holds it; what does is asked again, while nobody else can open it.
    ///
    /// # Errors
    /// [`Error::Held`]; when it cannot be removed. That another process has removed it is none.
    pub fn remove(&self, session: &Session, expendable: bool) -> Result<(), Error> {
        let held = |held| Err(Error::Held { id: session.id().to_owned(), held });
        if let Some(reason) = session.held(expendable) {
            return held(reason);
        }
        let dir = session.dir();
        let failed = |source| Error::Io { action: "remove", path: dir.to_owned(), source };
        if dir.is_symlink() {
            return atomic::remove(dir).map_err(failed);
        }
        let alone = session.keep_out();
        if let Err(reason) = alone {
            return held(reason);
        }
        let lock = session.lock();
        // One that may not be written cannot be opened either.
        if let Err(Error::Locked { pid, .. }) = lock {
            return held(Held::Open(pid));
        }
        if let Some(reason) = session.held_at_rest(expendable) {
            return held(reason);
        }
        let doomed = self.sessions().join(format!("{DOOMED}{:08x}-{}", fastrand::u32(..), session.id()));
        gone(atomic::rename(dir, &doomed)).map_err(failed)?;
        gone(fs::remove_dir_all(&doomed)).map_err(Error::io("remove all of", doomed))
    }

    /// Removes what a crash left behind of sessions on their way out.
    pub fn sweep_removed(&self) {
        let entries = fs::read_dir(self.sessions()).into_iter().flatten().flatten();
        let is_doomed = |entry: &fs::DirEntry| is_doomed(entry.file_name().as_encoded_bytes());
        for entry in entries.filter(is_doomed) {
            // It may be another process's that is at it right now: then that one removes it.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// What somebody else removed is as good as removed.
pub(super) fn gone(removed: io::Result<()>) -> io::Result<()> {
    removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// Whether a directory has the name of a session on its way out: eight hex digits stand before the id.
fn is_doomed(name: &[u8]) -> bool {
    let rest = name.strip_prefix(DOOMED.as_bytes());
    rest.and_then(|rest| Some((rest.get(..8)?, rest.get(8)?)))
        .is_some_and(|(digits, dash)| digits.iter().all(u8::is_ascii_hexdigit) && *dash == b'-')
}

/// What a directory's files take, in bytes; no links are followed.
pub(super) fn size_of(dir: &Path) -> u64 {
    let (mut directories, mut size) = (vec![dir.to_owned()], 0_u64);
    if !fs::symlink_metadata(dir).is_ok_and(|metadata| metadata.is_dir()) {
        return 0;
    }
    while let Some(directory) = directories.pop() {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        for (path, metadata) in
            entries.filter_map(|entry| io::Result::ok(entry.metadata()).map(|metadata| (entry.path(), metadata)))
        {
            if metadata.is_dir() {
                directories.push(path);
            } else {
                size = size.saturating_add(metadata.len());
            }
        }
    }
    size
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::thread;
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::session::Meta;

    #[test]
    fn what_comes_while_a_session_is_being_removed_keeps_it() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::at(home.path());
        let meta = Meta { start_time: Some("2026-01-01T00:00:00Z".to_owned()), ..Meta::new("s", "/w") };
        let session = store.create(&meta).unwrap();
        let long_ago = SystemTime::now() - Duration::from_secs(48 * 3600);
        for path in [session.path("meta.json"), session.dir().to_owned()] {
            File::open(path).unwrap().set_modified(long_ago).unwrap();
        }
        assert_eq!(session.held(false), None);
        thread::scope(|scope| {
            let removing = atomic::exclusively(session.dir(), || {
                // It has seen that nothing holds it, and waits for the lock.
                let removing = scope.spawn(|| store.remove(&session, false));
                thread::sleep(Duration::from_millis(100));
                let now = Timestamp::now();
                let row = format!("{{\"type\":\"user_message\",\"timestamp\":\"{now}\",\"text\":\"\"}}\n");
                fs::write(session.path(CONVERSATION), row).unwrap();
                removing
            });
            let removed = removing.join().unwrap();
            assert!(matches!(removed, Err(Error::Held { held: Held::Running, .. })), "{removed:?}");
        });
        assert!(session.path(CONVERSATION).exists() && !session.path(".open").exists());
    }
}
