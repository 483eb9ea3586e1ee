//! Objects that are made here: in memory while they are few, then in a pack that nobody sees, in the end where they belong.

use std::path::{Path, PathBuf};

use gix::hashtable::HashMap;

use super::database::Database;
use super::object_files::{self, Durably};
use super::packs::Link;
use super::recent::{Bytes, RecentObjects};
use super::segment::Segment;
use super::settings::Settings;
use super::{Error, Kind, ObjectId, Repo};

/// New objects by id.
pub(super) struct NewObjects {
    repo: Repo,
    settings: Option<Settings>,
    /// Nothing is to be kept, so nothing is written while memory lasts.
    dry: bool,
    /// In which segment an object is, and its number there.
    places: HashMap<ObjectId, (u32, u32)>,
    /// All but the last are complete.
    segments: Vec<Segment>,
}

/// Up to this many objects become loose files.
const LOOSE: usize = 100;
/// Up to this many bytes stay in memory, and when nothing is to be kept.
const IN_MEMORY: usize = 8 << 20;
const IN_MEMORY_DRY: usize = 64 << 20;

impl NewObjects {
    pub(super) fn of(repo: &Repo) -> NewObjects {
        let segments = vec![Segment::default()];
        NewObjects { repo: repo.clone(), settings: None, dry: false, places: HashMap::default(), segments }
    }

    /// The ids of all of them.
    pub(super) fn ids(&self) -> impl Iterator<Item = &ObjectId> {
        self.places.keys()
    }

    /// From now on nothing is written for as long as memory lasts.
    pub(super) fn keep_nothing(&mut self) {
        self.dry = true;
        self.segments = vec![Segment::lean()];
    }

    /// Whether nothing is to be kept.
    pub(super) fn is_dry(&self) -> bool {
        self.dry
    }

    pub(super) fn has(&self, id: &ObjectId) -> bool {
        self.places.contains_key(id)
    }

    /// Whether an object of the repository is among those that new ones are deltas of.
    pub(super) fn has_taken(&self, id: &ObjectId) -> bool {
        self.current().taken(id).is_some()
    }

    pub(super) fn header(&self, id: &ObjectId) -> Option<(Kind, u64)> {
        let (segment, number) = *self.places.get(id)?;
        self.segments.get(segment as usize)?.header(number)
    }

    /// An object's kind and bytes. What it is a delta of may be in the repository.
    pub(super) fn read(
        &mut self,
        id: &ObjectId,
        recent: &mut RecentObjects,
        repository: &Database,
    ) -> Result<Option<(Kind, Bytes)>, Error> {
        let Some(&(segment, number)) = self.places.get(id) else { return Ok(None) };
        self.segments[segment as usize].read(number, recent, repository).map(Some)
    }

    /// The number under which a delta can name this object as its base; `Err` where there is a reason that it cannot.
    pub(super) fn base(&self, id: &ObjectId) -> Result<Option<u32>, ()> {
        let (segment, number) = match (self.current().taken(id), self.places.get(id)) {
            (Some(number), _) => (self.last(), number),
            (None, Some(&place)) => place,
            (None, None) => return Ok(None),
        };
        if segment == self.last() && self.current().may_be_base(number) { Ok(Some(number)) } else { Err(()) }
    }

    /// Takes an object of the repository over with all that it is a delta of; its number, if deltas can build on it.
    pub(super) fn take(&mut self, kind: Kind, chain: Vec<Link>, most: u64) -> Result<Option<u32>, Error> {
        self.current_mut().take(kind, chain, most)
    }

    /// Whether it is sure that there will be a pack.
    pub(super) fn is_packing(&self) -> bool {
        !self.current().is_in_memory()
    }

    pub(super) fn add(
        &mut self,
        id: ObjectId,
        kind: Kind,
        bytes: Bytes,
        delta: Option<(u32, Vec<u8>)>,
    ) -> Result<(), Error> {
        let segment = self.last();
        let number = self.current_mut().add(id, kind, bytes, delta)?;
        self.places.insert(id, (segment, number));
        let (count, bytes) = self.current().extent();
        let is_much = if self.dry { bytes > IN_MEMORY_DRY } else { count > LOOSE || bytes > IN_MEMORY };
        if is_much { self.begin_pack() } else { Ok(()) }
    }

    /// What is in memory goes to a pack, as does what is still to come.
    fn begin_pack(&mut self) -> Result<(), Error> {
        if !self.current().is_in_memory() {
            return Ok(());
        }
        let settings = self.settings()?;
        let folder = self.pack_folder(&settings)?;
        self.current_mut().begin_pack(&folder, &settings)
    }

    /// Makes all of them visible in the private git directory with these objects.
    pub(super) fn publish(&mut self, private: &Path) -> Result<(), Error> {
        self.write_to(private, Durably::No)
    }

    /// Makes what is nowhere visible yet visible in the repository.
    pub(super) fn keep(&mut self) -> Result<(), Error> {
        let objects = self.repo.objects.clone();
        self.write_to(&objects, Durably::AsConfigured)
    }

    /// The settings for object files, asked for when the first is written.
    pub(super) fn settings(&mut self) -> Result<Settings, Error> {
        if let Some(settings) = self.settings {
            return Ok(settings);
        }
        let settings = Settings::of(self.repo.settings()?);
        self.settings = Some(settings);
        Ok(settings)
    }

    fn write_to(&mut self, objects: &Path, durably: Durably) -> Result<(), Error> {
        if self.current().extent().0 == 0 {
            return Ok(());
        }
        // In a look ahead there may be more in memory than should become files, and less.
        if self.dry || self.current().extent().0 > LOOSE {
            self.begin_pack()?;
        }
        let settings = self.settings()?;
        let hash = self.repo.format.hash();
        if self.current().is_in_memory() {
            self.current().write_loose(objects, &settings, durably == Durably::AsConfigured && settings.sync_loose)?;
            // They are read like the others there from now on.
            if let Some(segment) = self.segments.pop() {
                for id in segment.new_ids() {
                    self.places.remove(id);
                }
            }
        } else if let Some((pack, name, index)) = self.current_mut().complete(hash)? {
            object_files::place_pack(pack, &objects.join("pack"), &name, &index, &settings, durably)?;
        }
        self.segments.push(if self.dry { Segment::lean() } else { Segment::default() });
        Ok(())
    }

    /// Where the pack is written: among the repository's own, under a name by which `git gc` takes it away after a crash.
    fn pack_folder(&self, settings: &Settings) -> Result<PathBuf, Error> {
        if self.dry {
            return Ok(std::env::temp_dir());
        }
        let folder = self.repo.objects.join("pack");
        object_files::make_folder(&folder, settings)?;
        Ok(folder)
    }

    fn last(&self) -> u32 {
        // A segment ends with a git command; there are never so many.
        u32::try_from(self.segments.len() - 1).unwrap_or(u32::MAX)
    }

    fn current(&self) -> &Segment {
        &self.segments[self.segments.len() - 1]
    }

    fn current_mut(&mut self) -> &mut Segment {
        let last = self.segments.len() - 1;
        &mut self.segments[last]
    }
}
