//! New objects that become visible together: as loose files while they are few, else as one pack.

use std::path::Path;
use std::sync::Arc;

use gix::hashtable::HashMap;

use super::database::Database;
use super::pack::{Finished, Item, Layout, PackReader, PackWriter};
use super::packs::Link;
use super::recent::{Bytes, RecentObjects};
use super::settings::Settings;
use super::{Error, Kind, ObjectId, delta, loose, objects::missing, pack_index};

/// Objects in the order in which they came. Those that deltas need and the repository has already are among them.
#[derive(Default)]
pub(super) struct Segment {
    members: Vec<Member>,
    /// Copies of objects of the repository, by id.
    taken: HashMap<ObjectId, u32>,
    stage: Stage,
    /// How many are new.
    count: usize,
    /// How many bytes are in memory.
    bytes: usize,
    /// Whether deltas alone are kept in memory, which then has room for more, and is no use for loose files.
    lean: bool,
}

struct Member {
    id: ObjectId,
    kind: Kind,
    /// How many deltas lead to it.
    depth: u8,
    is_new: bool,
    /// The number of the object that it is a delta of, or its own.
    base: u32,
    size: u64,
}

/// Where the bytes are.
enum Stage {
    Memory(Vec<Payload>),
    Written(Box<PackWriter>),
    Complete(Box<(PackReader, Layout)>),
}

enum Payload {
    New {
        bytes: Bytes,
        delta: Option<(u32, Vec<u8>)>,
    },
    /// Nothing but what makes it of another.
    Delta {
        base: u32,
        delta: Vec<u8>,
    },
    /// An object of the repository's, which is read once it goes to a pack.
    Taken {
        base: Option<u32>,
        link: Link,
    },
}

/// How long a chain of deltas may get: git's own default.
const DEEPEST: u8 = 50;

impl Segment {
    /// One for objects of which most will never be written.
    pub(super) fn lean() -> Segment {
        Segment { lean: true, ..Segment::default() }
    }

    /// How many objects are new, and how many bytes of them are in memory.
    pub(super) fn extent(&self) -> (usize, usize) {
        (self.count, self.bytes)
    }

    pub(super) fn is_in_memory(&self) -> bool {
        matches!(self.stage, Stage::Memory(_))
    }

    /// Adds a new object, perhaps as a delta of another of this segment; its number.
    pub(super) fn add(
        &mut self,
        id: ObjectId,
        kind: Kind,
        bytes: Bytes,
        delta: Option<(u32, Vec<u8>)>,
    ) -> Result<u32, Error> {
        let size = bytes.len() as u64;
        let base = delta.as_ref().map(|(base, _)| *base);
        self.bytes += delta.as_ref().map_or(0, |(_, delta)| delta.len());
        let payload = match delta {
            Some((base, delta)) if self.lean => Payload::Delta { base, delta },
            delta => {
                self.bytes += bytes.len();
                Payload::New { bytes, delta }
            }
        };
        self.store(payload, kind)?;
        self.count += 1;
        self.member(id, kind, base, true, size)
    }

    /// Takes an object of another pack over with all that it is a delta of, so that others can be deltas of it; its number.
    /// `None` when that is more than `most` bytes.
    pub(super) fn take(&mut self, kind: Kind, mut chain: Vec<Link>, most: u64) -> Result<Option<u32>, Error> {
        let known = chain.iter().rposition(|link| self.taken.contains_key(&link.id));
        let mut base = known.and_then(|last| self.taken(&chain[last].id));
        let rest = chain.split_off(known.map_or(0, |last| last + 1));
        if rest.iter().map(Link::length).sum::<u64>() > most {
            return Ok(None);
        }
        for link in rest {
            let (id, size) = (link.id, link.size);
            self.store(Payload::Taken { base, link }, kind)?;
            let number = self.member(id, kind, base, false, size)?;
            self.taken.insert(id, number);
            base = Some(number);
        }
        Ok(base)
    }

    /// The number of the copy that was taken of an object.
    pub(super) fn taken(&self, id: &ObjectId) -> Option<u32> {
        self.taken.get(id).copied()
    }

    /// Whether one more delta may build on this object.
    pub(super) fn may_be_base(&self, number: u32) -> bool {
        self.members.get(number as usize).is_some_and(|member| member.depth < DEEPEST)
    }

    pub(super) fn header(&self, number: u32) -> Option<(Kind, u64)> {
        self.members.get(number as usize).map(|member| (member.kind, member.size))
    }

    /// The bytes of an object, made from the deltas that lead to it where it is not in memory.
    pub(super) fn read(
        &mut self,
        number: u32,
        recent: &mut RecentObjects,
        repository: &Database,
    ) -> Result<(Kind, Bytes), Error> {
        let lost = || missing("in a new pack", "is not as it was written");
        let mut deltas = Vec::new();
        let mut at = number;
        let mut bytes = loop {
            let member = self.members.get(at as usize).ok_or_else(lost)?;
            if let Some(known) = recent.get(&member.id) {
                break known.bytes;
            }
            // What was taken over is kept at hand there, with what leads to it.
            if !member.is_new
                && let Some(known) = repository.find(&member.id)?
            {
                break known.bytes;
            }
            let base = member.base;
            let stored = match &mut self.stage {
                Stage::Memory(payloads) => match payloads.get(at as usize) {
                    Some(Payload::New { bytes, .. }) => break bytes.clone(),
                    Some(Payload::Delta { delta, .. }) => delta.clone(),
                    _ => return Err(lost()),
                },
                Stage::Written(writer) => writer.stored(at)?,
                Stage::Complete(pack) => {
                    let range = pack.1.range(at as usize).ok_or_else(lost)?;
                    pack.0.stored(range)?
                }
            };
            if base == at {
                break Arc::new(stored);
            }
            deltas.push(stored);
            at = base;
        };
        for delta in deltas.iter().rev() {
            bytes = Arc::new(delta::apply(&bytes, delta).ok_or_else(lost)?);
        }
        Ok((self.members[number as usize].kind, bytes))
    }

    /// Begins the pack in `folder`; what is in memory goes into it.
    pub(super) fn begin_pack(&mut self, folder: &Path, settings: &Settings) -> Result<(), Error> {
        let Stage::Memory(payloads) = &mut self.stage else { return Ok(()) };
        let payloads = std::mem::take(payloads);
        let writer = PackWriter::begin(folder, settings.pack_compression)?;
        self.stage = Stage::Written(Box::new(writer));
        self.bytes = 0;
        for (number, payload) in payloads.into_iter().enumerate() {
            let kind = self.members[number].kind;
            self.store(payload, kind)?;
        }
        Ok(())
    }

    /// The ids of what is new in it.
    pub(super) fn new_ids(&self) -> impl Iterator<Item = &ObjectId> {
        self.members.iter().filter(|member| member.is_new).map(|member| &member.id)
    }

    /// Writes what is in memory as loose objects below `objects`, those that it had before excepted.
    pub(super) fn write_loose(&self, objects: &Path, settings: &Settings, sync: bool) -> Result<(), Error> {
        let Stage::Memory(payloads) = &self.stage else { return Ok(()) };
        let mut writer = loose::Writer::new(objects, settings, sync);
        for (member, payload) in self.members.iter().zip(payloads) {
            if let Payload::New { bytes, .. } = payload {
                writer.write(&member.id, member.kind, bytes)?;
            }
        }
        Ok(())
    }

    /// Completes the pack: the file under its temporary name, and the bytes of its index. It can be read from all the same.
    pub(super) fn complete(
        &mut self,
        hash: gix::hash::Kind,
    ) -> Result<Option<(tempfile::NamedTempFile, String, Vec<u8>)>, Error> {
        let stage = std::mem::take(&mut self.stage);
        let Stage::Written(writer) = stage else {
            self.stage = stage;
            return Ok(None);
        };
        let Finished { temporary, reader, layout, checksum } = writer.finish(hash)?;
        let ids: Vec<&ObjectId> = self.members.iter().map(|member| &member.id).collect();
        let index = pack_index::encode(&ids, &layout, &checksum)?;
        self.stage = Stage::Complete(Box::new((reader, layout)));
        Ok(Some((temporary, format!("pack-{checksum}"), index)))
    }

    fn store(&mut self, payload: Payload, kind: Kind) -> Result<(), Error> {
        match (&mut self.stage, payload) {
            (Stage::Memory(payloads), payload) => payloads.push(payload),
            (
                Stage::Written(writer),
                Payload::New { delta: Some((base, delta)), .. } | Payload::Delta { base, delta },
            ) => {
                writer.push(Item::Delta { base, delta })?;
            }
            (Stage::Written(writer), Payload::New { bytes, .. }) => writer.push(Item::Whole { kind, bytes })?,
            (Stage::Written(writer), Payload::Taken { base, link }) => {
                writer.push(Item::Taken { kind, base, size: link.size, stream: link.stream()? })?;
            }
            (Stage::Complete(_), _) => return Err(missing("new pack", "is complete already")),
        }
        Ok(())
    }

    fn member(&mut self, id: ObjectId, kind: Kind, base: Option<u32>, is_new: bool, size: u64) -> Result<u32, Error> {
        let number = u32::try_from(self.members.len()).map_err(|_| missing("new pack", "has too many objects"))?;
        let depth = base.and_then(|base| self.members.get(base as usize)).map_or(0, |base| base.depth + 1);
        self.members.push(Member { id, kind, depth, is_new, base: base.unwrap_or(number), size });
        Ok(number)
    }
}

impl Default for Stage {
    fn default() -> Stage {
        Stage::Memory(Vec::new())
    }
}
