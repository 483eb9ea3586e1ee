//! A capture on its way out of the store: as a pair of files. The way in is [`super::import`].

use std::fs::{self, File};
use std::io::{self, Seek};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::capture_files::with_ending;
use super::{BUNDLE_ENDING, Capture, DEFAULT_CAP_BYTES, Error, Sidecar, atomic, dir_name};

/// Where a capture was written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The mbox.
    pub path: PathBuf,
    /// Its sidecar.
    pub sidecar: PathBuf,
    /// Its bundle, if it has one and that is there.
    pub bundle: Option<PathBuf>,
}

impl Capture {
    /// Copies the mbox to `to`, its bundle, if that is there, to `<to>.bundle`, and its sidecar to `<to>.meta.json`, with length and hash filled in, so that whoever
    /// gets the pair can check it. `to` may be a directory: then the file is `<id>.mbox` in it, or `<id>.mbox.truncated`.
    ///
    /// # Errors
    /// [`Error::InTheWay`] unless `overwrite`; when something cannot be written. No file of ours is left behind then.
    pub fn export(&mut self, to: &Path, overwrite: bool) -> Result<Exported, Error> {
        let name = format!("{}.mbox{}", dir_name(&self.id), if self.truncated { ".truncated" } else { "" });
        let path = if to.is_dir() { to.join(name) } else { to.to_owned() };
        let sidecar = with_ending(&path, ".meta.json");
        let mut bundle = self.bundle().ok().flatten().map(|file| (file, with_ending(&path, BUNDLE_ENDING)));
        let written = [Some(&path), Some(&sidecar), bundle.as_ref().map(|(_, path)| path)];
        let in_the_way = written.into_iter().flatten().find(|path| path.symlink_metadata().is_ok());
        if let (Some(path), false) = (in_the_way, overwrite) {
            return Err(Error::InTheWay { path: path.clone() });
        }
        let json = self.described()?.to_json();
        let mbox_file = self.copied_into(atomic::parent(&path))?;
        let mut sidecar_file = atomic::temp_in(atomic::parent(&path)).map_err(Error::io("write", &sidecar))?;
        io::Write::write_all(&mut sidecar_file, &json).map_err(Error::io("write", &sidecar))?;
        if let Some((file, path)) = &mut bundle {
            place(copy_of(file, atomic::parent(path))?, path, overwrite)?;
        }
        let bundle = bundle.map(|(_, path)| path);
        let take_back = |paths: &[Option<&PathBuf>]| {
            let made = paths.iter().flatten().filter(|_| !overwrite);
            made.for_each(|path| drop(fs::remove_file(path)));
        };
        place(sidecar_file, &sidecar, overwrite).inspect_err(|_| take_back(&[bundle.as_ref()]))?;
        place(mbox_file, &path, overwrite).inspect_err(|_| take_back(&[bundle.as_ref(), Some(&sidecar)]))?;
        Ok(Exported { path, sidecar, bundle })
    }

    /// The sidecar with what is known without it: the session, the length and the hash.
    pub(super) fn described(&mut self) -> Result<Sidecar, Error> {
        let mut sidecar = self.sidecar.clone().unwrap_or_default();
        sidecar.sha256 = Some(self.sha256()?);
        sidecar.size_bytes = self.size;
        sidecar.truncated = self.truncated;
        sidecar.applied_at = None;
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

    pub(super) fn copied_into(&mut self, dir: &Path) -> Result<NamedTempFile, Error> {
        copy_of(&mut self.file, dir)
    }
}

/// A copy of all of a file, which is left at its start.
pub(super) fn copy_of(file: &mut File, dir: &Path) -> Result<NamedTempFile, Error> {
    let mut copy = atomic::temp_in(dir).map_err(Error::io("write to", dir))?;
    let copied = file.rewind().and_then(|()| io::copy(file, copy.as_file_mut()));
    copied.and_then(|_| file.rewind()).map_err(Error::io("write", copy.path()))?;
    Ok(copy)
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
