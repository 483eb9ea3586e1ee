//! The store and one session of it: where things are, and reading what a session is about.
//!
//! Captures are read by [`super::capture`] and written by [`super::save`]; which session is meant is decided by
//! [`super::resolve`].

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{Error, Lock, META_VERSION, Meta, Newest, atomic, dir_name};

/// All sessions of one home directory.
#[derive(Debug, Clone)]
pub struct Store {
    home: PathBuf,
    /// Nothing says where the user's home directory is, so this is one that belongs to somebody else.
    is_stray: bool,
}

/// A directory of the store. That it is one is all that is promised; see [`Session::meta`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    id: String,
    dir: PathBuf,
}

/// Why a session's meta.json says nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// There is none.
    #[error("has no meta.json")]
    Missing,
    /// It cannot be read.
    #[error("meta.json cannot be read: {0}")]
    Unreadable(String),
    /// It is not a JSON object.
    #[error("meta.json is damaged: {0}")]
    Malformed(String),
}

/// No JSON file of the store comes near this; a larger one is not read into memory.
const LARGEST_JSON: u64 = 64 << 20;

impl Store {
    /// The store of this user: `GLUE_HOME` when set and not empty (a leading `~` is the home directory), else
    /// `~/.glue`. The home directory is `$HOME`, else `$USERPROFILE`, else what the user database says, else, for reading
    /// alone, the current directory, as for Glue: [`Store::check_home`].
    pub fn from_env() -> Store {
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let database = || std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
        // A HOME that is set to nothing says that there is none.
        let unset = || std::env::var_os("HOME").is_none().then(database).flatten();
        let user = var("HOME").or_else(|| var("USERPROFILE")).or_else(unset);
        let asked = var("GLUE_HOME");
        let needs_user = asked.as_ref().is_none_or(|home| home.as_os_str().as_encoded_bytes().starts_with(b"~"));
        let is_stray = user.is_none() && needs_user;
        let user = user.unwrap_or_else(|| ".".into());
        Store { home: asked.map_or_else(|| user.join(".glue"), |home| expand_tilde(home, &user)), is_stray }
    }

    /// The store in the directory `home`, which need not exist.
    pub fn at(home: impl Into<PathBuf>) -> Store {
        Store { home: home.into(), is_stray: false }
    }

    /// Whether the store may be written.
    ///
    /// # Errors
    /// [`Error::NoHome`] when nothing says where it should be. It is not made in the current directory, which is a work
    /// tree more often than not.
    pub fn check_home(&self) -> Result<(), Error> {
        if self.is_stray { Err(Error::NoHome) } else { Ok(()) }
    }

    /// The directory that holds everything.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The directory of the sessions.
    pub fn sessions(&self) -> PathBuf {
        self.home.join("sessions")
    }

    /// What may be deleted at any time.
    pub fn cache(&self) -> PathBuf {
        self.home.join("cache")
    }

    /// The session with exactly this id.
    pub fn session(&self, id: &str) -> Option<Session> {
        let id = dir_name(id);
        let dir = self.sessions().join(&id);
        dir.is_dir().then_some(Session { id, dir })
    }

    /// All sessions, newest first, reading no more than it must.
    ///
    /// # Errors
    /// When the directory of the sessions is there but cannot be read.
    pub fn newest(&self) -> Result<Newest, Error> {
        Newest::scan(&self.sessions())
    }

    /// Makes a session with this meta; its id names the directory.
    ///
    /// # Errors
    /// [`Error::Exists`], or when it cannot be written; nothing is left behind then.
    pub fn create(&self, meta: &Meta) -> Result<Session, Error> {
        let id = dir_name(&meta.id);
        self.create_sessions_dir()?;
        let dir = self.sessions().join(&id);
        atomic::create_private_dir(&dir).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => Error::Exists { id: id.clone() },
            _ => Error::Io { action: "create", path: dir.clone(), source },
        })?;
        let session = Session { id, dir };
        let path = session.meta_path();
        atomic::write(&path, &meta.to_json()).map_err(Error::io("write", path)).inspect_err(|_| {
            // Only what was made a moment ago, and only while it is still empty.
            let _ = fs::remove_dir(&session.dir);
        })?;
        Ok(session)
    }

    /// The session of this meta's id. One that is new gets the directory and the meta; so does one whose maker was
    /// stopped before it had written them.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn open_or_create(&self, meta: &Meta) -> Result<Session, Error> {
        let id = dir_name(&meta.id);
        self.create_sessions_dir()?;
        let dir = self.sessions().join(&id);
        match atomic::create_private_dir(&dir) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists || !dir.is_dir() => {
                return Err(Error::io("create", dir)(e));
            }
            _ => {}
        }
        let session = Session { id, dir };
        let path = session.meta_path();
        atomic::exclusively(&session.dir, || match session.meta() {
            Err(Damage::Missing) => {
                // What is written into the directory is lost with it.
                let above = [self.sessions(), self.home.clone()];
                let synced = above.iter().try_for_each(|above| atomic::sync_dir(above));
                synced.and_then(|()| atomic::write(&path, &meta.to_json())).map_err(Error::io("write", &path))
            }
            _ => Ok(()),
        })?;
        Ok(session)
    }

    /// The newest session that is still open (no end time) and works in `cwd`, among the 64 newest of the store.
    pub fn open_session_for(&self, cwd: &Path) -> Option<Session> {
        const LOOKED_AT: usize = 64;
        let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let wanted = real(cwd);
        self.newest().ok()?.take(LOOKED_AT).find(|session| {
            session.meta().is_ok_and(|meta| {
                meta.end_time.is_none() && !meta.cwd.is_empty() && real(Path::new(&meta.cwd)) == wanted
            })
        })
    }

    /// Makes the directories of the store, as far as they are not there.
    pub(super) fn create_sessions_dir(&self) -> Result<(), Error> {
        self.check_home()?;
        if let Some(above) = self.home.parent().filter(|p| !p.as_os_str().is_empty()) {
            fs::create_dir_all(above).map_err(Error::io("create", above))?;
        }
        for dir in [self.home.clone(), self.sessions()] {
            match atomic::create_private_dir(&dir) {
                Err(e) if e.kind() != io::ErrorKind::AlreadyExists || !dir.is_dir() => {
                    return Err(Error::io("create", dir)(e));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Session {
    /// The session in the directory `dir`, wherever that is.
    pub fn at(dir: impl Into<PathBuf>) -> Session {
        let dir = dir.into();
        // `.` and `..` have no name of their own.
        let named = dir.file_name().map(ToOwned::to_owned);
        let name = named.or_else(|| fs::canonicalize(&dir).ok()?.file_name().map(ToOwned::to_owned));
        Session { id: name.unwrap_or_default().to_string_lossy().into_owned(), dir }
    }

    /// The name of the directory, which is the id as far as the store is concerned.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What the session is about, as far as it can be read. Its `id` may be another than [`Session::id`], after a
    /// copy or a rename: [`Session::is_renamed`].
    ///
    /// # Errors
    /// What is wrong with meta.json. Such a session is to be shown as damaged.
    pub fn meta(&self) -> Result<Meta, Damage> {
        match read_small(&self.meta_path()) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Err(Damage::Missing),
            Err(e) => Err(Damage::Unreadable(e.to_string())),
            Ok(json) => Meta::parse(&json).map_err(Damage::Malformed),
        }
    }

    /// Whether `meta` was written for a directory of another name.
    pub fn is_renamed(&self, meta: &Meta) -> bool {
        dir_name(&meta.id) != self.id
    }

    /// Changes meta.json: reads it, hands it to `change`, and writes it atomically. Its version stays.
    ///
    /// # Errors
    /// [`Error::NewerMeta`] for a version that is not known, [`Error::Damaged`] for one that cannot be read: neither
    /// is ever rewritten.
    pub fn update_meta(&self, change: impl FnOnce(&mut Meta)) -> Result<(), Error> {
        let path = self.meta_path();
        atomic::exclusively(&self.dir, || {
            let mut meta = self.meta().map_err(|damage| Error::Damaged { path: path.clone(), damage })?;
            if meta.version() > META_VERSION {
                return Err(Error::NewerMeta { path: path.clone(), version: meta.version() });
            }
            change(&mut meta);
            atomic::write(&path, &meta.to_json()).map_err(Error::io("write", &path))
        })
    }

    /// Takes the lock of the session, which Glue honours too. Only one process can hold it.
    ///
    /// # Errors
    /// [`Error::Locked`] while another live process has it.
    pub fn lock(&self) -> Result<Lock, Error> {
        Lock::take(self)
    }

    /// Runs `work` while no other process of ours is at work in the session, and Glue has it not open.
    ///
    /// # Errors
    /// Those of `work`, and [`Error::Locked`] while another live process has the session open.
    pub fn write_alone<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        atomic::exclusively(&self.dir, || {
            let _lock = Lock::take_undisturbed(self)?.for_a_moment();
            work()
        })
    }

    /// The path of a file of the session.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn meta_path(&self) -> PathBuf {
        self.path("meta.json")
    }
}

/// The whole content of a small file.
pub(super) fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    let file = open_regular(path)?;
    let mut content = Vec::new();
    file.take(LARGEST_JSON + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LARGEST_JSON {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is far too large"));
    }
    Ok(content)
}

/// Opens a file, refusing what could block or never end: a store can come from anywhere.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    File::open(path)
}

fn expand_tilde(path: PathBuf, user: &Path) -> PathBuf {
    let Some(text) = path.to_str() else { return path };
    match text.strip_prefix('~') {
        Some("") => user.to_owned(),
        Some(rest) if rest.starts_with(['/', '\\']) => user.join(rest.trim_start_matches(['/', '\\'])),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_tilde_of_ones_own_is_expanded() {
        let expand = |p: &str| expand_tilde(p.into(), Path::new("/home/me"));
        assert_eq!(expand("~"), Path::new("/home/me"));
        assert_eq!(expand("~/g"), Path::new("/home/me/g"));
        assert_eq!(expand("~\\g"), Path::new("/home/me/g"));
        assert_eq!(expand("~you/g"), Path::new("~you/g"));
        assert_eq!(expand("here/~"), Path::new("here/~"));
    }
}
