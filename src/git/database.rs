//! A repository's object database as it is on disk, read through gix: packs, loose objects, alternates.
//!
//! It never looks for packs that came after it was opened, because every object that is not there would cost a walk through
//! the pack directory. Who misses something that must be there opens it anew ([`Database::reopen`]): a `git gc` of the
//! person's may have put it into another pack.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix::odb::pack::{Find, cache};
use gix::odb::store::Handle;
use gix::odb::{Header as _, Store, store};

use super::packs::Packs;
use super::recent::Known;
use super::{Error, Kind, ObjectId};

/// The open object directories of one repository, and of those that the environment adds.
pub(super) struct Database {
    directories: Vec<PathBuf>,
    hash: gix::hash::Kind,
    /// What reads them, once something was asked for that is in none of `packs`.
    handles: OnceCell<Vec<Handle<Arc<Store>>>>,
    /// The packs of the first directory, once something was asked for.
    packs: OnceCell<Packs>,
    /// Which folders of object files the first directory has, as it was when this was first asked.
    folders: OnceCell<[bool; 256]>,
}

/// Where a git writes its objects.
pub(super) struct Private {
    objects: PathBuf,
    open: Option<Database>,
}

impl Private {
    /// The object directory `objects`, in which nothing is looked for yet.
    pub(super) fn of(objects: &Path) -> Private {
        Private { objects: objects.to_owned(), open: None }
    }

    /// Whether it is that object directory.
    pub(super) fn is_in(&self, objects: &Path) -> bool {
        self.objects == objects
    }

    /// What is there.
    pub(super) fn database(&mut self, hash: gix::hash::Kind) -> &Database {
        self.open.get_or_insert_with(|| Database::open(&self.objects, &[], hash))
    }

    /// Takes in what a git has written since.
    pub(super) fn reopen(&mut self) {
        self.open.iter_mut().for_each(Database::reopen);
    }
}

impl Database {
    /// The object directory `objects`. Of `more` only what is there counts, as for git.
    pub(super) fn open(objects: &Path, more: &[PathBuf], hash: gix::hash::Kind) -> Database {
        let mut directories = vec![objects.to_owned()];
        directories.extend(more.iter().filter(|path| path.is_dir()).cloned());
        Database { directories, hash, handles: OnceCell::new(), packs: OnceCell::new(), folders: OnceCell::new() }
    }

    /// Takes in what was packed since it was opened.
    pub(super) fn reopen(&mut self) {
        (self.handles, self.folders) = (OnceCell::new(), OnceCell::new());
        let packs = self.packs.take().map(|before| Packs::open(&self.directories[0], self.hash, Some(&before)));
        self.packs = packs.map_or_else(OnceCell::new, OnceCell::from);
    }

    fn handles(&self) -> Result<&[Handle<Arc<Store>>], Error> {
        if let Some(handles) = self.handles.get() {
            return Ok(handles);
        }
        let open = |path: &PathBuf| {
            let store =
                Store::at_opts(path.clone(), self.hash, &mut std::iter::empty(), store::init::Options::default());
            let mut handle = Arc::new(store.map_err(Error::io("cannot open the objects in", path))?).to_handle_arc();
            handle.refresh_never();
            handle.prevent_pack_unload();
            Ok(handle)
        };
        let handles = self.directories.iter().map(open).collect::<Result<_, Error>>()?;
        Ok(self.handles.get_or_init(|| handles))
    }

    /// The hash of the ids.
    pub(super) fn hash(&self) -> gix::hash::Kind {
        self.hash
    }

    /// Whether the object is there.
    pub(super) fn has(&self, id: &ObjectId) -> bool {
        let is_elsewhere = || {
            let first = usize::from(!self.may_be_loose(id));
            let has = |handle: &Handle<_>| handle.exists_without_refresh(id);
            first < self.directories.len() && self.handles().is_ok_and(|handles| handles[first..].iter().any(has))
        };
        self.packs().has(id) || is_elsewhere()
    }

    /// Whether the object is in a pack.
    pub(super) fn has_packed(&self, id: &ObjectId) -> bool {
        self.packs().has(id)
    }

    /// Which pack the object is in and where, as numbers: whoever reads many does so in their order, since what an object is a
    /// delta of lies near.
    pub(super) fn packed_at(&self, id: &ObjectId) -> Option<(usize, u64)> {
        self.packs().place(id)
    }

    /// The size in bytes of an object that is in a pack, without a look at what it is a delta of.
    pub(super) fn packed_size(&self, id: &ObjectId) -> Option<u64> {
        self.packs().size(id)
    }

    /// Whether there may be an object file of this id, or more object directories than the ones that are listed here. Nearly
    /// all that is asked for is new, and few of the folders are there after a `git gc`.
    fn may_be_loose(&self, id: &ObjectId) -> bool {
        let folders = self.folders.get_or_init(|| {
            let mut folders = [false; 256];
            for folder in std::fs::read_dir(&self.directories[0]).into_iter().flatten().flatten() {
                let name = folder.file_name();
                let number = name.to_str().filter(|name| name.len() == 2).map(|name| u8::from_str_radix(name, 16));
                if let Some(Ok(number)) = number {
                    folders[usize::from(number)] = true;
                }
            }
            if self.directories[0].join("info/alternates").exists() { [true; 256] } else { folders }
        });
        folders[usize::from(id.first_byte())]
    }

    /// The object, if it is there.
    pub(super) fn find(&self, id: &ObjectId) -> Result<Option<Known>, Error> {
        if let Some(known) = self.packs().find(id) {
            return Ok(Some(known));
        }
        for handle in self.handles()? {
            let mut bytes = Vec::new();
            let found = handle.try_find_cached(id, &mut bytes, &mut cache::Never);
            if let Some((object, _)) = found.map_err(|error| damaged(id, error))? {
                let kind = object.kind;
                // What it took to make it is no longer needed.
                bytes.shrink_to_fit();
                return Ok(Some(Known { kind, bytes: Arc::new(bytes), place: None }));
            }
        }
        Ok(None)
    }

    /// Adds the ids that begin with `prefix`.
    pub(super) fn with_prefix(&self, prefix: gix::hash::Prefix, ids: &mut HashSet<ObjectId>) -> Result<(), Error> {
        for handle in self.handles()? {
            let found = handle.lookup_prefix(prefix, Some(&mut *ids));
            found.map_err(|error| Error::Object { id: prefix.to_string(), reason: error.to_string() })?;
        }
        Ok(())
    }

    fn packs(&self) -> &Packs {
        self.packs.get_or_init(|| Packs::open(&self.directories[0], self.hash, None))
    }

    /// Kind and size in bytes, without the content where that can be had.
    pub(super) fn header(&self, id: &ObjectId) -> Result<Option<(Kind, u64)>, Error> {
        for handle in self.handles()? {
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
