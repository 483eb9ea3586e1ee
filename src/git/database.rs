//! A repository's object database as it is on disk, read through gix: packs, loose objects, alternates.
//!
//! It never looks for packs that came after it was opened, because every object that is not there would cost a walk through
//! the pack directory. Who misses something that must be there opens it anew ([`Database::reopen`]): a `git gc` of the
//! person's may have put it into another pack.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix::odb::pack::data::entry::Location;
use gix::odb::pack::{Find, cache};
use gix::odb::store::Handle;
use gix::odb::{Header as _, Store, store};

use super::{Error, Kind, ObjectId};

/// The open object directories of one repository, and of those that the environment adds.
pub(super) struct Database {
    /// How often it was opened; what was found before counts no more.
    times: u32,
    directories: Vec<PathBuf>,
    hash: gix::hash::Kind,
    handles: Vec<Handle<Arc<Store>>>,
}

/// An object as it was found.
pub(super) struct Found {
    pub kind: Kind,
    pub bytes: Vec<u8>,
    /// Where it lies, if in a pack.
    pub place: Option<Place>,
}

/// Where an object lies in a pack.
#[derive(Debug, Clone)]
pub(super) struct Place {
    times: u32,
    handle: usize,
    location: Location,
}

impl Database {
    /// Opens the object directory `objects`. Of `more` only what is there counts, as for git.
    pub(super) fn open(objects: &Path, more: &[PathBuf], hash: gix::hash::Kind) -> Result<Database, Error> {
        let mut directories = vec![objects.to_owned()];
        directories.extend(more.iter().filter(|path| path.is_dir()).cloned());
        let mut database = Database { times: 0, directories, hash, handles: Vec::new() };
        database.reopen()?;
        Ok(database)
    }

    /// Takes in what was packed since it was opened.
    pub(super) fn reopen(&mut self) -> Result<(), Error> {
        self.times += 1;
        let open = |path: &PathBuf| {
            let store =
                Store::at_opts(path.clone(), self.hash, &mut std::iter::empty(), store::init::Options::default());
            let mut handle = Arc::new(store.map_err(Error::io("cannot open the objects in", path))?).to_handle_arc();
            handle.refresh_never();
            handle.prevent_pack_unload();
            Ok(handle)
        };
        self.handles = self.directories.iter().map(open).collect::<Result<_, Error>>()?;
        Ok(())
    }

    /// The hash of the ids.
    pub(super) fn hash(&self) -> gix::hash::Kind {
        self.hash
    }

    /// Whether the object is there.
    pub(super) fn has(&self, id: &ObjectId) -> bool {
        self.handles.iter().any(|handle| handle.exists_without_refresh(id))
    }

    /// The object, if it is there.
    pub(super) fn find(&self, id: &ObjectId) -> Result<Option<Found>, Error> {
        for (handle, database) in self.handles.iter().enumerate() {
            let mut bytes = Vec::new();
            let found = database.try_find_cached(id, &mut bytes, &mut cache::Never);
            if let Some((object, location)) = found.map_err(|error| damaged(id, error))? {
                let kind = object.kind;
                let place = location.map(|location| Place { times: self.times, handle, location });
                return Ok(Some(Found { kind, bytes, place }));
            }
        }
        Ok(None)
    }

    /// Adds the ids that begin with `prefix`.
    pub(super) fn with_prefix(&self, prefix: gix::hash::Prefix, ids: &mut HashSet<ObjectId>) -> Result<(), Error> {
        for handle in &self.handles {
            let found = handle.lookup_prefix(prefix, Some(&mut *ids));
            found.map_err(|error| Error::Object { id: prefix.to_string(), reason: error.to_string() })?;
        }
        Ok(())
    }

    /// The bytes of the pack's entry at a place, header and all.
    pub(super) fn entry(&self, place: &Place) -> Option<Vec<u8>> {
        let handle = self.handles.get(place.handle).filter(|_| place.times == self.times)?;
        Some(handle.entry_by_location(&place.location)?.data)
    }

    /// Kind and size in bytes, without the content where that can be had.
    pub(super) fn header(&self, id: &ObjectId) -> Result<Option<(Kind, u64)>, Error> {
        for handle in &self.handles {
            if let Some(header) = handle.try_header(id).map_err(|error| damaged(id, error))? {
                return Ok(Some((header.kind(), header.size())));
            }
        }
        Ok(None)
    }
}

fn damaged(id: &ObjectId, error: impl std::fmt::Display) -> Error {
    Error::Object { id: id.to_string(), reason: error.to_string() }
}
