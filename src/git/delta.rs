//! Deltas of git's packs: how to copy and insert one object's bytes together from another's.
//!
//! The format is that of gitformat-pack(5), "Deltified representation". Nothing is searched for here: whoever made the new
//! object knows what changed.

use std::ops::Range;

/// The delta from `base` to `new`, where `edits` says which bytes were replaced by which. `None` when that is not how the two
/// differ, or when the delta would not be worth it.
pub(super) fn encode(base: &[u8], new: &[u8], edits: &[(Range<usize>, Range<usize>)]) -> Option<Vec<u8>> {
    // Offsets in a delta have 32 bits.
    u32::try_from(base.len()).ok()?;
    let inserted: usize = edits.iter().map(|(_, range)| range.len()).sum();
    if inserted > new.len() / 2 {
        return None;
    }
    let mut delta = Vec::with_capacity(inserted + 16 + edits.len() * 12);
    size(base.len(), &mut delta);
    size(new.len(), &mut delta);
    let (mut old_at, mut new_at) = (0, 0);
    for (old_range, new_range) in edits {
        let kept = old_at..old_range.start;
        if base.get(kept.clone())? != new.get(new_at..new_range.start)? {
            return None;
        }
        copy(kept, &mut delta);
        insert(new.get(new_range.clone())?, &mut delta);
        (old_at, new_at) = (old_range.end, new_range.end);
    }
    if base.get(old_at..)? != new.get(new_at..)? {
        return None;
    }
    copy(old_at..base.len(), &mut delta);
    (delta.len() < new.len() / 4 * 3).then_some(delta)
}

/// What a delta makes of `base`; `None` when it is not one for it.
pub(super) fn apply(base: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
    let mut rest = delta;
    if read_size(&mut rest)? != base.len() {
        return None;
    }
    let length = read_size(&mut rest)?;
    let mut new = Vec::with_capacity(length.min(base.len() + delta.len()));
    while let Some(command) = take(&mut rest) {
        if command & 0x80 == 0 {
            let (inserted, after) = rest.split_at_checked(usize::from(command)).filter(|_| command > 0)?;
            new.extend_from_slice(inserted);
            rest = after;
        } else {
            let (mut from, mut count) = (0_usize, 0_usize);
            for byte in 0..4 {
                if command & 1 << byte != 0 {
                    from |= usize::from(take(&mut rest)?) << (8 * byte);
                }
            }
            for byte in 0..3 {
                if command & 0x10 << byte != 0 {
                    count |= usize::from(take(&mut rest)?) << (8 * byte);
                }
            }
            let count = if count == 0 { 0x10000 } else { count };
            new.extend_from_slice(base.get(from..from.checked_add(count)?)?);
        }
        if new.len() > length {
            return None;
        }
    }
    (new.len() == length).then_some(new)
}

/// The size of what a delta makes, from its first bytes.
pub(super) fn size_of_new(mut delta: &[u8]) -> Option<u64> {
    read_size(&mut delta)?;
    read_size(&mut delta).map(|size| size as u64)
}

/// Copies a range of the base, in pieces as large as one instruction takes.
fn copy(range: Range<usize>, delta: &mut Vec<u8>) {
    const MOST: usize = 0x00ff_ffff;
    let mut from = range.start;
    while from < range.end {
        let count = (range.end - from).min(MOST);
        let command = delta.len();
        delta.push(0x80);
        for (bit, byte) in from.to_le_bytes().into_iter().take(4).enumerate().filter(|(_, byte)| *byte != 0) {
            delta.push(byte);
            delta[command] |= 1 << bit;
        }
        // A count of 64 KiB is written as none at all.
        let bytes = if count == 0x10000 { [0; 8] } else { (count as u64).to_le_bytes() };
        for (bit, byte) in bytes.into_iter().take(3).enumerate().filter(|(_, byte)| *byte != 0) {
            delta.push(byte);
            delta[command] |= 0x10 << bit;
        }
        from += count;
    }
}

fn insert(bytes: &[u8], delta: &mut Vec<u8>) {
    for piece in bytes.chunks(0x7f) {
        delta.push(u8::try_from(piece.len()).unwrap_or(0x7f));
        delta.extend_from_slice(piece);
    }
}

fn size(mut size: usize, delta: &mut Vec<u8>) {
    while size >= 0x80 {
        delta.push((size & 0x7f) as u8 | 0x80);
        size >>= 7;
    }
    delta.push(size as u8);
}

fn read_size(bytes: &mut &[u8]) -> Option<usize> {
    let mut size = 0_u64;
    for shift in (0..63).step_by(7) {
        let byte = take(bytes)?;
        size |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return usize::try_from(size).ok();
        }
    }
    None
}

fn take(bytes: &mut &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*first)
}
