//! The pack of preimages that a capture brings along, looked over before git unpacks it: what it holds and how large that gets.
//!
//! It comes from the sandbox, and a kilobyte of it can inflate to a megabyte. Objects are measured one after another and not
//! kept (gitformat-pack(5)); whether their contents are right is for git to see.

use super::{Error, Series};
use crate::git::Isolated;
use gix::zlib::{Decompress, FlushDecompress, Status};

/// What all objects may inflate to, in bytes: four times what a capture takes along.
const MOST: u64 = 64 << 20;

const BLOB: u8 = 3;
/// A delta to an object of the same pack, some bytes before it.
const OFFSET_DELTA: u8 = 6;

/// Takes the preimages that the capture brings along, if any, into the private directory.
pub fn unpack(isolated: &Isolated, series: &Series) -> Result<(), Error> {
    let Some(pack) = series.preimages() else { return Ok(()) };
    check(pack).map_err(|reason| Error::Objects { reason })?;
    Ok(isolated.git("unpack-objects").args(["-q", "--strict", "--max-input-size=33554432"]).input(pack).run()?)
}

/// Refuses a pack of anything but files, or of too much; the error says what is wrong.
fn check(pack: &[u8]) -> Result<(), &'static str> {
    const DAMAGED: &str = "is damaged";
    let (head, mut rest) = pack.split_at_checked(12).ok_or(DAMAGED)?;
    let count = head[8..].iter().fold(0_u32, |count, byte| count << 8 | u32::from(*byte));
    if !head.starts_with(b"PACK") {
        return Err(DAMAGED);
    }
    let mut total = 0_u64;
    for _ in 0..count {
        let (kind, size, after) = object_header(rest).ok_or(DAMAGED)?;
        rest = match kind {
            BLOB => after,
            OFFSET_DELTA => after.get(varint(after).ok_or(DAMAGED)?.1..).ok_or(DAMAGED)?,
            _ => return Err("holds more than files"),
        };
        total = total.saturating_add(size);
        if total > MOST {
            return Err(TOO_LARGE);
        }
        let (start, used) = inflate(rest, size).ok_or(DAMAGED)?;
        if kind == OFFSET_DELTA {
            let (_, first) = varint(&start).ok_or(DAMAGED)?;
            let (result, _) = varint(start.get(first..).unwrap_or_default()).ok_or(DAMAGED)?;
            total = total.saturating_add(result);
        }
        if total > MOST {
            return Err(TOO_LARGE);
        }
        rest = rest.get(used..).ok_or(DAMAGED)?;
    }
    Ok(())
}

const TOO_LARGE: &str = "inflates to more than 64 MiB";

/// An object's kind, its size, and what comes after its header.
fn object_header(bytes: &[u8]) -> Option<(u8, u64, &[u8])> {
    let first = *bytes.first()?;
    let (kind, low) = (first >> 4 & 7, u64::from(first & 0xf));
    if first & 0x80 == 0 {
        return Some((kind, low, &bytes[1..]));
    }
    let (high, used) = varint(&bytes[1..])?;
    Some((kind, high.checked_mul(16)? | low, bytes.get(1 + used..)?))
}

/// Seven bits a byte, the lowest first, and how many bytes that took. (The offset of a delta is coded otherwise, but ends at
/// the same byte.)
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let end = bytes.iter().position(|byte| byte & 0x80 == 0).filter(|end| *end < 8)?;
    Some((bytes[..=end].iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f)), end + 1))
}

/// The first bytes of what inflates to exactly `size`, and how many bytes it takes.
fn inflate(bytes: &[u8], size: u64) -> Option<(Vec<u8>, usize)> {
    let mut zlib = Decompress::new();
    let (mut buffer, mut start) = (vec![0; 64 * 1024], Vec::new());
    loop {
        let (before_in, before_out) = (zlib.total_in(), zlib.total_out());
        let input = bytes.get(usize::try_from(before_in).ok()?..)?;
        let status = zlib.decompress(input, &mut buffer, FlushDecompress::None).ok()?;
        if start.is_empty() {
            start = buffer[..usize::try_from(zlib.total_out()).ok()?.min(32)].to_vec();
        }
        if zlib.total_out() > size {
            return None;
        }
        match status {
            Status::StreamEnd if zlib.total_out() == size => {
                return Some((start, usize::try_from(zlib.total_in()).ok()?));
            }
            Status::StreamEnd => return None,
            _ if (zlib.total_in(), zlib.total_out()) == (before_in, before_out) => return None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_is_damaged_and_no_panic() {
        for pack in [&b""[..], b"PACK", b"PACK\0\0\0\x02\0\0\0\x01", b"PACK\0\0\0\x02\0\0\0\x01\x33x", &[0xff; 40]] {
            assert_eq!(check(pack), Err("is damaged"), "{pack:?}");
        }
        assert_eq!(check(b"PACK\0\0\0\x02\0\0\0\x01\x13x"), Err("holds more than files"));
        assert_eq!(check(b"PACK\0\0\0\x02\0\0\0\x01\xb0\xff\xff\xff\x7f"), Err("inflates to more than 64 MiB"));
    }
}
