//! What was read or made last, up to a number of bytes.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

use super::packs::Place;
use super::{Kind, ObjectId};

/// An object's bytes, shared by whoever looks at them.
pub type Bytes = Arc<Vec<u8>>;

/// What is known of an object.
#[derive(Clone)]
pub(super) struct Known {
    pub kind: Kind,
    pub bytes: Bytes,
    /// Where it lies in a pack of the repository, if that is where it comes from.
    pub place: Option<Place>,
}

/// Objects by id or place, in two halves. What is asked for goes into the young half; when that is full it becomes the old
/// one, and what was not asked for since is forgotten. (An exact order of use costs more to keep than it saves.)
pub(super) struct Recent<K, S = RandomState> {
    young: HashMap<K, Known, S>,
    old: HashMap<K, Known, S>,
    young_bytes: usize,
    most: usize,
}

/// Objects by id, which is a hash already.
pub(super) type RecentObjects = Recent<ObjectId, gix::hashtable::hash::Builder>;

impl<K: Copy + Eq + Hash, S: BuildHasher + Default> Recent<K, S> {
    /// Holds up to `most` bytes of content.
    pub(super) fn new(most: usize) -> Recent<K, S> {
        Recent { young: HashMap::default(), old: HashMap::default(), young_bytes: 0, most }
    }

    pub(super) fn get(&mut self, key: &K) -> Option<Known> {
        if let Some(known) = self.young.get(key) {
            return Some(known.clone());
        }
        let known = self.old.remove(key)?;
        self.put(*key, known.clone());
        Some(known)
    }

    /// Forgets what is not expected to be asked for again.
    pub(super) fn remove(&mut self, key: &K) {
        match self.young.remove(key) {
            Some(known) => self.young_bytes -= known.bytes.len() + OVERHEAD,
            None => drop(self.old.remove(key)),
        }
    }

    pub(super) fn put(&mut self, key: K, known: Known) {
        // What an entry costs beside its content counts too: there may be very many small ones.
        let (half, cost) = (self.most / 2, known.bytes.len() + OVERHEAD);
        if cost > half {
            return;
        }
        if self.young_bytes + cost > half {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += cost;
        if let Some(before) = self.young.insert(key, known) {
            self.young_bytes -= before.bytes.len() + OVERHEAD;
        }
    }
}

/// Bytes that each entry takes beside the content, about.
const OVERHEAD: usize = 200;
