//! A pack that is written while its objects come, on a thread of its own: gitformat-pack(5).
//!
//! Objects are numbered in the order in which they come. Which of them are deltas of which is decided before
//! ([`NewObjects`](super::new_objects::NewObjects)); what the file is called in the end, and when it gets to the disk, after.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use gix::zlib::{Compression, Inflate};

use super::deflate::Deflater;
use super::object_files;
use super::objects::missing;
use super::recent::Bytes;
use super::{Error, Kind, ObjectId};

/// One object for a pack.
pub(super) enum Item {
    /// All of it.
    Whole { kind: Kind, bytes: Bytes },
    /// As a delta of the object of this number.
    Delta { base: u32, delta: Vec<u8> },
    /// As it lies deflated in another pack, perhaps as a delta of the object of this number.
    Taken { kind: Kind, base: Option<u32>, size: u64, stream: Vec<u8> },
}

/// Where the objects of a pack lie in it.
#[derive(Default)]
pub(super) struct Layout {
    /// Where each begins, in bytes from the start of the file.
    pub offsets: Vec<u64>,
    /// The CRC-32 of each.
    pub checks: Vec<u32>,
    /// Where the last one ends.
    pub end: u64,
    /// How many of them are in the file already.
    written: usize,
    /// Nothing more comes.
    over: bool,
}

/// A pack under way. The file is gone when dropped.
pub(super) struct PackWriter {
    temporary: tempfile::NamedTempFile,
    reader: PackReader,
    batch: Vec<Item>,
    batch_bytes: usize,
    /// How many objects went to the thread.
    handed_over: usize,
    progress: Arc<Progress>,
    thread: Thread,
}

/// The thread, and what brings it work. Without work it ends.
struct Thread {
    sender: Option<SyncSender<Vec<Item>>>,
    handle: Option<JoinHandle<std::io::Result<()>>>,
}

/// A pack that is complete but for its name.
pub(super) struct Finished {
    pub temporary: tempfile::NamedTempFile,
    pub reader: PackReader,
    pub layout: Layout,
    pub checksum: ObjectId,
}

/// Reads back what is in the file of a pack.
pub(super) struct PackReader {
    file: File,
    inflate: Inflate,
}

#[derive(Default)]
struct Progress {
    layout: Mutex<Layout>,
    grown: Condvar,
}

/// How many bytes go to the thread at once, and to the file.
const BATCH: usize = 256 << 10;
/// How many batches may wait for the thread.
const WAITING: usize = 8;
/// More bytes than this do not wait with others.
const LARGE: usize = 1 << 20;
/// `PACK`, version 2; then comes the number of objects.
pub(super) const HEADER: [u8; 12] = [b'P', b'A', b'C', b'K', 0, 0, 0, 2, 0, 0, 0, 0];
/// The types of entries that are deltas of an object at an offset before them.
const OFFSET_DELTA: u8 = 6;

impl PackWriter {
    /// Begins a pack in `folder`.
    pub(super) fn begin(folder: &Path, level: Compression) -> Result<PackWriter, Error> {
        let temporary = object_files::temporary(folder, "tmp_pack_")?;
        let failed = || Error::io("cannot write", temporary.path());
        let file = temporary.as_file().try_clone().map_err(failed())?;
        let reader = PackReader { file: temporary.reopen().map_err(failed())?, inflate: Inflate::default() };
        let (sender, receiver) = sync_channel(WAITING);
        let progress = Arc::new(Progress::default());
        let worker = Worker { file, receiver, progress: progress.clone(), deflater: Deflater::new(level) };
        let handle = std::thread::Builder::new().name("pack".into()).spawn(|| worker.run()).map_err(failed())?;
        let thread = Thread { sender: Some(sender), handle: Some(handle) };
        Ok(PackWriter { temporary, reader, batch: Vec::new(), batch_bytes: 0, handed_over: 0, progress, thread })
    }

    /// Takes the next object.
    pub(super) fn push(&mut self, item: Item) -> Result<(), Error> {
        self.batch_bytes += match &item {
            Item::Whole { bytes, .. } => bytes.len(),
            Item::Delta { delta, .. } => delta.len(),
            Item::Taken { stream, .. } => stream.len(),
        };
        self.batch.push(item);
        if self.batch_bytes >= BATCH { self.hand_over() } else { Ok(()) }
    }

    /// What is stored under a number: the object, or the delta that makes it.
    pub(super) fn stored(&mut self, number: u32) -> Result<Vec<u8>, Error> {
        self.hand_over()?;
        let number = number as usize;
        let range = self.when_written(number + 1).range(number);
        match range {
            Some(range) => self.reader.stored(range),
            None => Err(self.failure()),
        }
    }

    /// Writes what has come, and the checksum.
    pub(super) fn finish(mut self, hash: gix::hash::Kind) -> Result<Finished, Error> {
        self.hand_over()?;
        self.join()?;
        let mut layout = std::mem::take(&mut *self.layout());
        let checksum = self.seal(&mut layout, hash);
        let checksum = checksum.map_err(Error::io("cannot write", self.temporary.path()))?;
        Ok(Finished { temporary: self.temporary, reader: self.reader, layout, checksum })
    }

    /// The number of objects stands in front and is known last, so the whole file is read for its checksum.
    fn seal(&mut self, layout: &mut Layout, hash: gix::hash::Kind) -> std::io::Result<ObjectId> {
        let file = self.temporary.as_file_mut();
        let count = u32::try_from(layout.offsets.len()).map_err(std::io::Error::other)?;
        file.seek(SeekFrom::Start(8))?;
        file.write_all(&count.to_be_bytes())?;
        file.seek(SeekFrom::Start(0))?;
        let mut hasher = gix::hash::hasher(hash);
        let mut buffer = vec![0; BATCH];
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
        }
        let checksum = hasher.try_finalize().map_err(std::io::Error::other)?;
        file.write_all(checksum.as_slice())?;
        Ok(checksum)
    }

    fn hand_over(&mut self) -> Result<(), Error> {
        if self.batch.is_empty() {
            return Ok(());
        }
        if self.batch_bytes > LARGE {
            // No more than one such batch waits while another is deflated.
            drop(self.when_written(self.handed_over));
        }
        self.batch_bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        self.handed_over += batch.len();
        let sent = self.thread.sender.as_ref().map(|sender| sender.send(batch));
        if matches!(sent, Some(Ok(()))) { Ok(()) } else { Err(self.failure()) }
    }

    /// Waits until so many objects are in the file, or the thread has ended.
    fn when_written(&self, count: usize) -> MutexGuard<'_, Layout> {
        let waited = self.progress.grown.wait_while(self.layout(), |layout| !layout.over && layout.written < count);
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the thread ended.
    fn failure(&mut self) -> Error {
        self.join().err().unwrap_or_else(|| missing("new pack", "the thread that writes it has ended"))
    }

    fn join(&mut self) -> Result<(), Error> {
        self.thread.join().map_err(Error::io("cannot write", self.temporary.path()))
    }

    fn layout(&self) -> MutexGuard<'_, Layout> {
        self.progress.layout()
    }
}

impl Thread {
    fn join(&mut self) -> std::io::Result<()> {
        self.sender = None;
        match self.handle.take().map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            Some(Err(_)) => Err(std::io::Error::other("the thread that writes it panicked")),
            None => Err(std::io::Error::other("it could not be written before")),
        }
    }
}

impl Drop for Thread {
    /// It must not write into a file that is no more.
    fn drop(&mut self) {
        let _ = self.join();
    }
}

impl Layout {
    /// Where the bytes of an object lie in the file.
    pub(super) fn range(&self, number: usize) -> Option<(u64, u64)> {
        let start = *self.offsets.get(number)?;
        Some((start, self.offsets.get(number + 1).copied().unwrap_or(self.end)))
    }
}

impl PackReader {
    /// The bytes of an entry, inflated.
    pub(super) fn stored(&mut self, (start, end): (u64, u64)) -> Result<Vec<u8>, Error> {
        let damaged = |reason: String| missing("in a new pack", reason);
        let mut entry = vec![0; usize::try_from(end - start).map_err(|error| damaged(error.to_string()))?];
        let read = self.file.seek(SeekFrom::Start(start)).and_then(|_| self.file.read_exact(&mut entry));
        read.map_err(|error| damaged(error.to_string()))?;
        let (_, size, stream) = entry_parts(&entry).ok_or_else(|| damaged("is not as it was written".into()))?;
        let mut bytes = vec![0; usize::try_from(size).map_err(|error| damaged(error.to_string()))?];
        self.inflate.reset();
        let inflated = self.inflate.once(stream, &mut bytes).map_err(|error| damaged(error.to_string()))?;
        if inflated.2 == bytes.len() { Ok(bytes) } else { Err(damaged("is not as it was written".into())) }
    }
}

/// Type, size and zlib stream of an entry's bytes; the base of a delta by offset is passed over.
fn entry_parts(entry: &[u8]) -> Option<(u8, u64, &[u8])> {
    let (&first, mut rest) = entry.split_first()?;
    let (kind, mut size, mut shift, mut byte) = (first >> 4 & 7, u64::from(first & 15), 4, first);
    while byte & 0x80 != 0 {
        let (&next, after) = rest.split_first()?;
        (byte, rest) = (next, after);
        size |= u64::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
    }
    if kind == OFFSET_DELTA {
        let ends = rest.iter().position(|byte| byte & 0x80 == 0)?;
        rest = &rest[ends + 1..];
    }
    Some((kind, size, rest))
}

/// What the thread has.
struct Worker {
    file: File,
    receiver: Receiver<Vec<Item>>,
    progress: Arc<Progress>,
    deflater: Deflater,
}

impl Worker {
    fn run(mut self) -> std::io::Result<()> {
        let done = self.write_all();
        self.progress.layout().over = true;
        self.progress.grown.notify_all();
        done
    }

    fn write_all(&mut self) -> std::io::Result<()> {
        self.file.write_all(&HEADER)?;
        self.progress.layout().end = HEADER.len() as u64;
        let mut buffer = Vec::with_capacity(BATCH + BATCH / 4);
        while let Ok(batch) = self.receiver.recv() {
            for item in batch {
                self.entry(item, &mut buffer)?;
                if buffer.len() >= BATCH {
                    self.write(&mut buffer)?;
                }
            }
            self.write(&mut buffer)?;
        }
        Ok(())
    }

    /// Appends one entry to the buffer.
    fn entry(&mut self, item: Item, buffer: &mut Vec<u8>) -> std::io::Result<()> {
        let start = buffer.len();
        let at = self.progress.layout().end;
        match item {
            Item::Taken { kind, base, size, stream } => {
                let size = usize::try_from(size).map_err(std::io::Error::other)?;
                match base {
                    None => entry_header(number_of(kind), size, buffer),
                    Some(base) => self.delta_header(base, size, at, buffer)?,
                }
                buffer.extend_from_slice(&stream);
            }
            Item::Whole { kind, bytes } => {
                entry_header(number_of(kind), bytes.len(), buffer);
                self.deflater.deflate_small(&bytes, buffer).map_err(std::io::Error::other)?;
            }
            Item::Delta { base, delta } => {
                self.delta_header(base, delta.len(), at, buffer)?;
                self.deflater.deflate_small(&delta, buffer).map_err(std::io::Error::other)?;
            }
        }
        let mut layout = self.progress.layout();
        layout.offsets.push(at);
        layout.checks.push(crc32fast::hash(&buffer[start..]));
        layout.end = at + (buffer.len() - start) as u64;
        Ok(())
    }

    /// The head of a delta at an offset, and how far before it its base is.
    fn delta_header(&self, base: u32, size: usize, at: u64, buffer: &mut Vec<u8>) -> std::io::Result<()> {
        let base = self.progress.layout().offsets.get(base as usize).copied();
        let distance = base.and_then(|base| at.checked_sub(base));
        entry_header(OFFSET_DELTA, size, buffer);
        back_to(distance.ok_or_else(|| std::io::Error::other("a delta before its base"))?, buffer);
        Ok(())
    }

    fn write(&mut self, buffer: &mut Vec<u8>) -> std::io::Result<()> {
        self.file.write_all(buffer)?;
        buffer.clear();
        // What one large object needed is not kept for the rest.
        buffer.shrink_to(2 * BATCH);
        let mut layout = self.progress.layout();
        layout.written = layout.offsets.len();
        drop(layout);
        self.progress.grown.notify_all();
        Ok(())
    }
}

impl Progress {
    fn layout(&self) -> MutexGuard<'_, Layout> {
        self.layout.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The type of an entry that holds an object of this kind.
pub(super) fn number_of(kind: Kind) -> u8 {
    match kind {
        Kind::Commit => 1,
        Kind::Tree => 2,
        Kind::Blob => 3,
        Kind::Tag => 4,
    }
}

/// Type and size: four bits of the size in the first byte, seven in each that follows.
pub(super) fn entry_header(number: u8, size: usize, out: &mut Vec<u8>) {
    let mut rest = size >> 4;
    let mut byte = number << 4 | (size & 15) as u8;
    while rest > 0 {
        out.push(byte | 0x80);
        byte = (rest & 0x7f) as u8;
        rest >>= 7;
    }
    out.push(byte);
}

/// How far before the entry its base begins; the highest seven bits first, each that follow one less.
fn back_to(mut distance: u64, out: &mut Vec<u8>) {
    let mut bytes = [0; 10];
    let mut at = bytes.len() - 1;
    bytes[at] = (distance & 0x7f) as u8;
    while distance >= 0x80 {
        distance = (distance >> 7) - 1;
        at -= 1;
        bytes[at] = (distance & 0x7f) as u8 | 0x80;
    }
    out.extend_from_slice(&bytes[at..]);
}
