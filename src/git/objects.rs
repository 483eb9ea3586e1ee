//! Objects by id: what is new here first, then the repository's database.
//!
//! New objects are not visible to anybody else until they are published to the private git directory or kept in the
//! repository; when and where is [`Isolated`](super::Isolated)'s to say.

use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bstr::{BStr, ByteSlice};
use gix::hashtable::HashMap;

use super::blob_pack::{BlobPack, BlobPacker};
use super::database::{Database, Private};
use super::delta;
use super::new_objects::NewObjects;
use super::packs::Place;
use super::recent::{Bytes, Known, RecentObjects};
use super::settings::Settings;
use super::{Commit, Entries, Error, Kind, ObjectId, Repo, TreeItem};

/// The objects of a repository, and new ones in front of them. Clones share all of it.
#[derive(Clone)]
pub struct Objects {
    shared: Arc<Shared>,
}

struct Shared {
    hash: gix::hash::Kind,
    state: Mutex<State>,
}

struct State {
    repository: Database,
    /// The private git directory's objects, once a git ran there: it may have written some.
    private: Option<Private>,
    new: NewObjects,
    recent: RecentObjects,
    /// Kind and size in bytes of what new objects were made of and is not kept at hand: whoever looks at the old file asks
    /// for that.
    replaced: HashMap<ObjectId, (Kind, u64)>,
    /// How many bytes had to be deflated, or nearly so, because their base is a delta in its pack.
    deflated: u64,
}

/// An object that the new one is much like.
#[derive(Debug, Clone, Copy)]
pub struct Base<'a> {
    /// Its id.
    pub id: ObjectId,
    /// Which bytes of it were replaced by which bytes of the new object: ascending; between them both are the same.
    pub edits: &'a [(Range<usize>, Range<usize>)],
    /// Its size in bytes.
    pub base_len: usize,
}

/// How many bytes of what was read or made last are kept at hand.
const RECENT: usize = 32 << 20;

impl Objects {
    /// Opens the objects of a repository, and the object directories `more` beside them.
    pub(super) fn open(repo: &Repo, more: &[PathBuf]) -> Objects {
        let hash = repo.format.hash();
        // One that a ref was followed in just now knows the packs already.
        let known = repo.known.database.lock().ok().and_then(|mut known| known.take());
        let known = known.filter(|_| more.is_empty());
        let repository = known.unwrap_or_else(|| Database::open(&repo.objects, more, hash));
        let state = State {
            repository,
            private: None,
            new: NewObjects::of(repo),
            recent: RecentObjects::new(RECENT),
            replaced: HashMap::default(),
            deflated: 0,
        };
        Objects { shared: Arc::new(Shared { hash, state: Mutex::new(state) }) }
    }

    /// The hash of the ids.
    pub fn hash(&self) -> gix::hash::Kind {
        self.shared.hash
    }

    /// Whether the object is there.
    pub fn has(&self, id: &str) -> bool {
        parse(id).is_ok_and(|id| self.contains(&id))
    }

    /// Whether the object is there.
    pub fn contains(&self, id: &ObjectId) -> bool {
        let mut state = self.state();
        *id == ObjectId::empty_tree(self.shared.hash)
            || state.new.has(id)
            || state.repository.has(id)
            || state.private().is_some_and(|private| private.has(id))
    }

    /// An object's kind and bytes.
    pub fn read(&self, id: ObjectId) -> Result<(Kind, Bytes), Error> {
        let known = self.state().read(&id)?.ok_or_else(|| missing(&id.to_string(), "is missing"))?;
        Ok((known.kind, known.bytes))
    }

    /// An object's bytes, if it is of that kind.
    pub fn read_kind(&self, id: ObjectId, kind: Kind) -> Result<Bytes, Error> {
        match self.read(id)? {
            (is, bytes) if is == kind => Ok(bytes),
            (is, _) => Err(missing(&id.to_string(), format!("is a {is}, not a {kind}"))),
        }
    }

    /// The bytes of a blob.
    pub fn blob(&self, id: &str) -> Result<Vec<u8>, Error> {
        let bytes = self.read_kind(parse(id)?, Kind::Blob)?;
        Ok(Arc::try_unwrap(bytes).unwrap_or_else(|shared| shared.to_vec()))
    }

    /// The one blob whose id begins with these hex digits; `None` if there is none or more than one.
    pub fn find_blob(&self, abbreviated: &BStr) -> Result<Option<ObjectId>, Error> {
        let hex = abbreviated.to_str().unwrap_or_default();
        let prefix =
            gix::hash::Prefix::from_hex(hex).ok().filter(|prefix| prefix.hex_len() <= self.hash().len_in_hex());
        let Some(prefix) = prefix else { return Ok(None) };
        let mut state = self.state();
        let mut ids: HashSet<ObjectId> = state.new.ids().filter(|id| prefix.cmp_oid(id).is_eq()).copied().collect();
        state.repository.with_prefix(prefix, &mut ids)?;
        if let Some(private) = state.private() {
            private.with_prefix(prefix, &mut ids)?;
        }
        let mut blobs = Vec::new();
        for id in ids {
            blobs.extend(state.header(&id)?.filter(|(kind, _)| *kind == Kind::Blob).map(|_| id));
        }
        Ok(blobs.pop().filter(|_| blobs.is_empty()))
    }

    /// The size of an object in bytes, without reading its content where the database allows it.
    pub fn size(&self, id: &str) -> Result<u64, Error> {
        let found = self.state().size(&parse(id)?)?;
        found.ok_or_else(|| missing(id, "is missing"))
    }

    /// The id that these bytes have as a blob; nothing is written.
    pub fn blob_id(&self, bytes: &[u8]) -> Result<String, Error> {
        Ok(self.id_of(Kind::Blob, bytes)?.to_string())
    }

    /// The id that these bytes have as an object of that kind; nothing is written. Bytes that were made to collide with
    /// others are refused, as git refuses them.
    pub fn id_of(&self, kind: Kind, bytes: &[u8]) -> Result<ObjectId, Error> {
        let id = gix::objs::compute_hash(self.shared.hash, kind, bytes);
        id.map_err(|error| missing(&format!("new {kind}"), error))
    }

    /// What a tree says of a path below it; `None` when the path is not there.
    pub fn entry(&self, tree: &str, path: &BStr) -> Result<Option<TreeItem>, Error> {
        let mut folder = parse(tree)?;
        let mut names = path.split(|&byte| byte == b'/').peekable();
        while let Some(name) = names.next() {
            let bytes = self.read_kind(folder, Kind::Tree)?;
            let Some(entry) = Entries::of(&bytes, self.shared.hash).find_name(name.as_bstr(), folder)? else {
                return Ok(None);
            };
            match names.peek() {
                None => return Ok(Some(TreeItem { mode: entry.mode, id: entry.id.to_string() })),
                // Nothing is below a file, nor, in this repository, below a submodule.
                Some(_) if !entry.is_tree() => return Ok(None),
                Some(_) => folder = entry.id,
            }
        }
        Ok(None)
    }

    /// A pack of these blobs, none of them a delta. What an earlier one has is taken from there.
    pub fn pack(&self, ids: &[&str], before: Option<&BlobPack>) -> Result<BlobPack, Error> {
        let parts = before.map(BlobPack::parts).unwrap_or_default();
        let mut ids = ids.iter().map(|id| Ok((parse(id)?, *id))).collect::<Result<Vec<_>, Error>>()?;
        let mut state = self.state();
        ids.sort_by_cached_key(|(id, _)| state.repository.packed_at(id));
        let mut packer = BlobPacker::new();
        for (id, name) in ids {
            match parts.get(name) {
                Some(part) => packer.take(name, part),
                None => packer.push(&id, &state.read(&id)?.ok_or_else(|| missing(name, "is missing"))?)?,
            }
        }
        packer.finish(self.hash())
    }

    /// A commit's parts.
    pub fn commit(&self, id: &str) -> Result<Commit, Error> {
        let bytes = self.read_kind(parse(id)?, Kind::Commit)?;
        Commit::parse(&bytes).ok_or_else(|| missing(id, "is not a well-formed commit"))
    }

    /// The bytes of a commit's object.
    pub fn commit_object(&self, id: &str) -> Result<Vec<u8>, Error> {
        Ok(self.read_kind(parse(id)?, Kind::Commit)?.to_vec())
    }

    /// Adds a commit; its hex id.
    pub fn write_commit(&self, commit: &Commit) -> Result<String, Error> {
        Ok(self.add(Kind::Commit, commit.to_bytes(), None)?.to_string())
    }

    /// Adds the bytes of a commit's object; its hex id.
    pub fn write_commit_object(&self, object: &[u8]) -> Result<String, Error> {
        Ok(self.add(Kind::Commit, object.to_vec(), None)?.to_string())
    }

    /// Adds a blob; its hex id.
    pub fn write_blob(&self, bytes: &[u8]) -> Result<String, Error> {
        Ok(self.add(Kind::Blob, bytes.to_vec(), None)?.to_string())
    }

    /// Adds an object; its id. One that the repository has in a pack is not written again. With a `base` it costs no more than what
    /// differs from it.
    pub fn add(&self, kind: Kind, bytes: impl Into<Bytes>, base: Option<Base<'_>>) -> Result<ObjectId, Error> {
        let bytes = bytes.into();
        let id = self.id_of(kind, &bytes)?;
        self.add_as(id, kind, bytes, base)?;
        Ok(id)
    }

    /// As [`Objects::add`], for bytes whose id is known from [`Objects::id_of`].
    pub fn add_as(
        &self,
        id: ObjectId,
        kind: Kind,
        bytes: impl Into<Bytes>,
        base: Option<Base<'_>>,
    ) -> Result<(), Error> {
        self.state().add(id, kind, bytes.into(), base)
    }

    /// Makes everything that is new visible in the private git directory with these objects, and sees from now on what git
    /// writes there.
    pub(super) fn publish(&self, private: &Path) -> Result<(), Error> {
        let mut state = self.state();
        state.new.publish(private)?;
        match &mut state.private {
            Some(known) if known.is_in(private) => known.reopen(),
            other => *other = Some(Private::of(private)),
        }
        Ok(())
    }

    /// Makes everything that is new visible in the repository.
    pub(super) fn keep(&self) -> Result<(), Error> {
        self.state().new.keep()
    }

    /// Nothing of what is added from now on will be kept: nothing is written while memory lasts.
    pub(super) fn keep_nothing(&self) {
        self.state().new.keep_nothing();
    }

    /// How the repository wants its object files written.
    pub(super) fn settings(&self) -> Result<Settings, Error> {
        self.state().new.settings()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What a thread that panicked left is whole: each change of it is made in one step.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn read(&mut self, id: &ObjectId) -> Result<Option<Known>, Error> {
        if let Some(known) = self.recent.get(id) {
            return Ok(Some(known));
        }
        if *id == ObjectId::empty_tree(id.kind()) {
            // It is there for git, whether or not somebody wrote it.
            return Ok(Some(Known { kind: Kind::Tree, bytes: Bytes::default(), place: None }));
        }
        let known = match self.new.read(id, &mut self.recent, &self.repository)? {
            Some((kind, bytes)) => Some(Known { kind, bytes, place: None }),
            None => self.find(|database| database.find(id))?,
        };
        if let Some(known) = &known {
            self.recent.put(*id, known.clone());
        }
        Ok(known)
    }

    fn add(&mut self, id: ObjectId, kind: Kind, bytes: Bytes, base: Option<Base<'_>>) -> Result<(), Error> {
        // Nearly all of them are new. To look for an object file of each costs more than to write one twice; in a look ahead,
        // to look for one of which little more than a delta is kept.
        let is_small = self.new.is_dry() && base.is_some();
        if self.new.has(&id) || self.new.has_taken(&id) || !is_small && self.repository.has_packed(&id) {
            return Ok(());
        }
        self.recent.put(id, Known { kind, bytes: bytes.clone(), place: None });
        let delta = match base {
            Some(base) => self.delta(kind, &bytes, &base)?,
            None => None,
        };
        if let Some(base) = base {
            // It goes on from the new one.
            self.recent.remove(&base.id);
            if !self.new.has(&base.id) {
                self.replaced.insert(base.id, (kind, base.base_len as u64));
            }
        }
        self.new.add(id, kind, bytes, delta)
    }

    /// The object as a delta of its base, if that can be had without deflating the base.
    fn delta(&mut self, kind: Kind, bytes: &[u8], base: &Base<'_>) -> Result<Option<(u32, Vec<u8>)>, Error> {
        let Ok(number) = self.new.base(&base.id) else { return Ok(None) };
        let Some(known) = self.read(&base.id)?.filter(|known| known.kind == kind && known.bytes.len() == base.base_len)
        else {
            return Ok(None);
        };
        let Some(delta) = delta::encode(&known.bytes, bytes, base.edits) else { return Ok(None) };
        let number = match (number, &known.place) {
            (Some(number), _) => Some(number),
            (None, Some(place)) => self.take(base.id, kind, place, bytes.len())?,
            (None, None) => None,
        };
        Ok(number.map(|number| (number, delta)))
    }

    /// Takes an object of the repository over as it lies in a pack, if that costs less than to deflate `size` bytes.
    fn take(&mut self, id: ObjectId, kind: Kind, place: &Place, size: usize) -> Result<Option<u32>, Error> {
        if self.new.is_packing() {
            self.deflated += size as u64;
        }
        match place.chain(id, self.deflated) {
            Some(chain) => self.new.take(kind, chain, size as u64 / 2),
            None => Ok(None),
        }
    }

    fn header(&mut self, id: &ObjectId) -> Result<Option<(Kind, u64)>, Error> {
        if let Some(found) = self.new.header(id) {
            return Ok(Some(found));
        }
        if let Some(known) = self.recent.get(id) {
            return Ok(Some((known.kind, known.bytes.len() as u64)));
        }
        if let Some(found) = self.replaced.get(id) {
            return Ok(Some(*found));
        }
        self.find(|database| database.header(id))
    }

    fn size(&mut self, id: &ObjectId) -> Result<Option<u64>, Error> {
        match self.repository.packed_size(id) {
            Some(size) => Ok(Some(size)),
            None => Ok(self.header(id)?.map(|(_, size)| size)),
        }
    }

    /// Asks the databases, the repository's once more when it may have been packed anew meanwhile.
    fn find<T>(&mut self, ask: impl Fn(&Database) -> Result<Option<T>, Error>) -> Result<Option<T>, Error> {
        if let Some(found) = ask(&self.repository)? {
            return Ok(Some(found));
        }
        if let Some(private) = self.private()
            && let Some(found) = ask(private)?
        {
            return Ok(Some(found));
        }
        self.repository.reopen();
        if let Some(private) = &mut self.private {
            private.reopen();
        }
        match ask(&self.repository)? {
            Some(found) => Ok(Some(found)),
            None => self.private().map_or(Ok(None), ask),
        }
    }

    /// The private git directory's database, if a git was started there.
    fn private(&mut self) -> Option<&Database> {
        Some(self.private.as_mut()?.database(self.repository.hash()))
    }
}

/// An id from its hex form.
pub(super) fn parse(id: &str) -> Result<ObjectId, Error> {
    ObjectId::from_hex(id.as_bytes()).map_err(|error| missing(id, error))
}

pub(super) fn missing(id: &str, reason: impl std::fmt::Display) -> Error {
    Error::Object { id: id.to_owned(), reason: reason.to_string() }
}
