//! Loose objects: one deflated file for each, under its id.

use std::io::Write;
use std::path::Path;

use gix::zlib::Compression;

use super::deflate::Deflater;
use super::objects::missing;
use super::{Error, Kind, ObjectId};

/// Writes objects one after another into an object directory, with one deflate state for all.
pub(super) struct Writer {
    deflater: Deflater,
    buffer: Vec<u8>,
}

impl Writer {
    pub(super) fn new(level: Compression) -> Writer {
        Writer { deflater: Deflater::new(level), buffer: Vec::new() }
    }

    /// Writes one object below `objects`. A file of that name that is there already stays: its name is its content.
    pub(super) fn write(&mut self, objects: &Path, id: &ObjectId, kind: Kind, bytes: &[u8]) -> Result<(), Error> {
        let hex = id.to_string();
        let folder = objects.join(&hex[..2]);
        let file = folder.join(&hex[2..]);
        if file.exists() {
            return Ok(());
        }
        std::fs::create_dir_all(&folder).map_err(Error::io("cannot make", &folder))?;
        let header = gix::objs::encode::loose_header(kind, bytes.len() as u64);
        self.buffer.clear();
        let deflated = self.deflater.deflate(&[&header, bytes], &mut self.buffer);
        deflated.map_err(|error| missing(&hex, error))?;
        let mut temporary = temporary_file(&folder, "tmp_obj_")?;
        temporary.write_all(&self.buffer).map_err(Error::io("cannot write", &file))?;
        match temporary.persist_noclobber(&file) {
            Err(error) if error.error.kind() != std::io::ErrorKind::AlreadyExists => {
                Err(Error::io("cannot write", file)(error.error))
            }
            _ => Ok(()),
        }
    }
}

/// A new file in a folder of an object directory, gone when dropped, named so that `git gc` takes it away after a crash.
pub(super) fn temporary_file(folder: &Path, prefix: &str) -> Result<tempfile::NamedTempFile, Error> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o444));
    builder.tempfile_in(folder).map_err(Error::io("cannot write in", folder))
}
