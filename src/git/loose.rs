//! Loose objects: one deflated file for each, under its id.

use std::io::Write;
use std::path::Path;

use super::deflate::Deflater;
use super::object_files;
use super::objects::missing;
use super::settings::Settings;
use super::{Error, Kind, ObjectId};

/// Writes objects one after another into an object directory, with one deflate state for all.
pub(super) struct Writer<'a> {
    objects: &'a Path,
    settings: &'a Settings,
    sync: bool,
    deflater: Deflater,
    buffer: Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Writes below `objects`, each file to the disk where `sync`.
    pub(super) fn new(objects: &'a Path, settings: &'a Settings, sync: bool) -> Writer<'a> {
        Writer { objects, settings, sync, deflater: Deflater::new(settings.loose_compression), buffer: Vec::new() }
    }

    /// Writes one object. A file of that name that is there already stays: its name is its content.
    pub(super) fn write(&mut self, id: &ObjectId, kind: Kind, bytes: &[u8]) -> Result<(), Error> {
        let hex = id.to_string();
        let folder = self.objects.join(&hex[..2]);
        let file = folder.join(&hex[2..]);
        if file.exists() {
            return Ok(());
        }
        object_files::make_folder(&folder, self.settings)?;
        let header = gix::objs::encode::loose_header(kind, bytes.len() as u64);
        self.buffer.clear();
        let deflated = self.deflater.deflate(&[&header, bytes], &mut self.buffer);
        deflated.map_err(|error| missing(&hex, error))?;
        let mut temporary = object_files::temporary(&folder, "tmp_obj_")?;
        temporary.write_all(&self.buffer).map_err(Error::io("cannot write", &file))?;
        object_files::place(temporary, &file, self.settings, self.sync)
    }
}
