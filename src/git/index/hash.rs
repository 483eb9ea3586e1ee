//! Hashes of an index and of the trees that it holds.

use gix::ObjectId;
use sha1::Digest;

use crate::git::ObjectFormat;

/// The hash of an index or an object. Nothing that it names is taken from a stranger, so it looks for no collisions, and is
/// as fast as the processor's own instructions.
pub(super) enum Hasher {
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

impl Hasher {
    pub(super) fn new(format: ObjectFormat) -> Hasher {
        match format {
            ObjectFormat::Sha1 => Hasher::Sha1(sha1::Sha1::new()),
            ObjectFormat::Sha256 => Hasher::Sha256(sha2::Sha256::new()),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Sha256(hasher) => hasher.update(bytes),
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        match self {
            Hasher::Sha1(hasher) => hasher.finalize().to_vec(),
            Hasher::Sha256(hasher) => hasher.finalize().to_vec(),
        }
    }

    /// The id of an object, to be compared with an id that is known.
    pub(super) fn object(format: ObjectFormat, kind: &[u8], content: &[u8]) -> ObjectId {
        let mut hasher = Hasher::new(format);
        hasher.update(kind);
        hasher.update(format!(" {}\0", content.len()).as_bytes());
        hasher.update(content);
        ObjectId::from_bytes_or_panic(&hasher.finish())
    }
}
