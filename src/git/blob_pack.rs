//! A pack of blobs that is made in memory, each of them whole: gitformat-pack(5).
//!
//! What lies whole in a pack of the repository goes over as it is, deflated; only the rest is deflated here. Deltas are not looked
//! for. (Packs that go to a file, and may be large, are [`pack`](super::pack)'s.)

use gix::zlib::Compression;

use super::deflate::Deflater;
use super::pack::{HEADER, entry_header, number_of};
use super::recent::Known;
use super::{Error, Kind, ObjectId, objects::missing};

/// A pack under way.
pub(super) struct BlobPack {
    bytes: Vec<u8>,
    count: u32,
    deflater: Deflater,
}

impl BlobPack {
    /// Begins a pack. It is made to travel: a little more effort than for a pack that git packs anew.
    pub(super) fn new() -> BlobPack {
        let level = Compression::new(2).unwrap_or(Compression::BEST_SPEED);
        BlobPack { bytes: HEADER.to_vec(), count: 0, deflater: Deflater::new(level) }
    }

    /// Takes the next blob.
    pub(super) fn push(&mut self, id: &ObjectId, blob: &Known) -> Result<(), Error> {
        if blob.kind != Kind::Blob {
            return Err(missing(&id.to_string(), format!("is a {}, not a blob", blob.kind)));
        }
        entry_header(number_of(Kind::Blob), blob.bytes.len(), &mut self.bytes);
        // A chain of one link is an object that is no delta.
        let chain = blob.place.as_ref().and_then(|place| place.chain(*id, 0));
        match chain.as_deref() {
            Some([whole]) => self.bytes.extend_from_slice(whole.stream),
            _ => {
                let deflated = self.deflater.deflate_small(&blob.bytes, &mut self.bytes);
                deflated.map_err(|error| missing(&id.to_string(), error))?;
            }
        }
        self.count += 1;
        Ok(())
    }

    /// The pack, with its number of objects and its checksum.
    pub(super) fn finish(mut self, hash: gix::hash::Kind) -> Result<Vec<u8>, Error> {
        self.bytes[HEADER.len() - 4..HEADER.len()].copy_from_slice(&self.count.to_be_bytes());
        let mut hasher = gix::hash::hasher(hash);
        hasher.update(&self.bytes);
        let checksum = hasher.try_finalize().map_err(|error| missing("new pack", error))?;
        self.bytes.extend_from_slice(checksum.as_slice());
        Ok(self.bytes)
    }
}
