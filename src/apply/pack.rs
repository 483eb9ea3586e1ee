//! A git pack that comes from a sandbox: what it holds, and how large that gets.
//!
//! A kilobyte of it can inflate to a megabyte. One that git is to take is measured first, one object after another; whether their
//! contents are right is for git to see. A small one of nothing but files is taken apart here. The form is that of
//! gitformat-pack(5).

use std::collections::HashMap;
use std::io::{BufRead, ErrorKind, Read};

use gix::zlib::{Decompress, FlushDecompress, Status};

use crate::patch;

/// A commit, as a pack names its kind.
pub const COMMIT: u8 = 1;
/// A folder.
pub const TREE: u8 = 2;
/// A file.
pub const BLOB: u8 = 3;
/// A delta to an object of the same pack, some bytes before it.
pub const OFFSET_DELTA: u8 = 6;
/// A delta to an object that is named, perhaps one of another pack.
pub const NAMED_DELTA: u8 = 7;

/// What is wrong with a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// It is none, or it was cut.
    Damaged,
    /// It holds objects of another kind than it should.
    Foreign,
    /// All that it holds is larger than allowed.
    TooLarge,
}

/// Measures a pack whose named deltas have ids of `id_length` bytes. Only objects of these kinds may be in it, and all of
/// them together may have `most` bytes.
pub fn measure(pack: &mut impl BufRead, kinds: &[u8], id_length: u64, most: u64) -> Result<(), Flaw> {
    let mut total = 0_u64;
    for _ in 0..count(pack)? {
        let (kind, size) = object_header(pack)?;
        if !kinds.contains(&kind) {
            return Err(Flaw::Foreign);
        }
        match kind {
            OFFSET_DELTA => drop(varint(pack)?),
            NAMED_DELTA => skip(pack, id_length)?,
            _ => {}
        }
        total = total.saturating_add(size);
        if total > most {
            return Err(Flaw::TooLarge);
        }
        let start = inflate(pack, size, 32)?;
        if matches!(kind, OFFSET_DELTA | NAMED_DELTA) {
            // It says how long what it is made of is, then how long what it makes.
            let mut start = start.as_slice();
            varint(&mut start)?;
            total = total.saturating_add(varint(&mut start)?);
        }
        if total > most {
            return Err(Flaw::TooLarge);
        }
    }
    Ok(())
}

/// The files of a pack that holds nothing else, as themselves or as deltas to earlier ones. All of it together may have `most` bytes.
pub fn files(pack: &[u8], most: u64) -> Result<Vec<Vec<u8>>, Flaw> {
    let (mut rest, mut total) = (pack, 0_u64);
    let (mut files, mut places): (Vec<Vec<u8>>, HashMap<usize, usize>) = (Vec::new(), HashMap::new());
    let mut grow = |size: u64| {
        total = total.saturating_add(size);
        if total > most { Err(Flaw::TooLarge) } else { Ok(()) }
    };
    for number in 0..count(&mut rest)? {
        let place = pack.len() - rest.len();
        let (kind, size) = object_header(&mut rest)?;
        grow(size)?;
        let file = match kind {
            BLOB => inflate(&mut rest, size, usize::MAX)?,
            OFFSET_DELTA => {
                let before = usize::try_from(offset(&mut rest)?).map_err(|_| Flaw::Damaged)?;
                let base =
                    place.checked_sub(before).and_then(|base| files.get(*places.get(&base)?)).ok_or(Flaw::Damaged)?;
                let delta = inflate(&mut rest, size, usize::MAX)?;
                let mut start = delta.as_slice();
                varint(&mut start)?;
                grow(varint(&mut start)?)?;
                patch::apply_delta(&delta, base, most).map_err(|_| Flaw::Damaged)?
            }
            _ => return Err(Flaw::Foreign),
        };
        places.insert(place, number as usize);
        files.push(file);
    }
    Ok(files)
}

/// How many objects a pack says that it has.
fn count(pack: &mut impl Read) -> Result<u32, Flaw> {
    let mut head = [0; 12];
    pack.read_exact(&mut head).map_err(|_| Flaw::Damaged)?;
    let count = head[8..].iter().fold(0_u32, |count, byte| count << 8 | u32::from(*byte));
    if head.starts_with(b"PACK") { Ok(count) } else { Err(Flaw::Damaged) }
}

/// An object's kind and its size.
fn object_header(pack: &mut impl Read) -> Result<(u8, u64), Flaw> {
    let first = byte(pack)?;
    let (kind, low) = (first >> 4 & 7, u64::from(first & 0xf));
    if first & 0x80 == 0 {
        return Ok((kind, low));
    }
    Ok((kind, varint(pack)?.checked_mul(16).ok_or(Flaw::Damaged)? | low))
}

/// Seven bits a byte, the lowest first. (The offset of a delta is coded otherwise, but ends at the same byte.)
fn varint(from: &mut impl Read) -> Result<u64, Flaw> {
    let mut value = 0;
    for shift in (0..56).step_by(7) {
        let byte = byte(from)?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Flaw::Damaged)
}

/// How far before it what a delta is made of begins: seven bits a byte, the highest first, and one more for every further byte.
fn offset(from: &mut impl Read) -> Result<u64, Flaw> {
    let mut value = 0_u64;
    for _ in 0..8 {
        let byte = byte(from)?;
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
        value += 1;
    }
    Err(Flaw::Damaged)
}

fn byte(from: &mut impl Read) -> Result<u8, Flaw> {
    let mut byte = [0];
    from.read_exact(&mut byte).map_err(|_| Flaw::Damaged)?;
    Ok(byte[0])
}

fn skip(from: &mut impl Read, count: u64) -> Result<(), Flaw> {
    let skipped = std::io::copy(&mut from.take(count), &mut std::io::sink());
    if skipped.is_ok_and(|skipped| skipped == count) { Ok(()) } else { Err(Flaw::Damaged) }
}

/// The first bytes, `most` of them, of what inflates to exactly `size`.
fn inflate(pack: &mut impl BufRead, size: u64, most: usize) -> Result<Vec<u8>, Flaw> {
    let mut zlib = Decompress::new();
    let length = usize::try_from(size).unwrap_or(usize::MAX).saturating_add(1).min(64 * 1024);
    let (mut buffer, mut start) = (vec![0; length], Vec::new());
    loop {
        let input = match pack.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            input => input.map_err(|_| Flaw::Damaged)?,
        };
        let (before_in, before_out, at_end) = (zlib.total_in(), zlib.total_out(), input.is_empty());
        let status = zlib.decompress(input, &mut buffer, FlushDecompress::None).map_err(|_| Flaw::Damaged)?;
        let (used, made) = (zlib.total_in() - before_in, zlib.total_out() - before_out);
        pack.consume(usize::try_from(used).map_err(|_| Flaw::Damaged)?);
        let made_here = &buffer[..usize::try_from(made).map_err(|_| Flaw::Damaged)?];
        start.extend_from_slice(&made_here[..made_here.len().min(most - start.len())]);
        match status {
            _ if zlib.total_out() > size => return Err(Flaw::Damaged),
            Status::StreamEnd if zlib.total_out() == size => return Ok(start),
            Status::StreamEnd => return Err(Flaw::Damaged),
            _ if used + made == 0 || at_end && made == 0 => return Err(Flaw::Damaged),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn files_and_deltas_of_files_are_what_git_packed() {
        let folder = tempfile::tempdir().unwrap();
        let git = |args: &[&str], input: &[u8]| {
            let mut git = Command::new("git");
            git.args(args).current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut git = git.spawn().unwrap();
            git.stdin.take().unwrap().write_all(input).unwrap();
            git.wait_with_output().unwrap().stdout
        };
        git(&["init", "-q"], b"");
        let long: String = (0..9000).map(|number| format!("{}\n", number * number)).collect();
        let mut wanted: Vec<Vec<u8>> = vec![b"".to_vec(), b"short\n".to_vec(), long.clone().into()];
        wanted.extend((0..9).map(|number| format!("{number}{}{long}", &long[..number * 700]).into_bytes()));
        let ids: Vec<u8> = wanted.iter().flat_map(|file| git(&["hash-object", "-w", "--stdin"], file)).collect();
        let pack = git(&["pack-objects", "-q", "--stdout", "--delta-base-offset"], &ids);
        assert!(pack.len() < long.len(), "there are deltas in it");
        let mut found = files(&pack, 64 << 20).unwrap();
        found.sort();
        wanted.sort();
        assert!(found == wanted);
        assert_eq!(files(&pack, 100_000), Err(Flaw::TooLarge));
        for end in [11, 20, pack.len() / 2, pack.len() - 100] {
            assert_eq!(files(&pack[..end], 64 << 20), Err(Flaw::Damaged), "{end}");
        }
    }

    #[test]
    fn garbage_is_damaged_and_no_panic() {
        let check = |mut pack: &[u8]| measure(&mut pack, &[BLOB, OFFSET_DELTA], 20, 64 << 20);
        for pack in [&b""[..], b"PACK", b"PACK\0\0\0\x02\0\0\0\x01", b"PACK\0\0\0\x02\0\0\0\x01\x33x", &[0xff; 40]] {
            assert_eq!(check(pack), Err(Flaw::Damaged), "{pack:?}");
            assert_eq!(files(pack, 64 << 20), Err(Flaw::Damaged), "{pack:?}");
        }
        assert_eq!(check(b"PACK\0\0\0\x02\0\0\0\x01\x13x"), Err(Flaw::Foreign));
        assert_eq!(check(b"PACK\0\0\0\x02\0\0\0\x01\xb0\xff\xff\xff\x7f"), Err(Flaw::TooLarge));
    }
}
