//! A pack of blobs that is made in memory, each of them whole: gitformat-pack(5).
//!
//! What lies whole in a pack of the repository goes over as it is, deflated, as does what a pack like this had before; only the
//! rest is deflated here. Deltas are not looked for. (Packs that go to a file, and may be large, are
//! [`pack`](super::pack)'s.)

use std::collections::HashMap;

use gix::zlib::Compression;

use super::deflate::Deflater;
use super::pack::{HEADER, entry_header, number_of};
use super::recent::Known;
use super::{Error, Kind, ObjectId, objects::missing};

/// A pack of blobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlobPack {
    /// The bytes of the file.
    pub bytes: Vec<u8>,
    /// The id of each blob in hex and how many bytes it takes, in the order in which they lie there.
    pub entries: Vec<(String, usize)>,
}

impl BlobPack {
    /// What each of the blobs is in the pack.
    pub(super) fn parts(&self) -> HashMap<&str, &[u8]> {
        let mut rest = self.bytes.get(HEADER.len()..).unwrap_or_default();
        let mut parts = HashMap::with_capacity(self.entries.len());
        for (id, length) in &self.entries {
            let Some((part, after)) = rest.split_at_checked(*length) else { break };
            parts.insert(id.as_str(), part);
            rest = after;
        }
        parts
    }
}

/// A pack under way.
pub(super) struct BlobPacker {
    pack: BlobPack,
    deflater: Deflater,
}

impl BlobPacker {
    /// Begins a pack. It is made to travel: a little more effort than for a pack that git packs anew.
    pub(super) fn new() -> BlobPacker {
        let level = Compression::new(2).unwrap_or(Compression::BEST_SPEED);
        let pack = BlobPack { bytes: HEADER.to_vec(), entries: Vec::new() };
        BlobPacker { pack, deflater: Deflater::new(level) }
    }

    /// Takes a blob as it was in a pack before.
    pub(super) fn take(&mut self, id: &str, part: &[u8]) {
        self.pack.bytes.extend_from_slice(part);
        self.pack.entries.push((id.to_owned(), part.len()));
    }

    /// Takes the next blob.
    pub(super) fn push(&mut self, id: &ObjectId, blob: &Known) -> Result<(), Error> {
        let name = id.to_string();
        if blob.kind != Kind::Blob {
            return Err(missing(&name, format!("is a {}, not a blob", blob.kind)));
        }
        let bytes = &mut self.pack.bytes;
        let start = bytes.len();
        entry_header(number_of(Kind::Blob), blob.bytes.len(), bytes);
        // A chain of one link is an object that is no delta.
        let chain = blob.place.as_ref().and_then(|place| place.chain(*id, 0));
        match chain.as_deref() {
            Some([whole]) => bytes.extend(whole.stream()?),
            _ => self.deflater.deflate_small(&blob.bytes, bytes).map_err(|error| missing(&name, error))?,
        }
        let length = bytes.len() - start;
        self.pack.entries.push((name, length));
        Ok(())
    }

    /// The pack, with its number of objects and its checksum.
    pub(super) fn finish(mut self, hash: gix::hash::Kind) -> Result<BlobPack, Error> {
        let failed = |error: String| missing("new pack", error);
        let count = u32::try_from(self.pack.entries.len()).map_err(|error| failed(error.to_string()))?;
        let bytes = &mut self.pack.bytes;
        bytes[HEADER.len() - 4..HEADER.len()].copy_from_slice(&count.to_be_bytes());
        let mut hasher = gix::hash::hasher(hash);
        hasher.update(bytes);
        let checksum = hasher.try_finalize().map_err(|error| failed(error.to_string()))?;
        bytes.extend_from_slice(checksum.as_slice());
        Ok(self.pack)
    }
}
