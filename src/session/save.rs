//! Saving a capture in its session, and saying of an older one that it is older.
//!
//! Mbox and sidecar are two files, and a crash can come between them. The new sidecar is therefore written first, under
//! a name that counts only when its hash is the mbox's; then the mbox is replaced, then the sidecar takes its proper
//! name. At every moment the directory holds either the old capture with its sidecar or the new one with its own. Two
//! saves at the same time wait for each other.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::capture::{check, hash};
use super::capture_files::{
    BUNDLE, NAMES, PENDING, PENDING_BUNDLE, PREVIOUS, SIDECAR, TRUNCATED, WHOLE, sidecar_paths, with_ending,
};
use super::store::{open_regular, read_small};
use super::{Error, Older, Session, Sidecar, atomic, now};

impl Session {
    /// An empty temporary file (0600) in the session's directory, to write a capture to. Gone when dropped.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn temp_file(&self) -> Result<NamedTempFile, Error> {
        atomic::temp_in(self.dir()).map_err(Error::io("write to", self.dir()))
    }

    /// Makes `mbox` the capture of this session, and `sidecar` its sidecar, with the length and, unless it is there,
    /// the hash of the file filled in. `sidecar.truncated` decides which name it gets. A capture of the other kind
    /// goes: a truncated one is removed, a whole one set aside. Returns where the mbox is now.
    ///
    /// # Errors
    /// When something cannot be written; the older capture is in place then.
    pub fn save_capture(&self, mbox: NamedTempFile, sidecar: &Sidecar) -> Result<PathBuf, Error> {
        self.save_with_bundle(mbox, None, sidecar)
    }

    /// As [`Session::save_capture`], with the bundle that the sidecar names. One of an older capture goes.
    ///
    /// # Errors
    /// As [`Session::save_capture`].
    pub fn save_with_bundle(
        &self,
        mbox: NamedTempFile,
        bundle: Option<NamedTempFile>,
        sidecar: &Sidecar,
    ) -> Result<PathBuf, Error> {
        let mut mbox = self.in_our_directory(mbox)?;
        let bundle = bundle.map(|bundle| self.in_our_directory(bundle)).transpose()?;
        let mut sidecar = sidecar.clone();
        (sidecar.older, sidecar.applied_at) = (None, None);
        let read = |e| Error::io("read", self.dir())(e);
        sidecar.size_bytes = mbox.as_file().metadata().map_err(read)?.len();
        if sidecar.sha256.is_none() {
            sidecar.sha256 = Some(hash(mbox.as_file_mut()).map_err(read)?);
        }
        let target = self.path(if sidecar.truncated { TRUNCATED } else { WHOLE });
        atomic::exclusively(self.dir(), || {
            atomic::sweep(self.dir());
            self.settle();
            atomic::write(&self.path(PENDING), &sidecar.to_json())?;
            let has_bundle = bundle.is_some();
            bundle.map_or(Ok(()), |bundle| atomic::replace_with(bundle, &self.path(PENDING_BUNDLE)))?;
            atomic::replace_with(mbox, &target)?;
            if sidecar.truncated {
                self.set_aside(WHOLE, Some(SIDECAR))?;
            } else {
                atomic::remove(&self.path(TRUNCATED))?;
            }
            if has_bundle {
                atomic::rename(&self.path(PENDING_BUNDLE), &self.path(BUNDLE))?;
            } else if sidecar.bundle.is_none() {
                atomic::remove(&self.path(BUNDLE))?;
            }
            atomic::rename(&self.path(PENDING), &self.path(SIDECAR))
        })
        .map_err(Error::io("write", &target))?;
        Ok(target)
    }

    /// Copies the capture that is there to `<name>.previous`, with its sidecar, before another one replaces it.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub(super) fn keep_capture(&self) -> Result<(), Error> {
        let kept = atomic::exclusively(self.dir(), || -> io::Result<()> {
            self.settle();
            let own = self.capture_file().map(|file| file.path).filter(|path| path.parent() == Some(self.dir()));
            let Some(name) = own.as_deref().and_then(|path| path.file_name()?.to_str()) else { return Ok(()) };
            let aside = self.path(&format!("{name}{PREVIOUS}"));
            let its_sidecar = with_ending(&aside, ".meta.json");
            copied(&self.path(name), &aside)?;
            if self.path(BUNDLE).is_file() {
                copied(&self.path(BUNDLE), &self.path(&format!("{BUNDLE}{PREVIOUS}")))?;
            }
            match self.sidecar_name(name).map(|sidecar| self.path(sidecar)).filter(|path| path.is_file()) {
                Some(sidecar) => copied(&sidecar, &its_sidecar),
                None => atomic::remove(&its_sidecar),
            }
        });
        kept.map_err(Error::io("keep the capture in", self.dir()))
    }

    /// The work tree has no changes any more: moves a capture that is there to `<name>.previous`, with its sidecar, so
    /// that it cannot be taken for today's. Whether there was one.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub fn set_aside_capture(&self) -> Result<bool, Error> {
        let was_there = atomic::exclusively(self.dir(), || -> io::Result<bool> {
            self.settle();
            let current = self.capture_file().and_then(|file| Some(file.path.file_name()?.to_owned()));
            let mut was_there = false;
            for name in NAMES {
                let sidecar = self.sidecar_name(name).filter(|_| current.as_deref().is_some_and(|c| c == name));
                was_there |= self.set_aside(name, sidecar)?;
            }
            Ok(was_there)
        })
        .map_err(Error::io("move the capture in", self.dir()))?;
        if self.meta().is_ok_and(|meta| meta.runtime_patch_path.is_some()) {
            // A path that leads nowhere makes Glue stumble. A meta.json that cannot be written is no reason to fail.
            let _ = self.update_meta(|meta| meta.runtime_patch_path = None);
        }
        Ok(was_there)
    }

    /// A capture was tried and could not be made, for `reason`: the one that is there stays, and says from now on that
    /// it is older. Whether there was one.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn mark_capture_older(&self, reason: &str) -> Result<bool, Error> {
        atomic::exclusively(self.dir(), || -> io::Result<bool> {
            self.settle();
            let Some(file) = self.capture_file() else { return Ok(false) };
            let name = file.path.file_name().and_then(|name| self.sidecar_name(name.to_str()?));
            let Some(path) = name.map(|name| self.path(name)) else { return Ok(true) };
            let found = read_small(&path).ok().and_then(|json| Sidecar::parse(&json).ok());
            let mut sidecar = found.unwrap_or_else(|| Sidecar {
                format: if file.path.ends_with(WHOLE) { "format-patch".into() } else { "diff".into() },
                size_bytes: file.size,
                truncated: file.truncated,
                ..Sidecar::default()
            });
            let since = sidecar.older.take().map(|older| older.since);
            let now = Older::now(reason);
            sidecar.older = Some(Older { since: since.unwrap_or(now.since), reason: now.reason });
            atomic::write(&path, &sidecar.to_json())?;
            Ok(true)
        })
        .map_err(Error::io("write", self.path(SIDECAR)))
    }

    /// Notes in the sidecar that its capture was applied, if it is still the one that `applied` is of; with none, that
    /// it is not applied any more.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn mark_applied(&self, applied: Option<&Sidecar>) -> Result<(), Error> {
        atomic::exclusively(self.dir(), || -> io::Result<()> {
            let file = self.capture_file();
            let name = file.as_ref().and_then(|file| self.sidecar_name(file.path.file_name()?.to_str()?));
            let Some(path) = name.map(|name| self.path(name)) else { return Ok(()) };
            let Some(mut sidecar) = read_small(&path).ok().and_then(|json| Sidecar::parse(&json).ok()) else {
                return Ok(());
            };
            let before = sidecar.applied_at.take();
            let is_it = |applied: &Sidecar| Sidecar { applied_at: None, ..applied.clone() } == sidecar;
            let applied_at = applied.filter(|applied| is_it(applied)).map(|_| now());
            if applied_at.is_none() && (before.is_none() || applied.is_some()) {
                return Ok(());
            }
            sidecar.applied_at = applied_at;
            atomic::write(&path, &sidecar.to_json())
        })
        .map_err(Error::io("write", self.path(SIDECAR)))
    }

    /// Finishes, or forgets, a save that a crash interrupted.
    fn settle(&self) {
        let (pending, bundle) = (self.path(PENDING), self.path(PENDING_BUNDLE));
        let Ok(json) = read_small(&pending) else {
            let _ = atomic::remove(&bundle);
            return;
        };
        let belongs = |sidecar: &Sidecar| {
            let name = if sidecar.truncated { TRUNCATED } else { WHOLE };
            let mut file = File::open(self.path(name)).ok()?;
            let size = file.metadata().ok()?.len();
            Some(check(sidecar, &mut file, size).ok()?.is_none())
        };
        if Sidecar::parse(&json).ok().is_some_and(|sidecar| belongs(&sidecar) == Some(true)) {
            let _ = moved(&bundle, &self.path(BUNDLE));
            let _ = atomic::rename(&pending, &self.path(SIDECAR));
        } else {
            let _ = atomic::remove(&bundle);
            let _ = atomic::remove(&pending);
        }
    }

    /// The mbox goes first: from then on there is no capture.
    fn set_aside(&self, name: &str, sidecar: Option<&str>) -> io::Result<bool> {
        let aside = self.path(&format!("{name}{PREVIOUS}"));
        if !moved(&self.path(name), &aside)? {
            return Ok(false);
        }
        let its_sidecar = with_ending(&aside, ".meta.json");
        if !sidecar.map_or(Ok(false), |sidecar| moved(&self.path(sidecar), &its_sidecar))? {
            atomic::remove(&its_sidecar)?;
        }
        if name == WHOLE {
            let its_bundle = self.path(&format!("{BUNDLE}{PREVIOUS}"));
            if !moved(&self.path(BUNDLE), &its_bundle)? {
                atomic::remove(&its_bundle)?;
            }
        }
        Ok(true)
    }

    /// `None` for a file that is not the session's own.
    fn sidecar_name(&self, capture: &str) -> Option<&'static str> {
        match capture {
            WHOLE | TRUNCATED => Some(SIDECAR),
            "runtime.patch" | "runtime.patch.truncated" => Some("runtime.patch.meta.json"),
            _ => None,
        }
    }

    /// Only a file of the same directory can be renamed for certain.
    fn in_our_directory(&self, mbox: NamedTempFile) -> Result<NamedTempFile, Error> {
        if mbox.path().parent() == Some(self.dir()) {
            return Ok(mbox);
        }
        let mut copy = self.temp_file()?;
        let mut original = File::open(mbox.path()).map_err(Error::io("read", mbox.path()))?;
        io::copy(&mut original, copy.as_file_mut()).map_err(Error::io("write", copy.path()))?;
        Ok(copy)
    }
}

/// Notes in the sidecar of the capture at `path` whether it was proved where it was made.
///
/// # Errors
/// When there is no sidecar, or it cannot be written.
pub fn mark_verified(path: &Path, verified: bool) -> Result<(), Error> {
    atomic::exclusively(atomic::parent(path), || {
        let mut beside = sidecar_paths(path).into_iter().filter(|sidecar| sidecar.is_file());
        let sidecar = beside.next().ok_or_else(|| Error::io("read", path)(io::ErrorKind::NotFound.into()))?;
        let json = read_small(&sidecar).map_err(Error::io("read", &sidecar))?;
        let invalid = |reason| Error::io("read", &sidecar)(io::Error::new(io::ErrorKind::InvalidData, reason));
        let mut parsed = Sidecar::parse(&json).map_err(invalid)?;
        parsed.verified = Some(verified);
        atomic::write(&sidecar, &parsed.to_json()).map_err(Error::io("write", &sidecar))
    })
}

/// The copy appears whole, or not at all.
fn copied(from: &Path, to: &Path) -> io::Result<()> {
    let mut copy = atomic::temp_in(atomic::parent(to))?;
    io::copy(&mut open_regular(from)?, copy.as_file_mut())?;
    atomic::replace_with(copy, to)
}

/// Whether there was something to move.
fn moved(from: &Path, to: &Path) -> io::Result<bool> {
    if !fs::exists(from)? {
        return Ok(false);
    }
    atomic::rename(from, to).map(|()| true)
}
