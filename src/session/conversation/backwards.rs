//! Finds the rows of a file from its end, so that the last ones of a large conversation are there at once.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Where a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its first byte, from the start of the file.
    pub offset: u64,
    /// How many bytes it has, with its newline.
    pub length: u64,
    /// Whether a newline ends it.
    pub is_ended: bool,
}

/// The rows of a file, the last one first.
#[derive(Debug)]
pub struct Backwards<'f> {
    file: &'f File,
    /// Where the rows end that are still to come.
    end: u64,
    /// A part of the file, and where it starts.
    block: Vec<u8>,
    block_start: u64,
}

const BLOCK: u64 = 256 << 10;

impl<'f> Backwards<'f> {
    /// The rows of the first `length` bytes of `file`. The file's position moves.
    pub fn new(file: &'f File, length: u64) -> Backwards<'f> {
        Backwards { file, end: length, block: Vec::new(), block_start: length }
    }

    /// The last byte before `end`, and where the last newline before `end` is, if there is one.
    fn newline_before(&mut self, mut end: u64) -> io::Result<Option<u64>> {
        while end > 0 {
            if end <= self.block_start || self.block.is_empty() {
                self.load(end)?;
            }
            let known = usize::try_from(end - self.block_start).unwrap_or(usize::MAX).min(self.block.len());
            if let Some(at) = memchr::memrchr(b'\n', &self.block[..known]) {
                return Ok(Some(self.block_start + at as u64));
            }
            end = self.block_start;
        }
        Ok(None)
    }

    /// Reads the part of the file that ends at `end`.
    fn load(&mut self, end: u64) -> io::Result<()> {
        self.block_start = end.saturating_sub(BLOCK);
        self.block.resize(usize::try_from(end - self.block_start).unwrap_or_default(), 0);
        self.file.seek(SeekFrom::Start(self.block_start))?;
        self.file.read_exact(&mut self.block)
    }

    fn advance(&mut self) -> io::Result<Option<Span>> {
        let Some(last) = self.end.checked_sub(1) else { return Ok(None) };
        let is_ended = self.newline_before(self.end)? == Some(last);
        let before = if is_ended { self.newline_before(last)? } else { self.newline_before(self.end)? };
        let offset = before.map_or(0, |newline| newline + 1);
        let span = Span { offset, length: self.end - offset, is_ended };
        self.end = offset;
        Ok(Some(span))
    }
}

impl Iterator for Backwards<'_> {
    type Item = io::Result<Span>;

    fn next(&mut self) -> Option<io::Result<Span>> {
        let span = self.advance();
        if span.is_err() {
            self.end = 0;
        }
        span.transpose()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn spans(content: &[u8]) -> Vec<(u64, u64, bool)> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        let spans = Backwards::new(&file, content.len() as u64);
        spans.map(|span| span.map(|span| (span.offset, span.length, span.is_ended)).unwrap()).collect()
    }

    #[test]
    fn rows_come_from_the_last_to_the_first() {
        assert_eq!(spans(b""), []);
        assert_eq!(spans(b"\n"), [(0, 1, true)]);
        assert_eq!(spans(b"ab\n\ncd"), [(4, 2, false), (3, 1, true), (0, 3, true)]);
        let long = [vec![b'x'; 700_000], vec![b'\n'], vec![b'y'; 300_000], vec![b'\n']].concat();
        assert_eq!(spans(&long), [(700_001, 300_001, true), (0, 700_001, true)]);
    }
}
