//! A capture on its way between stores: out as a pair of files, in as a session of its own.
//!
//! That the mbox can be read at all is checked by the caller before anything is taken in.

use std::fs::{self, File};
use std::io::{self, Seek};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::NamedTempFile;

use super::capture_files::with_ending;
use super::{
    Capture, DEFAULT_CAP_BYTES, Error, Meta, Session, Sidecar, Store, atomic, dir_name, minted_at, new_id, now,
};

/// Where a capture was written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The mbox.
    pub path: PathBuf,
    /// Its sidecar.
    pub sidecar: PathBuf,
}

/// What became of a capture that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The session that holds it.
    pub session: Session,
    /// It was there before, to the byte; nothing was written.
    pub already_there: bool,
    /// The id that the capture names, where it belongs to another session here.
    pub taken: Option<String>,
}

impl Capture {
    /// Copies the mbox to `to` and its sidecar to `<to>.meta.json`, with length and hash filled in, so that whoever
    /// gets the pair can check it. `to` may be a directory: then the file is `<id>.mbox` in it, or `<id>.mbox.truncated`.
    ///
    /// # Errors
    /// [`Error::InTheWay`] unless `overwrite`; when something cannot be written. No file of ours is left behind then.
    pub fn export(&mut self, to: &Path, overwrite: bool) -> Result<Exported, Error> {
        let name = format!("{}.mbox{}", dir_name(&self.id), if self.truncated { ".truncated" } else { "" });
        let path = if to.is_dir() { to.join(name) } else { to.to_owned() };
        let sidecar = with_ending(&path, ".meta.json");
        if !overwrite && let Some(path) = [&path, &sidecar].into_iter().find(|path| path.symlink_metadata().is_ok()) {
            return Err(Error::InTheWay { path: path.clone() });
        }
        let json = self.described()?.to_json();
        let mbox_file = self.copied_into(atomic::parent(&path))?;
        let mut sidecar_file = atomic::temp_in(atomic::parent(&path)).map_err(Error::io("write", &sidecar))?;
        io::Write::write_all(&mut sidecar_file, &json).map_err(Error::io("write", &sidecar))?;
        place(sidecar_file, &sidecar, overwrite)?;
        place(mbox_file, &path, overwrite).inspect_err(|_| {
            if !overwrite {
                let _ = fs::remove_file(&sidecar);
            }
        })?;
        Ok(Exported { path, sidecar })
    }

    /// The sidecar with what is known without it: the session, the length and the hash.
    fn described(&mut self) -> Result<Sidecar, Error> {
        let mut sidecar = self.sidecar.clone().unwrap_or_default();
        sidecar.sha256 = Some(self.sha256()?);
        sidecar.size_bytes = self.size;
        sidecar.truncated = self.truncated;
        if let Some(session) = &self.session {
            let meta = session.meta().ok();
            sidecar.session_id.get_or_insert_with(|| session.id().to_owned());
            sidecar.title = sidecar.title.or_else(|| meta?.title);
        }
        if sidecar.truncation_cap_bytes == 0 {
            sidecar.truncation_cap_bytes = DEFAULT_CAP_BYTES;
        }
        if sidecar.format.is_empty() {
            sidecar.format = "format-patch".into();
        }
        Ok(sidecar)
    }

    fn copied_into(&mut self, dir: &Path) -> Result<NamedTempFile, Error> {
        let mut copy = atomic::temp_in(dir).map_err(Error::io("write to", dir))?;
        let copied = self.file.rewind().and_then(|()| io::copy(&mut self.file, copy.as_file_mut()));
        copied.and_then(|_| self.file.rewind()).map_err(Error::io("write", copy.path()))?;
        Ok(copy)
    }
}

impl Store {
    /// Takes a capture in, as a session of its own. It keeps the id that it names if no session here has it; if one has,
    /// and holds the same capture, that is all. Else it gets an id made of its hash, so that taking it in again finds it.
    /// Either the whole session appears, or nothing.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn import(&self, capture: &mut Capture) -> Result<Imported, Error> {
        let sidecar = capture.described()?;
        let (id, taken) = match self.place_for(&sidecar) {
            Place::Held(session) => return Ok(Imported { session, already_there: true, taken: None }),
            Place::Free { id, taken } => (id, taken),
        };
        self.create_sessions_dir()?;
        let sessions = self.sessions();
        let error = |source| Error::Io { action: "write to", path: sessions.clone(), source };
        let staging = tempfile::Builder::new().prefix(".glue-import-").tempdir_in(&sessions).map_err(error)?;
        atomic::make_private(staging.path()).map_err(error)?;
        fill(&Session::at(staging.path()), &meta_of(&id, &sidecar), capture, &sidecar)?;
        let dir = sessions.join(&id);
        if dir.symlink_metadata().is_ok() {
            return Err(Error::Exists { id });
        }
        atomic::rename(staging.path(), &dir).map_err(error)?;
        let _ = staging.keep();
        Ok(Imported { session: Session::at(dir), already_there: false, taken })
    }

    fn place_for(&self, sidecar: &Sidecar) -> Place {
        let hash: String = sidecar.sha256.iter().flat_map(|hash| hash.chars()).take(12).collect();
        let named = sidecar.session_id.as_deref().filter(|id| !id.is_empty());
        let wanted = named.map(dir_name).filter(|id| !id.starts_with('.'));
        let wanted = wanted.unwrap_or_else(|| format!("import-{hash}"));
        let other = format!("{wanted}-{hash}");
        for (id, taken) in [(&wanted, None), (&other, Some(&wanted))] {
            match self.session(id) {
                None => return Place::Free { id: id.clone(), taken: taken.cloned() },
                Some(session) if holds(&session, sidecar) => return Place::Held(session),
                Some(_) => {}
            }
        }
        Place::Free { id: new_id(), taken: Some(wanted) }
    }
}

enum Place {
    /// The capture is here already.
    Held(Session),
    /// The id that it gets, and the one that it names when another session has that.
    Free { id: String, taken: Option<String> },
}

/// Whether the session's capture is the one that the sidecar describes.
fn holds(session: &Session, sidecar: &Sidecar) -> bool {
    let hash = || -> Option<String> {
        let path = session.capture_file().filter(|file| file.size == sidecar.size_bytes)?.path;
        super::capture::hash(&mut File::open(path).ok()?).ok()
    };
    hash().is_some_and(|hash| sidecar.sha256.as_ref() == Some(&hash))
}

fn fill(session: &Session, meta: &Meta, capture: &mut Capture, sidecar: &Sidecar) -> Result<(), Error> {
    let path = session.path("meta.json");
    atomic::write(&path, &meta.to_json()).map_err(Error::io("write", path))?;
    let mbox = capture.copied_into(session.dir())?;
    session.save_capture(mbox, sidecar)?;
    if let Some(older) = &sidecar.older {
        session.mark_capture_older(&older.reason)?;
    }
    Ok(())
}

/// What the sidecar knows about the session. It is over as far as this store is concerned.
fn meta_of(id: &str, sidecar: &Sidecar) -> Meta {
    let minted = minted_at(id).and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let started = minted.or_else(|| sidecar.captured_at.parse().ok());
    let mut meta = Meta::new(id, sidecar.runtime_cwd.clone());
    meta.start_time = started.map(|time| format!("{time:.3}")).or(meta.start_time);
    meta.end_time = Some(now());
    meta.termination_status = Some("completed".into());
    meta.title = sidecar.title.clone();
    meta.runtime_id = Some(sidecar.runtime_id.clone()).filter(|id| !id.is_empty());
    meta.sandbox_id = sidecar.sandbox_id.clone();
    meta.runtime_bootstrap_sha = sidecar.bootstrap_sha.clone();
    meta.runtime_remote_url = sidecar.remote_url.clone();
    meta
}

fn place(file: NamedTempFile, path: &Path, overwrite: bool) -> Result<(), Error> {
    if overwrite {
        return atomic::replace_with(file, path).map_err(Error::io("write", path));
    }
    file.as_file().sync_all().map_err(Error::io("write", path))?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => Err(Error::InTheWay { path: path.to_owned() }),
        Err(e) => Err(Error::io("write", path)(e.error)),
    }
}
