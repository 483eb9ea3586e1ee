//! The objects that were read or made last, up to a number of bytes.

use std::sync::Arc;

use gix::hashtable::HashMap;

use super::{Kind, ObjectId};

/// An object's bytes, shared by whoever looks at them.
pub type Bytes = Arc<Vec<u8>>;

/// Objects by id, in two halves. What is asked for goes into the young half; when that is full it becomes the old one, and
/// what was not asked for since is forgotten. (An exact order of use costs more to keep than it saves.)
pub(super) struct Recent {
    young: HashMap<ObjectId, (Kind, Bytes)>,
    old: HashMap<ObjectId, (Kind, Bytes)>,
    young_bytes: usize,
    most: usize,
}

impl Recent {
    /// Holds up to `most` bytes of content.
    pub(super) fn new(most: usize) -> Recent {
        Recent { young: HashMap::default(), old: HashMap::default(), young_bytes: 0, most }
    }

    pub(super) fn get(&mut self, id: &ObjectId) -> Option<(Kind, Bytes)> {
        if let Some(found) = self.young.get(id) {
            return Some(found.clone());
        }
        let found = self.old.remove(id)?;
        self.put(*id, found.0, found.1.clone());
        Some(found)
    }

    pub(super) fn put(&mut self, id: ObjectId, kind: Kind, bytes: Bytes) {
        let half = self.most / 2;
        if bytes.len() > half {
            return;
        }
        if self.young_bytes + bytes.len() > half {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += bytes.len();
        if let Some((_, before)) = self.young.insert(id, (kind, bytes)) {
            self.young_bytes -= before.len();
        }
    }
}
