//! The index of a pack, version 2: gitformat-pack(5), "pack-*.idx files have the following format".

use super::pack::Layout;
use super::{Error, ObjectId, objects::missing};

/// Offsets from here on have 64 bits.
const LARGE: u64 = 1 << 31;

/// The bytes of the index of a pack that holds these objects.
pub(super) fn encode(ids: &[&ObjectId], layout: &Layout, checksum: &ObjectId) -> Result<Vec<u8>, Error> {
    let mut order: Vec<usize> = (0..ids.len()).collect();
    order.sort_unstable_by_key(|&number| ids[number]);
    let mut bytes = b"\xfftOc\0\0\0\x02".to_vec();
    bytes.reserve(256 * 4 + ids.len() * (checksum.as_slice().len() + 8) + 64);
    let mut below = 0_usize;
    for first in 0..=u8::MAX {
        below += order[below..].iter().take_while(|&&number| ids[number].first_byte() == first).count();
        bytes.extend_from_slice(&number(below)?.to_be_bytes());
    }
    for &number in &order {
        bytes.extend_from_slice(ids[number].as_slice());
    }
    for &number in &order {
        bytes.extend_from_slice(&layout.checks[number].to_be_bytes());
    }
    let mut large: Vec<u64> = Vec::new();
    for offset in order.iter().map(|&number| layout.offsets[number]) {
        let short = match u32::try_from(offset) {
            Ok(offset) if u64::from(offset) < LARGE => offset,
            _ => {
                large.push(offset);
                number(large.len() - 1)? | 1 << 31
            }
        };
        bytes.extend_from_slice(&short.to_be_bytes());
    }
    for offset in large {
        bytes.extend_from_slice(&offset.to_be_bytes());
    }
    bytes.extend_from_slice(checksum.as_slice());
    let mut hasher = gix::hash::hasher(checksum.kind());
    hasher.update(&bytes);
    let own = hasher.try_finalize().map_err(|error| missing("new pack", error))?;
    bytes.extend_from_slice(own.as_slice());
    Ok(bytes)
}

fn number(count: usize) -> Result<u32, Error> {
    u32::try_from(count).map_err(|_| missing("new pack", "has more objects than a pack can hold"))
}
