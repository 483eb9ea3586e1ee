//! A session that is being made: nobody sees it until it is whole.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Error, Session, Store, atomic};

const PREFIX: &str = ".glue-import-";

/// A session under a temporary name; gone when dropped without [`Staged::place`].
#[derive(Debug)]
pub(crate) struct Staged {
    sessions: PathBuf,
    dir: TempDir,
}

impl Store {
    /// An empty session that is not in any list.
    pub(crate) fn stage(&self) -> Result<Staged, Error> {
        self.create_sessions_dir()?;
        let sessions = self.sessions();
        let dir = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&sessions);
        let dir = dir.and_then(|dir| atomic::make_private(dir.path()).map(|()| dir));
        let dir = dir.map_err(Error::io("write to", &sessions))?;
        Ok(Staged { sessions, dir })
    }
}

/// Whether a directory has the name of a session that is being made: six letters or digits at the end.
pub(super) fn is_staged(name: &OsStr) -> bool {
    let rest = name.as_encoded_bytes().strip_prefix(PREFIX.as_bytes());
    rest.is_some_and(|rest| rest.len() == 6 && rest.iter().all(u8::is_ascii_alphanumeric))
}

impl Staged {
    /// The session, to be filled.
    pub(crate) fn session(&self) -> Session {
        Session::at(self.dir.path())
    }

    /// Makes it the session `id`, which must be the name of a directory.
    ///
    /// # Errors
    /// [`Error::Exists`], or it cannot be renamed.
    pub(crate) fn place(self, id: &str) -> Result<Session, Error> {
        let dir = self.sessions.join(id);
        if dir.symlink_metadata().is_ok() {
            return Err(Error::Exists { id: id.to_owned() });
        }
        let from: &Path = self.dir.path();
        atomic::rename(from, &dir).map_err(Error::io("write to", &self.sessions))?;
        let _ = self.dir.keep();
        Ok(Session::at(dir))
    }
}
