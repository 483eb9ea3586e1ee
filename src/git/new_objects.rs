//! Objects that are made here and nowhere yet.

use std::path::Path;

use gix::hashtable::HashMap;
use gix::zlib::Compression;

use super::recent::Bytes;
use super::{Base, Error, Kind, ObjectId, loose};

/// New objects, in memory until they are written.
#[derive(Default)]
pub(super) struct NewObjects {
    waiting: HashMap<ObjectId, (Kind, Bytes)>,
}

impl NewObjects {
    pub(super) fn has(&self, id: &ObjectId) -> bool {
        self.waiting.contains_key(id)
    }

    /// The ids of all of them.
    pub(super) fn ids(&self) -> impl Iterator<Item = &ObjectId> {
        self.waiting.keys()
    }

    pub(super) fn read(&self, id: &ObjectId) -> Result<Option<(Kind, Bytes)>, Error> {
        Ok(self.waiting.get(id).cloned())
    }

    pub(super) fn header(&self, id: &ObjectId) -> Option<(Kind, u64)> {
        self.waiting.get(id).map(|(kind, bytes)| (*kind, bytes.len() as u64))
    }

    pub(super) fn add(&mut self, id: ObjectId, kind: Kind, bytes: Bytes, _: Option<Base<'_>>) -> Result<(), Error> {
        self.waiting.insert(id, (kind, bytes));
        Ok(())
    }

    /// Writes all of them below an object directory.
    pub(super) fn write_to(&mut self, objects: &Path) -> Result<(), Error> {
        let mut writer = loose::Writer::new(Compression::BEST_SPEED);
        for (id, (kind, bytes)) in &self.waiting {
            writer.write(objects, id, *kind, bytes)?;
        }
        self.waiting.clear();
        Ok(())
    }
}
