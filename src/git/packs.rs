//! The packs of one object directory, read so that no object on the way to a delta is made twice.
//!
//! gix keeps none of the objects that it goes through on the way to the one that is asked for. In a pack of long chains that is
//! nearly all of the work: whoever changes many files of a repository comes through the same objects again and again. What
//! is unusual (an index that spans packs, bases in other packs, damage) is left to gix, which says what is wrong.

use std::cell::{Cell, RefCell};
use std::ffi::OsStr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use gix::odb::pack::data::{Entry, entry::Header};
use gix::odb::pack::index;

use super::pack_file::PackFile;
use super::recent::{Known, Recent};
use super::{Error, ObjectId, delta, objects::missing};

/// The packs of one object directory.
pub(super) struct Packs {
    packs: Vec<Arc<Pack>>,
    /// Which one had what was looked for last.
    last: Cell<usize>,
    /// What was made last, by pack and offset.
    recent: RefCell<Recent<(usize, u64)>>,
}

struct Pack {
    index: index::File,
    path: PathBuf,
    hash: gix::hash::Kind,
    /// Opened when something in it is asked for.
    file: OnceLock<Option<PackFile>>,
    /// Where each object begins and its number in the index, in the order in which they lie there.
    order: OnceLock<Vec<(u64, u32)>>,
}

/// Where an object lies in a pack.
#[derive(Clone)]
pub(super) struct Place {
    pack: Arc<Pack>,
    entry: Entry,
    /// Where it ends.
    end: u64,
}

/// An object as it lies in a pack.
pub(super) struct Link {
    pub id: ObjectId,
    /// How many bytes the stream inflates to.
    pub size: u64,
    pack: Arc<Pack>,
    /// Where that stream lies.
    stream: Range<u64>,
}

impl Link {
    /// How many bytes the stream has.
    pub(super) fn length(&self) -> u64 {
        self.stream.end.saturating_sub(self.stream.start)
    }

    /// The object or delta, deflated.
    pub(super) fn stream(&self) -> Result<Vec<u8>, Error> {
        let stream = self.pack.file().and_then(|file| file.bytes(self.stream.clone()));
        stream.ok_or_else(|| missing(&self.id.to_string(), "cannot be read any more"))
    }
}

/// How many bytes of objects are kept, those on the way to others included: as many as git keeps (`core.deltaBaseCacheLimit`).
const RECENT: usize = 96 << 20;
/// How many pack files are open at once. A process may have some hundreds of files, and gix needs none for what it reads.
const MOST_OPEN: usize = 100;
/// The longest chain of deltas that is taken over.
const DEEPEST: usize = 40;
/// To find where one object lies among the others costs as much as to deflate so many bytes.
const PER_OBJECT: u64 = 32;
/// No chain of git's gets so long.
const LONGEST_CHAIN: usize = 5_000;

impl Packs {
    /// Opens the indices of the packs in `objects`. What cannot be read is passed over; what was open `before`, and is still
    /// there, is not opened once more.
    pub(super) fn open(objects: &Path, hash: gix::hash::Kind, before: Option<&Packs>) -> Packs {
        let files = std::fs::read_dir(objects.join("pack")).into_iter().flatten().flatten().map(|file| file.path());
        let indices = files.filter(|path| path.extension() == Some(OsStr::new("idx")));
        let before = before.map_or(&[][..], |before| &before.packs);
        let packs = indices.filter_map(|index| {
            let path = index.with_extension("pack");
            if let Some(known) = before.iter().find(|pack| pack.path == path) {
                return Some(known.clone());
            }
            let index = index::File::at(&index, hash).ok()?;
            Some(Arc::new(Pack { index, path, hash, file: OnceLock::new(), order: OnceLock::new() }))
        });
        Packs { packs: packs.collect(), last: Cell::new(0), recent: RefCell::new(Recent::new(RECENT)) }
    }

    /// Whether an object is in one of the packs.
    pub(super) fn has(&self, id: &ObjectId) -> bool {
        self.place(id).is_some()
    }

    /// An object, if it is in one of the packs and nothing about it is unusual.
    pub(super) fn find(&self, id: &ObjectId) -> Option<Known> {
        let (number, offset) = self.place(id)?;
        self.read(number, offset)
    }

    /// How many bytes an object has, if it is in one of the packs and nothing about it is unusual.
    pub(super) fn size(&self, id: &ObjectId) -> Option<u64> {
        let (number, offset) = self.place(id)?;
        if let Some(known) = self.recent.borrow_mut().get(&(number, offset)) {
            return Some(known.bytes.len() as u64);
        }
        let file = self.file(number)?;
        let entry = file.entry(offset)?;
        if !entry.header.is_delta() {
            return Some(entry.decompressed_size);
        }
        // Both sizes stand at its beginning.
        let mut start = [0; 20];
        let length = file.beginning(&entry, &mut start)?;
        delta::size_of_new(start.get(..length)?)
    }

    /// In which pack an object is, and where it begins there.
    pub(super) fn place(&self, id: &ObjectId) -> Option<(usize, u64)> {
        let last = self.last.get();
        let mut order = (last..self.packs.len()).chain(0..last);
        let place = order.find_map(|number| Some((number, self.packs[number].offset(id)?)))?;
        self.last.set(place.0);
        Some(place)
    }

    /// The file of a pack, if it can be read and not too many of them are open.
    fn file(&self, number: usize) -> Option<&PackFile> {
        let pack = &self.packs[number];
        let are_many = || self.packs.iter().filter(|pack| pack.is_open()).count() >= MOST_OPEN;
        if !pack.is_open() && are_many() { None } else { pack.file() }
    }

    fn read(&self, number: usize, offset: u64) -> Option<Known> {
        let (pack, file) = (&self.packs[number], self.file(number)?);
        let mut recent = self.recent.borrow_mut();
        let (mut chain, mut at) = (Vec::new(), offset);
        let mut known = loop {
            if let Some(known) = recent.get(&(number, at)) {
                break known;
            }
            let entry = file.entry(at)?;
            let base = match &entry.header {
                Header::OfsDelta { base_distance } => entry.checked_base_pack_offset(*base_distance)?,
                Header::RefDelta { base_id } => pack.offset(base_id)?,
                whole => {
                    let (bytes, end) = file.inflated(&entry)?;
                    let (kind, bytes) = (whole.as_kind()?, Arc::new(bytes));
                    let known = Known { kind, bytes, place: Some(Place { pack: pack.clone(), entry, end }) };
                    recent.put((number, at), known.clone());
                    break known;
                }
            };
            chain.push((at, entry));
            if chain.len() > LONGEST_CHAIN {
                return None;
            }
            at = base;
        };
        while let Some((at, entry)) = chain.pop() {
            let (delta, end) = file.inflated(&entry)?;
            let bytes = Arc::new(delta::apply(&known.bytes, &delta)?);
            known = Known { kind: known.kind, bytes, place: Some(Place { pack: pack.clone(), entry, end }) };
            recent.put((number, at), known.clone());
        }
        Some(known)
    }
}

impl Place {
    /// The object `id`, which lies here, and before it those that it is a delta of, the whole one first. To find those takes a
    /// look at every object of the pack: `None` where that, or so long a chain, is not worth as many bytes to deflate.
    pub(super) fn chain(&self, id: ObjectId, worth: u64) -> Option<Vec<Link>> {
        let file = self.pack.file()?;
        let (mut links, mut next) = (Vec::new(), (id, self.entry.clone(), self.end));
        loop {
            let (id, entry, end) = next;
            if end <= entry.data_offset || end > file.end() {
                return None;
            }
            links.push(Link {
                id,
                size: entry.decompressed_size,
                pack: self.pack.clone(),
                stream: entry.data_offset..end,
            });
            let base = match &entry.header {
                Header::OfsDelta { base_distance } => entry.checked_base_pack_offset(*base_distance)?,
                Header::RefDelta { base_id } => self.pack.offset(base_id)?,
                _ => break,
            };
            if links.len() > DEEPEST || u64::from(self.pack.index.num_objects()) * PER_OBJECT > worth {
                return None;
            }
            let (id, end) = self.pack.at(base)?;
            next = (id, file.entry(base)?, end);
        }
        links.reverse();
        Some(links)
    }
}

impl Pack {
    fn offset(&self, id: &ObjectId) -> Option<u64> {
        self.index.lookup(id).map(|at| self.index.pack_offset_at_index(at))
    }

    /// Which object begins there, and where it ends.
    fn at(&self, offset: u64) -> Option<(ObjectId, u64)> {
        let order = self.order.get_or_init(|| {
            let all = 0..self.index.num_objects();
            let mut order: Vec<_> = all.map(|number| (self.index.pack_offset_at_index(number), number)).collect();
            order.sort_unstable();
            order
        });
        let place = order.binary_search_by_key(&offset, |(start, _)| *start).ok()?;
        let end = order.get(place + 1).map_or_else(|| self.file().map(PackFile::end), |next| Some(next.0));
        Some((self.index.oid_at_index(order[place].1).to_owned(), end?))
    }

    fn is_open(&self) -> bool {
        matches!(self.file.get(), Some(Some(_)))
    }

    fn file(&self) -> Option<&PackFile> {
        self.file.get_or_init(|| PackFile::open(&self.path, self.hash)).as_ref()
    }
}
