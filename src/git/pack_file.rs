//! A pack file, of which no more is read than what is asked for: gitformat-pack(5).
//!
//! It is not mapped into memory. Of objects that lie far from each other a map costs the system many pages each, to be put
//! there and taken away again; and all of them count as memory that the program uses.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gix::odb::pack::data::{Entry, header};
use sirocco::Format;
use sirocco::inflate::Decoder;

use super::fill_at;

/// An open pack file.
pub(super) struct PackFile {
    file: File,
    hash: gix::hash::Kind,
    /// Where the objects end, in bytes from the start of the file; a checksum follows.
    end: u64,
    inflater: Mutex<Inflater>,
}

/// What reads objects, one after the other through the same memory.
struct Inflater {
    decoder: Box<Decoder>,
    /// The part of the file that was read last, and where it begins.
    piece: Vec<u8>,
    start: u64,
}

/// Bytes that are read of an object at first: most are no longer.
const FIRST: u64 = 2 << 10;
/// The longest of what stands before an object: its size, and what it is a delta of.
const LONGEST_HEAD: u64 = 64;
/// Bytes that are read at once of the rest of it.
const MORE: u64 = 64 << 10;
/// By how many bytes the stream of something short may be longer than what it holds.
const FRAME: u64 = 64;
/// Nothing that deflate packs gets larger by more than this.
const MOST_INFLATED: u64 = 1_100;

impl PackFile {
    /// Opens a pack file, if it is of a version that is known.
    pub(super) fn open(path: &Path, hash: gix::hash::Kind) -> Option<PackFile> {
        let file = File::open(path).ok()?;
        let end = file.metadata().ok()?.len().checked_sub(hash.len_in_bytes() as u64)?;
        let inflater = Inflater { decoder: Box::new(Decoder::new(Format::Zlib)), piece: Vec::new(), start: 0 };
        let pack = PackFile { file, hash, end, inflater: Mutex::new(inflater) };
        header::decode(pack.bytes(0..header::SIZE as u64)?.as_slice().try_into().ok()?).ok()?;
        Some(pack)
    }

    /// Where the last object ends, in bytes from the start of the file.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// What lies there.
    pub(super) fn bytes(&self, range: Range<u64>) -> Option<Vec<u8>> {
        let length = range.end.min(self.end).checked_sub(range.start)?;
        let mut bytes = Vec::new();
        read(&self.file, range.start, length, &mut bytes).ok()?;
        (range.end - range.start == bytes.len() as u64).then_some(bytes)
    }

    /// What the entry is that begins there.
    pub(super) fn entry(&self, at: u64) -> Option<Entry> {
        let mut inflater = self.inflater();
        let (_, piece) = inflater.piece(&self.file, at..self.end, LONGEST_HEAD, FIRST)?;
        Entry::from_bytes(piece, at, self.hash).ok()
    }

    /// The object or delta that an entry holds, and where the entry ends.
    pub(super) fn inflated(&self, entry: &Entry) -> Option<(Vec<u8>, u64)> {
        let rest = self.end.checked_sub(entry.data_offset)?;
        if entry.decompressed_size > rest.saturating_mul(MOST_INFLATED) {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(entry.decompressed_size).ok()?];
        let mut inflater = self.inflater();
        inflater.decoder.reset();
        let (mut at, mut filled) = (entry.data_offset, 0);
        loop {
            let most = (bytes.len() - filled) as u64 + FRAME;
            let (decoder, piece) = inflater.piece(&self.file, at..self.end, 1, most.min(MORE))?;
            // What is surely there to its end can be inflated a little faster.
            let is_whole = filled == 0 && piece.len() as u64 >= most;
            let progress = decoder.decompress(piece, &mut bytes, is_whole).ok()?;
            (at, filled) = (at + progress.consumed as u64, filled + progress.output.len());
            if progress.done {
                return (filled == bytes.len()).then_some((bytes, at));
            }
        }
    }

    /// Fills `bytes` with those that the object or delta of an entry begins with; how many there are.
    pub(super) fn beginning(&self, entry: &Entry, bytes: &mut [u8]) -> Option<usize> {
        let mut inflater = self.inflater();
        inflater.decoder.reset();
        let (decoder, piece) = inflater.piece(&self.file, entry.data_offset..self.end, FIRST, FIRST)?;
        Some(decoder.decompress(piece, bytes, false).ok()?.output.len())
    }

    fn inflater(&self) -> MutexGuard<'_, Inflater> {
        // What a thread that panicked left is as good as any: each object begins anew.
        self.inflater.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inflater {
    /// The decoder, and what it is to read: what `place` in the file begins with. Where less than `least` bytes of it are there,
    /// `most` are read. `None` when nothing is there.
    fn piece(&mut self, file: &File, place: Range<u64>, least: u64, most: u64) -> Option<(&mut Decoder, &[u8])> {
        let length = place.end.checked_sub(place.start)?;
        let known = self.start..self.start + self.piece.len() as u64;
        if !known.contains(&place.start) || known.end - place.start < least.min(length) {
            read(file, place.start, length.min(most), &mut self.piece).ok()?;
            self.start = place.start;
        }
        let behind = usize::try_from(place.start - self.start).ok()?;
        let piece = self.piece.get(behind..).filter(|piece| !piece.is_empty())?;
        Some((&mut self.decoder, piece))
    }
}

/// Reads up to so many bytes into `bytes`, in place of what is there.
fn read(file: &File, from: u64, most: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    bytes.resize(usize::try_from(most).map_err(io::Error::other)?, 0);
    match fill_at(file, bytes, from) {
        Ok(filled) => bytes.truncate(filled),
        Err(error) => {
            bytes.clear();
            return Err(error);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::git::blob_pack::BlobPacker;
    use crate::git::recent::Known;
    use crate::git::{Kind, ObjectId};

    /// Contents of lengths around those that are read at once: what packs well, what does not, and something of both.
    fn contents() -> Vec<Vec<u8>> {
        let mut random = fastrand::Rng::with_seed(11);
        let (first, more) = (FIRST as usize, MORE as usize);
        let borders = [0, 16, first, 3 * first, first + more, first + 2 * more];
        let lengths =
            borders.iter().flat_map(|at| (at.saturating_sub(80)..at + 20).step_by(7)).chain([5 * more, 1 << 20]);
        lengths
            .flat_map(|length| {
                let noise: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(length).collect();
                let text = b"one line after the other\n".iter().copied().cycle().take(length).collect();
                let both = noise.iter().map(|byte| byte & 15 | 64).collect();
                [noise, text, both]
            })
            .collect()
    }

    fn pack(contents: &[Vec<u8>]) -> (tempfile::NamedTempFile, Vec<u64>) {
        let mut packer = BlobPacker::new();
        let id = ObjectId::null(gix::hash::Kind::Sha1);
        for content in contents {
            let bytes = Arc::new(content.clone());
            packer.push(&id, &Known { kind: Kind::Blob, bytes, place: None }).unwrap();
        }
        let pack = packer.finish(gix::hash::Kind::Sha1).unwrap();
        let lengths = pack.entries.iter().map(|(_, length)| *length as u64);
        let starts = lengths.scan(header::SIZE as u64, |next, length| Some(std::mem::replace(next, *next + length)));
        let starts = starts.collect();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        io::Write::write_all(&mut file, &pack.bytes).unwrap();
        (file, starts)
    }

    fn open(file: &tempfile::NamedTempFile) -> Option<PackFile> {
        PackFile::open(file.path(), gix::hash::Kind::Sha1)
    }

    #[test]
    fn objects_of_all_lengths_are_read_in_any_order() {
        let contents = contents();
        let (file, starts) = pack(&contents);
        let pack = open(&file).unwrap();
        let mut order: Vec<usize> = (0..contents.len()).collect();
        for seed in 0..4 {
            for &number in &order {
                let entry = pack.entry(starts[number]).unwrap();
                let mut beginning = [0; 20];
                let length = pack.beginning(&entry, &mut beginning).unwrap();
                assert_eq!(beginning[..length], contents[number][..contents[number].len().min(20)]);
                let (bytes, end) = pack.inflated(&entry).unwrap();
                assert!(bytes == contents[number], "{number}");
                assert_eq!(end, starts.get(number + 1).copied().unwrap_or(pack.end()));
                let stored = pack.bytes(entry.data_offset..end).unwrap();
                assert_eq!(stored.len() as u64, end - entry.data_offset);
            }
            fastrand::Rng::with_seed(seed).shuffle(&mut order);
        }
        assert!(pack.entry(pack.end()).is_none());
        assert!(pack.bytes(0..pack.end() + 1).is_none());
    }

    #[test]
    fn what_is_cut_off_or_of_another_length_is_not_read() {
        let contents = contents();
        let (mut file, starts) = pack(&contents);
        let whole = std::fs::read(file.path()).unwrap();
        for (number, content) in contents.iter().enumerate().filter(|(number, _)| number % 5 == 0) {
            let pack = open(&file).unwrap();
            let entry = pack.entry(starts[number]).unwrap();
            for wrong in [content.len() as u64 + 1, (content.len() as u64).wrapping_sub(1), u64::MAX] {
                let entry = Entry { decompressed_size: wrong, ..entry.clone() };
                assert!(pack.inflated(&entry).is_none(), "{number} as {wrong}");
            }
            let end = pack.inflated(&entry).unwrap().1;
            // The checksum is as long as what is missing then.
            for cut in [1, (end - entry.data_offset) / 2, end - entry.data_offset] {
                file.as_file_mut().set_len(end - cut + 20).unwrap();
                let cut_off = open(&file).unwrap();
                assert!(
                    cut_off.entry(starts[number]).is_none_or(|entry| cut_off.inflated(&entry).is_none()),
                    "{number}"
                );
            }
            std::fs::write(file.path(), &whole).unwrap();
        }
        for length in [0, 11, 31] {
            file.as_file_mut().set_len(length).unwrap();
            assert!(open(&file).is_none());
        }
    }
}
