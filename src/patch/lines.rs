//! Lines of bytes from a stream, of which only a wanted part is ever held in memory.
//!
//! Knows nothing of diffs or mails; both readers count and locate their lines with it.

use std::io::{self, BufRead};

use bstr::{BStr, ByteSlice};

/// Reads lines one after another; a line that is longer than asked for is counted, and its rest thrown away.
pub(crate) struct Lines<R> {
    inner: R,
    kept: Vec<u8>,
    start: u64,
    end: u64,
    number: u64,
    terminated: bool,
    again: bool,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(inner: R) -> Self {
        Lines { inner, kept: Vec::new(), start: 0, end: 0, number: 0, terminated: false, again: false }
    }

    /// Goes to the next line and keeps its first `keep` bytes. `false` at the end of the stream.
    pub(crate) fn advance(&mut self, keep: usize) -> io::Result<bool> {
        if std::mem::take(&mut self.again) {
            return Ok(true);
        }
        self.kept.clear();
        self.start = self.end;
        self.terminated = false;
        while !self.terminated {
            let chunk = match self.inner.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                break;
            }
            let (line, used) = match chunk.find_byte(b'\n') {
                Some(at) => (&chunk[..at], at + 1),
                None => (chunk, chunk.len()),
            };
            self.terminated = used > line.len();
            let room = keep.saturating_sub(self.kept.len()).min(line.len());
            self.kept.extend_from_slice(&line[..room]);
            self.end += used as u64;
            self.inner.consume(used);
        }
        let any = self.end > self.start;
        self.number += u64::from(any);
        Ok(any)
    }

    /// Lets the next `advance` return the current line once more. Whoever does so has kept enough of it.
    pub(crate) fn again(&mut self) {
        self.again = true;
    }

    /// What was kept of the current line, without its newline.
    pub(crate) fn line(&self) -> &BStr {
        self.kept.as_bstr()
    }

    /// Where the current line starts, in bytes from the start of the stream.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// Where the current line ends, its newline included.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Where the next `advance` will start.
    pub(crate) fn position(&self) -> u64 {
        if self.again { self.start } else { self.end }
    }

    /// The number of the current line, the first being 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Whether the current line ends with a newline, and not with the stream.
    pub(crate) fn is_terminated(&self) -> bool {
        self.terminated
    }

    /// The length of the whole line in bytes, without its newline.
    pub(crate) fn length(&self) -> u64 {
        self.end - self.start - u64::from(self.terminated)
    }

    /// Whether `line` is the whole line.
    pub(crate) fn is_whole(&self) -> bool {
        self.length() == self.kept.len() as u64
    }
}
